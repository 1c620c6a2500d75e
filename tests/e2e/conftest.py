"""The whole chain in its real parts, each in a process of its own, run by Dagster's jobs."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from sandbox.clickhouse.process import ClickHouseProcess
from sandbox.mindbox.process import MindboxProcess
from sandbox.stack.dagster_home import home_environment, prepare_home
from sandbox.superset import begin_bootstrap, finish_bootstrap, free_port, start_superset
from superset_assets.client import SupersetClient
from superset_assets.settings import SupersetLogin
from tests.superset.stack import superset_environment

ROOT = Path(__file__).resolve().parents[2]
RUN_SECONDS = 400


@dataclass(frozen=True)
class Chain:
    """A chain that has run once.

    Attributes:
        folders: where every store, log and temporary file of the run lies.
        warehouse: the warehouse, with all rights.
        superset: as the administrator.
    """

    folders: tuple[Path, ...]
    warehouse: Client
    superset: SupersetClient


@dataclass(frozen=True)
class Superset:
    """A running Superset with nothing in it yet."""

    folder: Path
    environment: Mapping[str, str]
    login: SupersetLogin


RunChain = Callable[..., "Chain"]


@pytest.fixture(scope="session")
def superset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Superset]:
    folder = tmp_path_factory.mktemp("superset")
    environment, port = superset_environment(folder), free_port()
    with ExitStack() as services:
        finish_bootstrap(begin_bootstrap(folder, environment), folder)
        start_superset(services, folder, environment, port)
        password = environment["SUPERSET_ADMIN_PASSWORD"]
        login = SupersetLogin(f"http://127.0.0.1:{port}", "admin", password)
        yield Superset(folder, environment, login)


@pytest.fixture(scope="session")
def run_chain(superset: Superset, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunChain]:
    """Load a range of days of a Mindbox into a new warehouse, and build on them."""
    with ExitStack() as services:

        def run(name: str, mindbox: MindboxProcess, first: date, last: date) -> Chain:
            folder = tmp_path_factory.mktemp(name)
            dagster = Path(services.enter_context(memory_folder(name)))
            prepare_home(dagster)
            clickhouse = services.enter_context(ClickHouseProcess(folder / "clickhouse"))
            environment = {
                **chain_environment(folder, clickhouse, mindbox, superset, first),
                **home_environment(dagster),
            }
            days = {
                "dagster/asset_partition_range_start": first.isoformat(),
                "dagster/asset_partition_range_end": last.isoformat(),
            }
            run_job("load", days, environment, folder)
            run_job("build", {}, environment, folder)
            return Chain(
                (folder, dagster),
                services.enter_context(closing(connect(clickhouse))),
                SupersetClient(superset.login),
            )

        yield run


def memory_folder(name: str) -> tempfile.TemporaryDirectory[str]:
    """A folder that needs no disk: Dagster's store waits for the disk several times per event."""
    in_memory = Path("/dev/shm")  # noqa: S108 (a folder of our own in it)
    return tempfile.TemporaryDirectory(
        prefix=f"dagster-{name}-", dir=in_memory if os.access(in_memory, os.W_OK) else None
    )


def connect(clickhouse: ClickHouseProcess) -> Client:
    return clickhouse_connect.get_client(
        host=clickhouse.host,
        port=clickhouse.port,
        username="etl",
        password=clickhouse.passwords["etl"],
    )


def chain_environment(
    folder: Path,
    clickhouse: ClickHouseProcess,
    mindbox: MindboxProcess,
    superset: Superset,
    first: date,
) -> dict[str, str]:
    (folder / "tmp").mkdir()
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(folder / "tmp"),
        "DBT_TARGET_PATH": str(folder / "dbt"),
        "DBT_LOG_PATH": str(folder / "dbt"),
        "HISTORY_START": first.isoformat(),
        "CLICKHOUSE_HOST": clickhouse.host,
        "CLICKHOUSE_PORT": str(clickhouse.port),
        "CLICKHOUSE_USER": "etl",
        "CLICKHOUSE_PASSWORD": clickhouse.passwords["etl"],
        "CLICKHOUSE_READER_USER": "superset",
        "CLICKHOUSE_READER_PASSWORD": clickhouse.passwords["superset"],
        "MINDBOX_URL": mindbox.url,
        "MINDBOX_ENDPOINT_ID": mindbox.endpoint_id,
        "MINDBOX_SECRET_KEY": mindbox.secret_key,
        "MINDBOX_FILE_HOSTS": "127.0.0.1",
        "MINDBOX_CUSTOMER_KEY_SECRET": "a secret of the tests, long enough",
        "SUPERSET_URL": superset.login.url,
        "SUPERSET_ADMIN_PASSWORD": superset.login.password,
        "SUPERSET_DEMO_PASSWORD": superset.environment["SUPERSET_DEMO_PASSWORD"],
    }


def run_job(
    job: str, tags: Mapping[str, str], environment: Mapping[str, str], folder: Path
) -> None:
    command = [
        *(str(Path(sys.executable).with_name("dagster")), "job", "execute"),
        *("-m", "dagster_project.definitions", "-j", job, "--tags", json.dumps(tags)),
    ]
    log = folder / f"{job}.log"
    with log.open("wb") as output:
        done = subprocess.run(
            command,
            # Not the checkout: Dagster would read its `.env` over this environment.
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=RUN_SECONDS,
            check=False,
        )
    assert done.returncode == 0, log.read_text(encoding="utf-8", errors="replace")[-6000:]
