"""What a load asks for: a long window cut into units, and a unit into requests.

A unit is fetched into one stage table, checked and landed as a whole, so it is also what a broken
load resumes at.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from .errors import ConfigurationError
from .project import Project
from .spec import DatasetSpec, Filter, Kind
from .window import DAY, Window


@dataclass(frozen=True)
class Request:
    """One question to Mindbox.

    Attributes:
        window: UTC moments for filters in UTC.
        first: first day (UTC, or project-local for reports).
        last: last day, inclusive.
        segmentation: that is asked for, by its external id; empty where there is none.
        is_whole: ask for everything there ever was, without a beginning.
    """

    window: Window
    first: date
    last: date
    segmentation: str = ""
    is_whole: bool = False


@dataclass(frozen=True)
class Unit:
    """What is loaded and landed at once.

    Attributes:
        window: of the whole unit, UTC; for a report the days of its period, taken as UTC.
        taken_on: project-local day on which it is asked for.
    """

    window: Window
    requests: tuple[Request, ...]
    taken_on: date

    def columns(self, spec: DatasetSpec, request: Request) -> dict[str, str]:
        """Texts of the columns that a request fills; days are ISO dates."""
        known = {"first": request.first, "last": request.last, "taken": self.taken_on}
        days = {column.column: known[column.day].isoformat() for column in spec.window_columns}
        of_segmentation = (
            {spec.segmentation.column: request.segmentation} if spec.segmentation else {}
        )
        return {**of_segmentation, **days}

    def complete(self, present: Container[str]) -> "Unit":
        """The unit that asks for the whole of each segmentation that is not present yet.

        A change says nothing of those who did not change, so a segmentation begins with everybody.
        """
        requests = tuple(
            replace(request, is_whole=request.segmentation not in present)
            for request in self.requests
        )
        return replace(self, requests=requests)

    def partitions(self, spec: DatasetSpec) -> list[tuple[date, ...]]:
        """Partitions that the unit is the truth for; none for entities, which only add."""
        if spec.kind is Kind.EVENT:
            return [(day,) for day in self.window.days()]
        if spec.kind is Kind.SNAPSHOT:
            return [(self.taken_on, request.first) for request in self.requests]
        return []


def plan(spec: DatasetSpec, window: Window, project: Project, now: datetime) -> list[Unit]:
    """Cut a window into units; empty while all of it is younger than five minutes.

    Raises:
        WindowError: the window does not fit the dataset.
        ConfigurationError: the dataset is asked for by segmentation, and none is configured.
    """
    if spec.segmentation and not project.segmentations:
        raise ConfigurationError(
            f"{spec.name}: the project file names no segmentations; add their external ids to "
            "`segmentations`"
        )
    window.require_whole_minutes(spec.name)
    if spec.filter is Filter.LOCAL_DATES:
        return list(_months(window, project, now))
    if spec.kind is Kind.EVENT:
        window.require_whole_days(now, spec.name)
    clipped = window.clip(now)
    if clipped is None:
        return []
    today = now.astimezone(ZoneInfo(project.time_zone)).date()
    if spec.filter is Filter.UTC_SINCE:
        return [Unit(clipped, tuple(_requests_since(spec, clipped, project)), today)]
    return [
        Unit(piece, tuple(_requests(spec, piece)), today)
        for piece in clipped.pieces(project.export_days(spec.name))
    ]


def _requests(spec: DatasetSpec, window: Window) -> Iterator[Request]:
    pieces = window.pieces(spec.request_days) if spec.request_days else [window]
    for piece in pieces:
        days = piece.days()
        yield Request(piece, days[0], days[-1])


def _requests_since(spec: DatasetSpec, window: Window, project: Project) -> Iterator[Request]:
    """One request however long the window: the answer is the present state in any case."""
    days = window.days()
    for segmentation in project.segmentations if spec.segmentation else [""]:
        yield Request(window, days[0], days[-1], segmentation)


def _months(window: Window, project: Project, now: datetime) -> Iterator[Unit]:
    """Calendar months of the window's days, each up to the last day that is over.

    A report names days of the project's calendar, so the days of the window are taken as they are
    written, without shifting them from UTC.
    """
    today = now.astimezone(ZoneInfo(project.time_zone)).date()
    for first, end in window.months():
        last = min(end, today - DAY)
        if last < first:
            continue
        start = datetime.combine(first, datetime.min.time(), UTC)
        period = Window(start, start + (last - first + timedelta(days=1)))
        yield Unit(period, (Request(period, first, last),), today)
