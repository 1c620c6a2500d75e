"""A real Superset on a real small warehouse, started once for all tests that need it."""

import atexit
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from socket import socket
from subprocess import DEVNULL, STDOUT

import clickhouse_connect
import requests
from clickhouse_connect.driver.client import Client

from sandbox.clickhouse.process import ClickHouseProcess
from superset_assets.client import SupersetClient
from superset_assets.files import AssetFiles
from superset_assets.manifest import Manifest
from superset_assets.permissions import apply_roles
from superset_assets.publish import push
from superset_assets.settings import ROOM, SupersetLogin, Warehouse
from superset_assets.sql_lab import connections, publish_connections
from tests.superset.marts import create_marts

ROOT = ROOM.parent
SUPERSET_BIN = ROOT / ".venv" / "superset" / "bin"
START_SECONDS = 240
# Far from the zone of any machine that runs the tests.
TIME_ZONE = "Asia/Kamchatka"
# What `running_stack` starts. Directories that use it close it when their session ends; a worker's
# own end, which nobody waits for, would be too late.
SERVICES = ExitStack()
atexit.register(SERVICES.close)


@dataclass(frozen=True)
class Stack:
    """The running services and who may log in to them."""

    login: SupersetLogin
    demo: SupersetLogin
    warehouse: Warehouse
    clickhouse: Client
    client: SupersetClient


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
    return Stack(login, demo, warehouse, clickhouse, client)


def begin_bootstrap(folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Prepare Superset's own database, in the background."""
    return subprocess.Popen(
        [SUPERSET_BIN / "python", "-m", "superset_assets.bootstrap"],
        cwd=ROOT,
        env=environment,
        stdout=(folder / "bootstrap.log").open("wb"),
        stderr=STDOUT,
    )


def finish_bootstrap(bootstrap: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait until the database is prepared; a failure shows why."""
    if bootstrap.wait():
        raise RuntimeError((folder / "bootstrap.log").read_text(encoding="utf-8")[-4000:])


def superset_environment(folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SUPERSET_HOME": str(folder / "superset"),
        "SUPERSET_SECRET_KEY": secrets.token_urlsafe(32),
        "SUPERSET_ADMIN_PASSWORD": secrets.token_urlsafe(16),
        "SUPERSET_DEMO_PASSWORD": secrets.token_urlsafe(16),
        "SUPERSET_CONFIG_PATH": str(ROOM / "superset_config.py"),
        "PROJECT_TIME_ZONE": TIME_ZONE,
    }


def start_superset(
    services: ExitStack, folder: Path, environment: Mapping[str, str], port: int
) -> None:
    log = folder / "superset.log"
    process = subprocess.Popen(
        [
            *(SUPERSET_BIN / "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1"),
            *("--threads", "8", "--worker-class", "gthread", "--timeout", "120"),
            "superset.app:create_app()",
        ],
        cwd=ROOT,
        env=environment,
        stdout=log.open("wb"),
        stderr=STDOUT,
    )
    services.callback(process.wait)
    services.callback(process.terminate)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(f"http://127.0.0.1:{port}/health", timeout=30).ok:
                return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.3)
    raise RuntimeError(f"Superset did not start: {log.read_text(encoding='utf-8')[-4000:]}")


def free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
