"""A real Superset on a real small warehouse, started once for all tests that need it."""

import atexit
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from subprocess import DEVNULL

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from sandbox.clickhouse.process import ClickHouseProcess
from sandbox.superset import (
    ROOT,
    begin_bootstrap,
    environment_of,
    finish_bootstrap,
    free_port,
    start_superset,
)
from superset_assets.client import SupersetClient
from superset_assets.files import AssetFiles
from superset_assets.manifest import Manifest
from superset_assets.permissions import apply_roles
from superset_assets.publish import push
from superset_assets.settings import ROOM, SupersetLogin, Warehouse
from superset_assets.sql_lab import connections, publish_connections
from tests.superset.marts import create_marts

# Far from the zone of any machine that runs the tests.
TIME_ZONE = "Asia/Kamchatka"
# What `running_stack` starts. Directories that use it close it when their session ends; a worker's
# own end, which nobody waits for, would be too late.
SERVICES = ExitStack()
atexit.register(SERVICES.close)


@dataclass(frozen=True)
class Stack:
    """The running services and who may log in to them.

    Attributes:
        environment: Superset's, secrets and its own database among it.
    """

    login: SupersetLogin
    demo: SupersetLogin
    warehouse: Warehouse
    clickhouse: Client
    client: SupersetClient
    environment: Mapping[str, str] = field(repr=False)


@cache
def manifest_path() -> Path:
    """dbt's manifest of this checkout, parsed afresh."""
    folder = tempfile.TemporaryDirectory(prefix="manifest-")
    atexit.register(folder.cleanup)
    target = Path(folder.name)
    variables = subprocess.run(
        [sys.executable, "-m", "mindbox_extract", "dbt-vars"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    subprocess.run(
        [
            *(str(Path(sys.executable).with_name("dbt")), "parse", "--no-partial-parse"),
            *("--project-dir", "dbt", "--profiles-dir", "dbt", "--vars", variables),
            *("--target-path", str(target), "--log-path", str(target)),
        ],
        cwd=ROOT,
        check=True,
        stdout=DEVNULL,
    )
    return target / "manifest.json"


@cache
def running_stack() -> Stack:
    """Start a warehouse of made-up marts and Superset on it; `SERVICES` end them."""
    folder = Path(SERVICES.enter_context(tempfile.TemporaryDirectory(prefix="boards-")))
    server = SERVICES.enter_context(ClickHouseProcess(folder / "clickhouse"))
    clickhouse = SERVICES.enter_context(
        closing(
            clickhouse_connect.get_client(
                host=server.host, port=server.port, username="etl", password=server.passwords["etl"]
            )
        )
    )

    def fill() -> None:
        create_marts(clickhouse, Manifest.read(manifest_path()))

    return stack_over(server, clickhouse, folder, SERVICES, meanwhile=fill)


def stack_over(
    server: ClickHouseProcess,
    clickhouse: Client,
    folder: Path,
    services: ExitStack,
    *,
    meanwhile: Callable[[], None] = lambda: None,
) -> Stack:
    """Start a Superset on a warehouse and publish the boards.

    Args:
        server: the running warehouse; its marts are there when `meanwhile` is over.
        clickhouse: a connection to it.
        folder: where Superset keeps its own database and its logs.
        services: ends Superset.
        meanwhile: what else is to be done while Superset prepares its own database.

    Raises:
        RuntimeError: Superset did not start; the text holds the end of its log.
    """
    environment, port = superset_environment(folder), free_port()
    bootstrap = begin_bootstrap(folder, environment)
    meanwhile()
    finish_bootstrap(bootstrap, folder)
    start_superset(services, folder, environment, port)

    url = f"http://127.0.0.1:{port}"
    login = SupersetLogin(url, "admin", environment["SUPERSET_ADMIN_PASSWORD"])
    demo = SupersetLogin(url, "demo", environment["SUPERSET_DEMO_PASSWORD"])
    warehouse = Warehouse(
        server.host, server.port, "superset", secure=False, password=server.passwords["superset"]
    )
    client = SupersetClient(login)
    push(client, AssetFiles(ROOM), warehouse)
    os.environ["SUPERSET_DEMO_PASSWORD"] = demo.password
    for connection in connections():
        os.environ[connection.password_from] = server.passwords[connection.user]
    left_out = publish_connections(client, warehouse)
    if left_out:
        raise RuntimeError("; ".join(left_out))
    apply_roles(client, ROOM / "roles", login)
    return Stack(login, demo, warehouse, clickhouse, client, environment)


def superset_environment(folder: Path) -> dict[str, str]:
    return {**environment_of(folder), "PROJECT_TIME_ZONE": TIME_ZONE}
