"""A warehouse for the models alone: raw rows are written by the tests."""

from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client

from sandbox.clickhouse.process import ClickHouseProcess
from tests.dbt.build import Dbt
from tests.dbt.raw import emptied


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
    with emptied(clickhouse) as client:
        yield client
