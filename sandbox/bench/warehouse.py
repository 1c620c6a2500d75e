"""A warehouse of millions of events, made once and used again: raw tables, then dbt's models."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import clickhouse_connect

from mindbox_extract.project import Project
from mindbox_extract.settings import PROJECT_FILE, Settings
from sandbox.bench.memory import PeakMemory
from sandbox.bulk.shop import fill
from sandbox.clickhouse.process import ClickHouseProcess
from sandbox.mindbox.world import WorldSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clickhouse_connect.driver.client import Client

ROOT = Path(__file__).resolve().parents[2]
DBT = ROOT / "dbt"
UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
MONTHS = 24
_SECRET = "a secret of the measurement only"  # noqa: S105 (hides ids of an invented world)
_SLOWEST_SHOWN = 12


@dataclass(frozen=True)
class Shop:
    """Whose events are measured.

    Attributes:
        customers: people of the shop.
        months: how long its history is, up to `UNTIL`.
    """

    customers: int
    months: int = MONTHS

    @property
    def world(self) -> WorldSettings:
        """The shop as the stand-in makes it."""
        return WorldSettings(customers=self.customers, months=self.months, until=UNTIL)


@dataclass(frozen=True)
class BenchWarehouse:
    """A running ClickHouse that holds the marts of a shop.

    Attributes:
        clickhouse: the server.
        figures: how the warehouse came to be: seconds, peak memory, rows and bytes.
    """

    clickhouse: ClickHouseProcess
    figures: dict[str, Any]

    def client(self, user: str, **options: Any) -> Client:
        """A connection as a user of the users file."""
        return clickhouse_connect.get_client(
            host=self.clickhouse.host,
            port=self.clickhouse.port,
            username=user,
            password=self.clickhouse.passwords[user],
            send_receive_timeout=3600,
            **options,
        )


class FailedBuildError(Exception):
    """dbt did not build the models."""


@contextmanager
def prepared(
    shop: Shop, folder: Path, *, rebuild: bool = False, say: Callable[[str], None]
) -> Iterator[BenchWarehouse]:
    """Start the warehouse of a folder, filled and built first where it is not yet.

    Args:
        shop: whose events; another shop than the folder's is refused.
        folder: what is kept between runs lies here.
        rebuild: build the models again over the raw tables that are there.
        say: is told what goes on.

    Raises:
        ValueError: the folder holds another shop.
        FailedBuildError: dbt failed.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    steps = _Steps(folder / "steps.json", shop)
    with ClickHouseProcess(folder / "clickhouse", start_seconds=120) as clickhouse:
        warehouse = BenchWarehouse(clickhouse, steps.figures)
        if "raw" not in steps.figures:
            say(f"filling raw tables with {shop.customers} people …")
            steps.store("raw", _filled(clickhouse, shop, say))
        if rebuild or "marts" not in steps.figures:
            say("building the models …")
            steps.store("marts", _built(warehouse, folder))
        yield warehouse


class _Steps:
    """What has been done in a folder, and what it took."""

    def __init__(self, path: Path, shop: Shop) -> None:
        self._path = path
        self.figures: dict[str, Any] = {"shop": asdict(shop)}
        if path.exists():
            self.figures = json.loads(path.read_text(encoding="utf-8"))
        if self.figures["shop"] != asdict(shop):
            raise ValueError(
                f"{path.parent} holds the shop {self.figures['shop']}; take another folder"
            )

    def store(self, step: str, figures: dict[str, Any]) -> None:
        self.figures[step] = figures
        self._path.write_text(json.dumps(self.figures, indent=2), encoding="utf-8")


def raw_settings(clickhouse: ClickHouseProcess) -> Settings:
    """The settings of an extractor that loads what is made slice by slice."""
    return Settings.from_environment(
        {
            "CLICKHOUSE_HOST": clickhouse.host,
            "CLICKHOUSE_PORT": str(clickhouse.port),
            "CLICKHOUSE_PASSWORD": clickhouse.passwords["etl"],
            # Each slice has an address and a key of its own.
            "MINDBOX_URL": "http://127.0.0.1",
            "MINDBOX_ENDPOINT_ID": "slices",
            "MINDBOX_SECRET_KEY": "slices",
            "MINDBOX_FILE_HOSTS": "127.0.0.1",
            "MINDBOX_CUSTOMER_KEY_SECRET": _SECRET,
        }
    )


def _filled(
    clickhouse: ClickHouseProcess, shop: Shop, say: Callable[[str], None]
) -> dict[str, Any]:
    settings = raw_settings(clickhouse)
    started = time.perf_counter()
    with PeakMemory() as memory:
        filled = fill(
            shop.world,
            settings,
            Project.read(PROJECT_FILE),
            lambda done, total: say(f"  slice {done} of {total}"),
        )
    return {
        "rows": sum(filled.rows.values()),
        "seconds": round(time.perf_counter() - started),
        "peak_memory_gigabytes": round(memory.gigabytes, 2),
    }


def _built(warehouse: BenchWarehouse, folder: Path) -> dict[str, Any]:
    """Run dbt over all models and seeds, without tests, and read what each of them took."""
    started = time.perf_counter()
    with PeakMemory() as memory:
        done = _dbt(warehouse.clickhouse, folder)
    if done.returncode:
        raise FailedBuildError(done.stdout[-4000:])
    seconds = time.perf_counter() - started
    results = json.loads((folder / "target" / "run_results.json").read_text(encoding="utf-8"))
    models = {
        each["unique_id"].rsplit(".", 1)[1]: round(each["execution_time"], 1)
        for each in results["results"]
    }
    slowest = sorted(models.items(), key=lambda each: -each[1])[:_SLOWEST_SHOWN]
    return {
        "built_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds),
        "peak_memory_gigabytes": round(memory.gigabytes, 2),
        "slowest_models_seconds": dict(slowest),
        "tables": _tables(warehouse.client("etl")),
    }


def _dbt(clickhouse: ClickHouseProcess, folder: Path) -> subprocess.CompletedProcess[str]:
    connection = {
        "CLICKHOUSE_HOST": clickhouse.host,
        "CLICKHOUSE_PORT": str(clickhouse.port),
        "CLICKHOUSE_USER": "etl",
        "CLICKHOUSE_PASSWORD": clickhouse.passwords["etl"],
    }
    return subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")),
            "--no-use-colors",
            "build",
            *("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
            *("--project-dir", str(DBT), "--profiles-dir", str(DBT)),
            *("--target-path", str(folder / "target"), "--log-path", str(folder / "logs")),
            *("--vars", json.dumps(Project.read(PROJECT_FILE).dbt_vars())),
        ],
        env={**os.environ, **connection},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def _tables(client: Client) -> dict[str, dict[str, float]]:
    """Rows and megabytes of every mart, projections included and apart."""
    found = client.query(
        "SELECT table, sum(rows), sum(bytes_on_disk) FROM system.parts"
        " WHERE active AND database = 'marts' GROUP BY table ORDER BY sum(bytes_on_disk) DESC"
    ).result_rows
    of_projections = dict(
        client.query(
            "SELECT table, sum(bytes_on_disk) FROM system.projection_parts"
            " WHERE active AND database = 'marts' GROUP BY table"
        ).result_rows
    )
    return {
        table: {
            "rows": rows,
            "megabytes": _megabytes(size),
            "of_that_projections": _megabytes(of_projections.get(table, 0)),
        }
        for table, rows, size in found
    }


def _megabytes(size: int) -> float:
    return round(size / (1 << 20), 1)
