"""One fit from the orders that are loaded to the tables that the marts show."""

from datetime import datetime

from clickhouse_connect.driver.client import Client

from purchase_model.fitting import Fit, fits
from purchase_model.histories import last_day
from purchase_model.storage import write


def run(client: Client, *, now: datetime) -> list[Fit]:
    """Fit the models of all brands by everything that is loaded, and write them.

    Args:
        client: a connection that may read the marts and write to `raw`.
        now: moment of the fit, with a time zone.

    Returns:
        What came of each brand; nothing, and nothing is written, where nobody ever bought.
    """
    day = last_day(client)
    found = list(fits(client, day))
    if found:
        write(client, found, fitted_at=now, fitted_till=day)
    return found
