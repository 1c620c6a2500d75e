"""A warehouse for the models alone: raw rows are written by the tests."""

from collections.abc import Iterator

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from sandbox.clickhouse.process import ClickHouseProcess
from tests.dbt.build import Dbt
from tests.dbt.raw import create_raw


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseProcess]:
    with ClickHouseProcess(tmp_path_factory.mktemp("clickhouse")) as process:
        yield process


@pytest.fixture(scope="session")
def dbt(clickhouse: ClickHouseProcess, tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    return Dbt(clickhouse, tmp_path_factory.mktemp("dbt"))


@pytest.fixture
def raw(clickhouse: ClickHouseProcess) -> Iterator[Client]:
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
