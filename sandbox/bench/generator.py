"""A large shop straight into raw tables: how long, how much memory, and what ten times it takes."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mindbox_extract.project import Project
from mindbox_extract.settings import PROJECT_FILE
from sandbox.bench.memory import PeakMemory
from sandbox.bench.warehouse import UNTIL, raw_settings
from sandbox.bulk.shop import fill
from sandbox.clickhouse.process import ClickHouseProcess
from sandbox.mindbox.world import WorldSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.bulk.filling import Filled

LARGE = 120_000_000


@dataclass(frozen=True)
class Generation:
    """What a measurement gave.

    Attributes:
        customers: people of the shop.
        filled: rows and seconds of the filling.
        seconds: from the first slice to the last raw table, both ends included.
        gigabytes: peak memory of generator, extractor and ClickHouse together.
        disk_gigabytes: size of ClickHouse's folder afterwards.
    """

    customers: int
    filled: Filled
    seconds: float
    gigabytes: float
    disk_gigabytes: float

    @property
    def rows(self) -> int:
        """Raw rows of all datasets."""
        return sum(self.filled.rows.values())

    @property
    def hours_of_large(self) -> float:
        """Hours that `LARGE` rows would take: time is proportional to slices, memory is not."""
        return self.seconds * LARGE / self.rows / 3600

    def as_json(self) -> dict[str, Any]:
        """Figures for the stored result."""
        return {
            "customers": self.customers,
            "months": 24,
            "rows": self.rows,
            "rows_by_dataset": self.filled.rows,
            "seconds": round(self.seconds),
            "seconds_by_part": {k: round(v) for k, v in self.filled.seconds.items()},
            "rows_per_second": round(self.rows / self.seconds),
            "peak_memory_gigabytes": round(self.gigabytes, 2),
            "disk_gigabytes": round(self.disk_gigabytes, 2),
            "extrapolated": {"rows": LARGE, "hours": round(self.hours_of_large, 2)},
        }


def measure(customers: int, on_slice: Callable[[int, int], None]) -> Generation:
    """Fill the raw tables of a fresh local ClickHouse with two years of a shop."""
    shop = WorldSettings(customers=customers, months=24, until=UNTIL)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as name,
        ClickHouseProcess(Path(name)) as clickhouse,
        PeakMemory() as memory,
    ):
        settings = raw_settings(clickhouse)
        started = time.perf_counter()
        filled = fill(shop, settings, Project.read(PROJECT_FILE), on_slice)
        seconds = time.perf_counter() - started
        disk = sum(file.stat().st_size for file in Path(name).rglob("*") if file.is_file())
    return Generation(customers, filled, seconds, memory.gigabytes, disk / (1 << 30))
