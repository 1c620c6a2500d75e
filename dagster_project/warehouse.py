"""A connection to ClickHouse as the assets and checks use it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from mindbox_extract.settings import Settings


@contextmanager
def connected(settings: Settings) -> Iterator[Client]:
    """Connect as the user that loads and builds; moments come with their time zone.

    Raises:
        clickhouse_connect.driver.exceptions.ClickHouseError: the warehouse refuses.
    """
    client = clickhouse_connect.get_client(
        host=settings.clickhouse_host,
        port=settings.clickhouse_port,
        username=settings.clickhouse_user,
        password=settings.clickhouse_password.get_secret_value(),
        secure=settings.clickhouse_secure,
        tz_mode="aware",
    )
    with closing(client):
        yield client
