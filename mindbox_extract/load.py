"""Loads windows of a dataset into the warehouse."""

import time
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from .datasets import DATASETS
from .errors import ConfigurationError, ExtractError, QuarantineError, WarehouseError
from .extraction import Extraction, Tally
from .inserting import Inserter
from .landing import land
from .planning import Unit, plan
from .progress import LoadReport, OnProgress, Progress, Step
from .project import Project
from .settings import Settings
from .spec import DatasetSpec
from .warehouse import Warehouse
from .window import Window

__all__ = ["LoadReport", "Window", "load", "spec_of"]


def load(
    dataset: str,
    window: Window,
    *,
    settings: Settings,
    project: Project,
    allow_shrink: bool = False,
    resume: bool = False,
    on_progress: OnProgress | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> LoadReport:
    """Load a window of a dataset: fetch, check, land, and write the log.

    A long window is cut into units (see `planning`), each landed and logged on its own. A window
    that is not five minutes old yet is cut there; if nothing is left, nothing is loaded. Exports
    without an end (promotions, segment changes) are asked for once, from the window's beginning, or
    whole for a segmentation of which nothing is there.

    Args:
        dataset: a name in `DATASETS`.
        window: in UTC; whole UTC days for events, and for reports the days' calendar months.
        settings: of the installation.
        project: the client's project file.
        allow_shrink: replace days even by fewer than 80 % of their rows, or by none.
        resume: skip units whose window's newest load succeeded.
        on_progress: told of every step; what it raises stops the load.
        clock: the present moment, aware.

    Raises:
        ExtractError: what went wrong, where and what to do. Units before the failing one stay
            loaded; of the failing one no row is left, unless the swap of its days had begun: then
            days are whole and either old or new, and loading again finishes them.
    """
    spec = spec_of(dataset)
    started, load_id = time.monotonic(), uuid.uuid4().hex[:16]
    reports = []
    units = plan(spec, window, project, clock())
    relay = _Relay(spec, units, on_progress or (lambda _: None))
    with (
        closing(Warehouse(settings)) as warehouse,
        Extraction(spec, settings, project, relay.export_state) as extraction,
    ):
        warehouse.prepare(spec)
        if spec.segmentation:
            present = warehouse.segmentations(spec)
            units = [unit.complete(present) for unit in units]
        loader = _Loader(spec, load_id, project, warehouse, extraction, relay, clock)
        finished = warehouse.finished_windows(spec) if resume else set()
        for number, unit in enumerate(units, start=1):
            if unit.window in finished:
                continue
            relay.begin(number)
            reports.append(loader.run(unit, allow_shrink=allow_shrink))
    return LoadReport(
        rows=sum(report.rows for report in reports),
        bytes=sum(report.bytes for report in reports),
        seconds=time.monotonic() - started,
        export_ids=tuple(dict.fromkeys(i for report in reports for i in report.export_ids)),
        quarantined=sum(report.quarantined for report in reports),
        outside_window=sum(report.outside_window for report in reports),
        partitions=tuple(dict.fromkeys(p for report in reports for p in report.partitions)),
        load_id=load_id,
        unread=tuple(sorted({name for report in reports for name in report.unread})),
        absent=tuple(sorted({name for report in reports for name in report.absent})),
    )


def spec_of(dataset: str) -> DatasetSpec:
    """The dataset's description.

    Raises:
        ConfigurationError: there is no such dataset.
    """
    try:
        return DATASETS[dataset]
    except KeyError:
        raise ConfigurationError(
            f"there is no dataset {dataset!r}; there are {', '.join(DATASETS)}"
        ) from None


class _Relay:
    """Tells the listener which unit a step belongs to."""

    def __init__(self, spec: DatasetSpec, units: list[Unit], listener: OnProgress) -> None:
        self._spec = spec
        self._units = units
        self._listener = listener
        self._number = 0
        self.tally = Tally()

    def begin(self, number: int) -> None:
        self._number, self.tally = number, Tally()

    def step(self, step: Step, detail: str = "") -> None:
        unit = self._units[self._number - 1]
        self._listener(
            Progress(
                self._spec.name,
                step,
                unit.window,
                self._number,
                len(self._units),
                self.tally.rows,
                detail,
            )
        )

    def export_state(self, export_id: str, state: str) -> None:
        self.step(Step.EXPORT, f"{export_id} {state}".strip())


@dataclass(frozen=True)
class _Loader:
    """Brings units from Mindbox to the raw table and writes the log of it."""

    spec: DatasetSpec
    load_id: str
    project: Project
    warehouse: Warehouse
    extraction: Extraction
    relay: _Relay
    clock: Callable[[], datetime]

    def run(self, unit: Unit, *, allow_shrink: bool) -> LoadReport:
        log = _Log(self.spec, unit, self.load_id, self.relay, self.clock)
        try:
            partitions = self._land(unit, log.started_at, allow_shrink=allow_shrink)
        except ExtractError as error:
            self._log_failure(log, error)
            raise
        self.warehouse.insert_load(log.record("ok", ""))
        self.relay.step(Step.LOGGED)
        return log.report(partitions)

    def _land(self, unit: Unit, extracted_at: datetime, *, allow_shrink: bool) -> tuple[str, ...]:
        since, till = unit.window.since, unit.window.till
        prefix = f"{self.spec.name}__{since:%Y%m%d%H%M}_{till:%Y%m%d%H%M}__"
        stage = self.warehouse.create_stage(self.spec, prefix, self.load_id)
        try:
            self.relay.step(Step.STAGE_CREATED)
            self._fill(unit, stage, extracted_at)
            self._check(unit, stage)
            partitions = land(
                self.warehouse,
                self.spec,
                unit,
                stage,
                allow_shrink=allow_shrink,
                on_step=self.relay.step,
            )
        except BaseException:
            self._drop_after_failure(stage)
            raise
        self.warehouse.drop_stage(stage)
        self.relay.step(Step.LANDED)
        return partitions

    def _fill(self, unit: Unit, stage: str, extracted_at: datetime) -> None:
        tally = self.relay.tally
        with Inserter(
            self.warehouse, stage, partial(self.relay.step, Step.ROWS_INSERTED)
        ) as inserter:
            for batch in self.extraction.batches(unit, self.load_id, extracted_at, tally):
                inserter.add(batch)
            inserter.finish()

    def _check(self, unit: Unit, stage: str) -> None:
        tally, limits = self.relay.tally, self.project.quarantine
        where = f"{self.spec.name} of {unit.window}"
        too_many = tally.quarantined > limits.max_share * tally.seen
        if too_many and tally.quarantined >= limits.min_rows:
            raise QuarantineError(
                f"{where}: {tally.quarantined} of {tally.seen} rows are unreadable, more than the "
                f"{limits.max_share:.1%} that quarantine.max_share allows; nothing was replaced. "
                f"See field and reason in raw.quarantine of load {self.load_id}"
            )
        stored = self.warehouse.count_stage(stage)
        if stored != tally.rows:
            raise WarehouseError(
                f"{where}: {tally.rows} rows were sent to the stage table and {stored} are in it; "
                "nothing was replaced, load the window again"
            )

    def _drop_after_failure(self, stage: str) -> None:
        try:
            self.warehouse.drop_stage(stage)
        except WarehouseError:
            # The failure itself is being raised; the next load of the window drops the table.
            return

    def _log_failure(self, log: "_Log", error: ExtractError) -> None:
        try:
            self.warehouse.insert_load(log.record("failed", str(error)))
        except WarehouseError as unlogged:
            error.add_note(f"and the failure could not be logged: {unlogged}")


class _Log:
    """What is written and reported of one unit's load."""

    def __init__(
        self,
        spec: DatasetSpec,
        unit: Unit,
        load_id: str,
        relay: _Relay,
        clock: Callable[[], datetime],
    ) -> None:
        self._spec = spec
        self._unit = unit
        self._load_id = load_id
        self._tally = relay.tally
        self._clock = clock
        self._started = time.monotonic()
        self.started_at = clock()

    def record(self, status: str, message: str) -> dict[str, Any]:
        return {
            "load_id": self._load_id,
            "dataset": self._spec.name,
            "window_start": self._unit.window.since,
            "window_end": self._unit.window.till,
            "status": status,
            "seconds": time.monotonic() - self._started,
            "started_at": self.started_at,
            "finished_at": self._clock(),
            "message": message,
            **asdict(self._tally),
        }

    def report(self, partitions: tuple[str, ...]) -> LoadReport:
        tally = self._tally
        return LoadReport(
            rows=tally.rows,
            bytes=tally.bytes,
            seconds=time.monotonic() - self._started,
            export_ids=tuple(tally.export_ids),
            quarantined=tally.quarantined,
            outside_window=tally.outside_window,
            partitions=partitions,
            load_id=self._load_id,
            unread=tuple(tally.unread),
            absent=tuple(tally.absent),
        )
