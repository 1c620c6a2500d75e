"""Dagster on real parts: a Mindbox with faults to order, a warehouse, an instance of its own."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client
from dagster import AssetKey, DagsterInstance, ExecuteInProcessResult

from dagster_project.definitions import definitions
from dagster_project.jobs import LOADED_KEYS, day_range, load_job
from sandbox.clickhouse.process import ClickHouseProcess
from sandbox.mindbox.process import MindboxProcess
from sandbox.mindbox.world import WorldSettings

UNTIL = datetime(2024, 6, 1, tzinfo=UTC)
FIRST_DAY, LAST_DAY = "2024-05-28", "2024-05-31"

Load = Callable[..., ExecuteInProcessResult]


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseProcess]:
    with ClickHouseProcess(tmp_path_factory.mktemp("clickhouse")) as process:
        yield process


@pytest.fixture(scope="session")
def mindbox() -> Iterator[MindboxProcess]:
    with MindboxProcess(WorldSettings(customers=100, months=1, until=UNTIL)) as process:
        yield process


@pytest.fixture
def warehouse(clickhouse: ClickHouseProcess) -> Iterator[Client]:
    """An empty warehouse."""
    client = clickhouse_connect.get_client(
        host=clickhouse.host,
        port=clickhouse.port,
        username="etl",
        password=clickhouse.passwords["etl"],
    )
    with closing(client):
        for database in ("raw", "raw_stage", "staging", "intermediate", "marts"):
            client.command(f"drop database if exists {database} sync")
        yield client


@pytest.fixture
def surroundings(
    warehouse: Client,
    clickhouse: ClickHouseProcess,
    mindbox: MindboxProcess,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[MindboxProcess]:
    """The environment of a run: the empty warehouse, and Mindbox with no fault."""
    settings = {
        "CLICKHOUSE_HOST": clickhouse.host,
        "CLICKHOUSE_PORT": str(clickhouse.port),
        "CLICKHOUSE_USER": "etl",
        "CLICKHOUSE_PASSWORD": clickhouse.passwords["etl"],
        "MINDBOX_URL": mindbox.url,
        "MINDBOX_ENDPOINT_ID": mindbox.endpoint_id,
        "MINDBOX_SECRET_KEY": mindbox.secret_key,
        "MINDBOX_FILE_HOSTS": "127.0.0.1",
        "MINDBOX_CUSTOMER_KEY_SECRET": "a secret of the tests, long enough",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "dagster"
    folder.mkdir()
    for name in ("DAGSTER_HOME", "DBT_TARGET_PATH", "DBT_LOG_PATH"):
        monkeypatch.setenv(name, str(folder))
    yield mindbox
    mindbox.set_faults()


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def load(surroundings: MindboxProcess, instance: DagsterInstance) -> Load:
    """Run the load job over a few days, in this process."""

    def run(*datasets: str) -> ExecuteInProcessResult:
        chosen = {AssetKey(["raw", name]) for name in datasets} or set(LOADED_KEYS)
        job = definitions.resolve_job_def(load_job.name)
        return job.get_subset(
            asset_selection=chosen, asset_check_selection=set()
        ).execute_in_process(
            instance=instance, tags=day_range(FIRST_DAY, LAST_DAY), raise_on_error=False
        )

    return run
