"""Asks Mindbox for a unit and decodes what it sends; the warehouse is not known here."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Self

import pyarrow as pa

from .client import MindboxClient
from .decoding import Decoder, Origin
from .drift import Drift, drift_of
from .exports import Exports
from .own_names import named
from .pages import Pages
from .payload import Part
from .planning import Request, Unit
from .project import Project
from .settings import Settings
from .spec import DatasetSpec, Protocol

OnState = Callable[[str, str], None]
OnPart = Callable[[Part, str], None]


def _one_ahead(parts: Iterator[Part]) -> Iterator[Part]:
    """The parts, the next one being downloaded while the one before is decoded."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="download") as downloads:
        following = downloads.submit(next, parts, None)
        while (part := following.result()) is not None:
            following = downloads.submit(next, parts, None)
            yield part


@dataclass
class Tally:
    """What came so far of a unit.

    Attributes:
        unread: names of fields that came and are not read, as far as they were looked at.
        absent: names of fields that are read and did not come.
    """

    rows: int = 0
    quarantined: int = 0
    outside_window: int = 0
    bytes: int = 0
    export_ids: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)

    @property
    def seen(self) -> int:
        """All rows of all parts, good or not."""
        return self.rows + self.quarantined + self.outside_window

    def note(self, drift: Drift) -> None:
        """Add how a part differs from its dataset."""
        self.unread = sorted({*self.unread, *drift.unread})
        self.absent = sorted({*self.absent, *drift.absent})


@dataclass(frozen=True)
class Batch:
    """Decoded rows of one part: good ones for the raw table, bad ones for the quarantine."""

    good: pa.Table
    bad: pa.Table


class Extraction:
    """The reading half of a load: one client and one embedded engine for all its units."""

    def __init__(
        self,
        spec: DatasetSpec,
        settings: Settings,
        project: Project,
        on_state: OnState,
        on_part: OnPart | None = None,
    ) -> None:
        """Prepare.

        Args:
            spec: of the dataset.
            settings: of the installation.
            project: the client's project file.
            on_state: told of every state of an export.
            on_part: shown every part before it is decoded, with its place in words.
        """
        self._spec = named(spec, project)
        self._project = project
        self._client = MindboxClient(settings, project.transport)
        self._decoder = Decoder(
            self._spec, project, settings.customer_key_secret.get_secret_value()
        )
        self._on_state = on_state
        self._on_part = on_part

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._decoder.close()
        self._client.close()

    def batches(
        self, unit: Unit, load_id: str, extracted_at: datetime, tally: Tally
    ) -> Iterator[Batch]:
        """Decoded rows of a unit, in no particular order; `tally` keeps the counts.

        Raises:
            ExtractError: whatever Mindbox, the files or the engine do wrong, with its place.
        """
        for request in unit.requests:
            where = f"{self._spec.name} of {request.window}"
            if request.segmentation:
                where = f"{where}, segmentation {request.segmentation}"
            origin = Origin(load_id, unit.window, extracted_at, unit.columns(self._spec, request))
            for part in _one_ahead(self._parts(request, where)):
                if part.export_id and part.export_id not in tally.export_ids:
                    tally.export_ids.append(part.export_id)
                with part.file:
                    yield from self._decoded(part, origin, where, tally)

    def _parts(self, request: Request, where: str) -> Iterator[Part]:
        if self._spec.protocol is Protocol.PAGED:
            return Pages(self._client, self._project).parts(self._spec, request, where)
        exports = Exports(self._client, self._project, self._on_state)
        return exports.parts(self._spec, request, where)

    def _decoded(self, part: Part, origin: Origin, where: str, tally: Tally) -> Iterator[Batch]:
        place = f"{where}, export {part.export_id}, part {part.number}"
        if not part.export_id:
            place = f"{where}, page {part.number}"
        if self._on_part:
            self._on_part(part, place)
        tally.note(drift_of(part, self._spec, place))
        for decoded in self._decoder.decode(part, origin, place):
            tally.rows += decoded.good.num_rows
            tally.quarantined += decoded.bad.num_rows
            tally.outside_window += decoded.outside
            yield Batch(decoded.good, self._quarantine_rows(decoded.bad, part, origin))
        tally.bytes += self._decoder.bytes_of_last_part

    def _quarantine_rows(self, bad: pa.Table, part: Part, origin: Origin) -> pa.Table:
        problems = [problem.split("|", 1) for problem in bad["problem"].to_pylist()]
        count = bad.num_rows
        moment = pa.timestamp("ms", tz="UTC")
        return pa.table(
            {
                "dataset": pa.array([self._spec.name] * count, pa.string()),
                "row_hash": bad["row_hash"],
                "part": pa.array([part.number] * count, pa.uint32()),
                "position": bad["position"],
                "field": pa.array([path for path, _ in problems], pa.string()),
                "reason": pa.array([reason for _, reason in problems], pa.string()),
                "_version_at": pa.array([origin.window.till] * count, moment),
                "_extracted_at": pa.array([_to_milliseconds(origin.extracted_at)] * count, moment),
                "_window_start": pa.array([origin.window.since] * count, moment),
                "_window_end": pa.array([origin.window.till] * count, moment),
                "_export_id": pa.array([part.export_id] * count, pa.string()),
                "_load_id": pa.array([origin.load_id] * count, pa.string()),
                "_content_hash": bad["row_hash"],
            }
        )


def _to_milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
