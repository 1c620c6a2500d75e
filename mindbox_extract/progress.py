"""What a load tells about itself while it runs, and what it reports in the end."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from .window import Window


class Step(StrEnum):
    """The named points of a load, in the order in which a unit passes them."""

    STAGE_CREATED = "stage created"
    EXPORT = "export"
    ROWS_INSERTED = "rows inserted"
    CHECKED = "checked"
    SWAPPING = "swapping"
    SWAPPED = "swapped"
    LANDED = "landed"
    LOGGED = "logged"


@dataclass(frozen=True)
class Progress:
    """One step of one unit of a load.

    Attributes:
        unit: number of the unit, from 1, out of `units`.
        rows: good rows of the unit so far.
        detail: the export's state or the partition, where the step has one.
    """

    dataset: str
    step: Step
    window: Window
    unit: int
    units: int
    rows: int = 0
    detail: str = ""

    def __str__(self) -> str:
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.dataset} {self.window}: {self.step}{detail}, {self.rows} rows"


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class LoadReport:
    """What a load did.

    Attributes:
        rows: good rows that were landed, repeated ones counted once where days are replaced.
        bytes: of the unpacked parts.
        seconds: from the first request to the last swap.
        export_ids: of all exports; empty for paged datasets.
        quarantined: unreadable rows set aside.
        outside_window: readable event rows of other windows, left to those windows.
        partitions: replaced or emptied partitions, ISO dates, several joined by "/".
        load_id: of all its rows in `raw.loads`.
        unread: names of fields that came and are not read, as far as they were looked at.
        absent: names of CSV columns that are read and did not come.
    """

    rows: int
    bytes: int
    seconds: float
    export_ids: tuple[str, ...]
    quarantined: int
    outside_window: int
    partitions: tuple[str, ...]
    load_id: str
    unread: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
