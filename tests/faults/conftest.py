"""The real wire: a Mindbox with faults to order, and a warehouse to watch."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from mindbox_extract.datasets import DATASETS
from mindbox_extract.load import LoadReport, load
from mindbox_extract.project import Project
from mindbox_extract.settings import PROJECT_FILE, Settings
from mindbox_extract.spec import Kind
from mindbox_extract.status import fingerprint_of
from mindbox_extract.warehouse import Fingerprint
from mindbox_extract.window import Window
from sandbox.clickhouse.process import ClickHouseProcess
from sandbox.mindbox.process import MindboxProcess, Serving
from sandbox.mindbox.world import WorldSettings

UNTIL = datetime(2024, 6, 1, tzinfo=UTC)
MAY = Window(datetime(2024, 5, 1, tzinfo=UTC), UNTIL)
WEEK = Window(datetime(2024, 5, 6, tzinfo=UTC), datetime(2024, 5, 13, tzinfo=UTC))
SECRET = "a secret of the tests, long enough"


def days_of(window: Window) -> list[Window]:
    return list(window.pieces(1))


@pytest.fixture(scope="session")
def mindbox() -> Iterator[MindboxProcess]:
    # Small parts, so that a week has several.
    world = WorldSettings(customers=300, months=3, seed=7, until=UNTIL, canaries=True)
    with MindboxProcess(world, serving=Serving(part_rows=150)) as process:
        yield process


@pytest.fixture(autouse=True)
def no_faults(mindbox: MindboxProcess) -> Iterator[None]:
    yield
    mindbox.set_faults()


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseProcess]:
    with ClickHouseProcess(tmp_path_factory.mktemp("clickhouse")) as process:
        yield process


@pytest.fixture(scope="session")
def settings(mindbox: MindboxProcess, clickhouse: ClickHouseProcess) -> Settings:
    return Settings(
        clickhouse_host=clickhouse.host,
        clickhouse_port=clickhouse.port,
        clickhouse_user="etl",
        clickhouse_password=clickhouse.passwords["etl"],
        mindbox_url=mindbox.url,
        mindbox_endpoint_id=mindbox.endpoint_id,
        mindbox_secret_key=mindbox.secret_key,
        mindbox_file_hosts="127.0.0.1",
        customer_key_secret=SECRET,
    )


@pytest.fixture(scope="session")
def project() -> Project:
    """The shipped project file, less patient."""
    shipped = Project.read(PROJECT_FILE)
    polling = {"first_wait_seconds": 0.05, "longest_wait_seconds": 0.2, "give_up_after_seconds": 3}
    transport = {"retries": 3, "backoff_seconds": 0.01, "longest_retry_after_seconds": 1}
    return shipped.model_copy(
        update={
            "polling": shipped.polling.model_copy(update=polling),
            "transport": shipped.transport.model_copy(update=transport),
        }
    )


@pytest.fixture
def warehouse(settings: Settings) -> Iterator[Client]:
    """An empty warehouse."""
    client = clickhouse_connect.get_client(
        host=settings.clickhouse_host,
        port=settings.clickhouse_port,
        username=settings.clickhouse_user,
        password=settings.clickhouse_password.get_secret_value(),
    )
    for database in ("raw", "raw_stage"):
        client.command(f"DROP DATABASE IF EXISTS {database} SYNC")
    yield client
    client.close()


Load = Callable[..., LoadReport]


@pytest.fixture
def run(settings: Settings, project: Project, warehouse: Client) -> Load:
    """`load` with the settings of the tests; keywords override them."""

    def loaded(dataset: str, window: Window, **changes: object) -> LoadReport:
        arguments = {"settings": settings, "project": project, **changes}
        return load(dataset, window, **arguments)  # type: ignore[arg-type]

    return loaded


@pytest.fixture
def fingerprint(settings: Settings) -> Callable[[str], Fingerprint]:
    return lambda dataset: fingerprint_of(dataset, settings)


@pytest.fixture
def stages(warehouse: Client) -> Callable[[], list[str]]:
    """Names of the stage tables that are there."""
    query = "SELECT name FROM system.tables WHERE database = 'raw_stage'"
    return lambda: [name for (name,) in warehouse.query(query).result_rows]


def clock_of(dataset: str) -> dict[str, Callable[[], datetime]]:
    """Keywords that keep a report's loads on one day, whenever the tests run."""
    if DATASETS[dataset].kind is Kind.SNAPSHOT:
        return {"clock": lambda: UNTIL + timedelta(hours=12)}
    return {}


ALL = sorted(DATASETS)
