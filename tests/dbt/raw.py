"""Raw rows written by hand, the way the extractor would have left them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from mindbox_extract.datasets import DATASETS
from mindbox_extract.tables import create_raw_table, create_service_tables
from sandbox.clickhouse.process import ClickHouseProcess

Row = Mapping[str, Any]
LOADED_AT = datetime(2025, 6, 1, tzinfo=UTC)


@contextmanager
def emptied(clickhouse: ClickHouseProcess) -> Iterator[Client]:
    """A client of a warehouse whose raw tables are empty."""
    client = clickhouse_connect.get_client(
        host=clickhouse.host,
        port=clickhouse.port,
        username="etl",
        password=clickhouse.passwords["etl"],
    )
    create_raw(client)
    yield client
    client.close()


def create_raw(client: Client) -> None:
    """Create every raw table anew, empty."""
    client.command("DROP DATABASE IF EXISTS raw SYNC")
    for statement in (*create_service_tables(), *map(create_raw_table, DATASETS.values())):
        client.command(statement)


def insert(
    client: Client, dataset: str, rows: Iterable[Row], version: datetime = LOADED_AT
) -> None:
    """Append rows, each with any subset of the columns, as received at `version`."""
    loaded = [{"_version_at": version, "_extracted_at": version, **row} for row in rows]
    columns = sorted({column for row in loaded for column in row})
    assert all(set(row) == set(columns) for row in loaded), "rows of one insert are alike"
    client.insert(
        f"raw.{dataset}",
        [[row[column] for column in columns] for row in loaded],
        column_names=columns,
        settings={"max_partitions_per_insert_block": 0},
    )


def line(status: str, amount: float | Decimal, number: int = 1) -> tuple[Any, ...]:
    """An order line of a product that does not matter, without promotions."""
    return (str(number), number, "product", "Товар", 1, amount, amount, status, [])
