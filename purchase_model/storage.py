"""Fits as tables of the warehouse: `raw.expected_orders` first, `raw.purchase_models` last.

dbt creates both tables (`dbt/macros/purchase_models.sql`) and shows the newest fit. A fit is known
by its moment. Its models are written at once and after all else, so a fit that dies is never seen.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
from clickhouse_connect.driver.client import Client

from purchase_model.fitting import Fit, PurchaseModel

PREDICTED_DAYS = 365
VALID_DAYS = 62
"""A fit speaks for so many days after its last: one monthly fit may fail, two may not."""
SPARE_ORDERS = 20
"""More repeat orders than anybody has, for those who make some before the next fit."""
MOST_REPEATS = 200
"""Whoever has more counts as having these: they are resellers and tests, and a large table."""
KEPT_FITS = 2
"""The newest may be in use while a newer one is written."""

_MODELS = "purchase_models"
_EXPECTED = "expected_orders"
_OLD = """
select distinct toUnixTimestamp64Milli(fitted_at)
from raw.expected_orders
where
    fitted_at not in (
        select distinct fitted_at
        from raw.purchase_models
        order by fitted_at desc
        limit {kept:UInt8}
    )
"""


def write(client: Client, fits: Sequence[Fit], *, fitted_at: datetime, fitted_till: date) -> None:
    """Write a fit and drop the tables of expected orders that nobody needs any more.

    Args:
        client: a connection that may write to `raw`.
        fits: of all brands.
        fitted_at: moment of the fit, with a time zone, later than those written before.
        fitted_till: the last day whose orders it knows.
    """
    for fit in fits:
        if isinstance(fit.found, PurchaseModel):
            _write_expected(client, fit, fit.found, fitted_at, fitted_till)
    _write_models(client, fits, fitted_at, fitted_till)
    _drop_old(client)


def _ranges(fit: Fit, fitted_till: date) -> tuple[int, int]:
    """The most repeat orders and the greatest age, in days, that expected orders are written of."""
    oldest = (fitted_till - fit.first_day).days + VALID_DAYS
    return min(fit.most_orders - 1 + SPARE_ORDERS, MOST_REPEATS), oldest


def _write_expected(
    client: Client, fit: Fit, model: PurchaseModel, fitted_at: datetime, fitted_till: date
) -> None:
    most_repeats, longest_age = _ranges(fit, fitted_till)
    ages = longest_age + 1
    repeats = np.repeat(np.arange(most_repeats + 1, dtype=np.float64), ages)
    age = np.tile(np.arange(ages, dtype=np.float64), most_repeats + 1)
    expected = model.orders.orders_if_alive(repeats, age, PREDICTED_DAYS)
    rows = pa.table(
        {
            "fitted_at": pa.repeat(pa.scalar(fitted_at, pa.timestamp("ms", "UTC")), len(age)),
            "brand": pa.repeat(fit.brand, len(age)),
            "repeats": pa.array(repeats).cast(pa.uint16()),
            "age_days": pa.array(age).cast(pa.uint16()),
            "orders_if_alive": pa.array(expected, pa.float64()),
        }
    )
    client.insert_arrow(_EXPECTED, rows, database="raw")


def _write_models(
    client: Client, fits: Sequence[Fit], fitted_at: datetime, fitted_till: date
) -> None:
    rows = []
    for fit in fits:
        most_repeats, longest_age = _ranges(fit, fitted_till)
        row = {
            "fitted_at": fitted_at,
            "fitted_till": fitted_till,
            "valid_till": fitted_till + timedelta(days=VALID_DAYS),
            "brand": fit.brand,
            "buyers": fit.buyers,
            "most_repeats": most_repeats,
            "longest_age": longest_age,
            "why_no_model": "",
        }
        if isinstance(fit.found, PurchaseModel):
            row |= {f"bg_nbd_{name}": value for name, value in vars(fit.found.orders).items()}
            row |= {f"gamma_gamma_{name}": value for name, value in vars(fit.found.values).items()}
            row["test_error"] = fit.found.test_error
        else:
            row["why_no_model"] = fit.found
        rows.append(row)
    columns = sorted({name for row in rows for name in row})
    client.insert(
        _MODELS,
        [[row.get(name) for name in columns] for row in rows],
        column_names=columns,
        database="raw",
    )


def _drop_old(client: Client) -> None:
    """Keep the expected orders of the newest fits; what a fit that died left goes as well."""
    old = client.query(_OLD, {"kept": KEPT_FITS}).result_rows
    for (partition,) in old:
        client.command(f"alter table raw.{_EXPECTED} drop partition {partition:d}")
