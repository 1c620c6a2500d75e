"""What a load asks for: a long window cut into units, and a unit into requests.

A unit is fetched into one stage table, checked and landed as a whole, so it is also what a broken
load resumes at.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

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
    """

    window: Window
    first: date
    last: date


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

    def days(self, spec: DatasetSpec, request: Request) -> dict[str, str]:
        """ISO dates of the dataset's window columns for a request."""
        known = {"first": request.first, "last": request.last, "taken": self.taken_on}
        return {column.column: known[column.day].isoformat() for column in spec.window_columns}

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
    """
    window.require_whole_minutes(spec.name)
    if spec.filter is Filter.LOCAL_DATES:
        return list(_months(window, project, now))
    if spec.kind is Kind.EVENT:
        window.require_whole_days(now, spec.name)
    clipped = window.clip(now)
    if clipped is None:
        return []
    today = now.astimezone(ZoneInfo(project.time_zone)).date()
    return [
        Unit(piece, tuple(_requests(spec, piece)), today)
        for piece in clipped.pieces(project.export_days(spec.name))
    ]


def _requests(spec: DatasetSpec, window: Window) -> Iterator[Request]:
    pieces = window.pieces(spec.request_days) if spec.request_days else [window]
    for piece in pieces:
        days = piece.days()
        yield Request(piece, days[0], days[-1])


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
