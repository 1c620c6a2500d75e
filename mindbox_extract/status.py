"""What is loaded: rows, freshness, quarantine and, on request, fingerprints."""

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from .datasets import DATASETS
from .load import spec_of
from .settings import Settings
from .warehouse import Fingerprint, Warehouse


@dataclass(frozen=True)
class DatasetStatus:
    """State of one dataset's raw table.

    Attributes:
        rows: as stored, versions and repeats included.
        loaded_till: latest right edge (UTC) of a loaded window.
        quarantined: distinct unreadable rows ever met.
        failed_windows: windows whose newest load failed.
    """

    dataset: str
    rows: int
    loaded_till: datetime | None
    last_finished_at: datetime | None
    last_status: str | None
    quarantined: int
    failed_windows: int
    fingerprint: Fingerprint | None


def read_status(settings: Settings, *, fingerprint: bool = False) -> list[DatasetStatus]:
    """State of every dataset, in the order of `DATASETS`.

    Raises:
        WarehouseError: ClickHouse refuses or cannot be reached.
    """
    with closing(Warehouse(settings)) as warehouse:
        warehouse.prepare(*DATASETS.values())
        rows, loads = warehouse.table_rows(), warehouse.load_summaries()
        quarantined = warehouse.quarantine_counts()
        found = []
        for name, spec in DATASETS.items():
            summary = loads.get(name)
            found.append(
                DatasetStatus(
                    dataset=name,
                    rows=rows.get(name, 0),
                    loaded_till=summary.loaded_till if summary else None,
                    last_finished_at=summary.last_finished_at if summary else None,
                    last_status=summary.last_status if summary else None,
                    quarantined=quarantined.get(name, 0),
                    failed_windows=summary.failed_windows if summary else 0,
                    fingerprint=warehouse.fingerprint(spec) if fingerprint else None,
                )
            )
        return found


def fingerprint_of(dataset: str, settings: Settings) -> Fingerprint:
    """Fingerprint of one dataset's raw table: equal fingerprints mean the same table.

    Raises:
        ConfigurationError: there is no such dataset.
        WarehouseError: ClickHouse refuses or cannot be reached, or the table does not exist.
    """
    with closing(Warehouse(settings)) as warehouse:
        return warehouse.fingerprint(spec_of(dataset))
