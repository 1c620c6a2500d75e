"""Windows of time, and how a long one is cut into the pieces that are loaded.

All moments are aware datetimes in UTC; a window holds its left edge and not its right one, as the
filters of Mindbox exports do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from .errors import WindowError

DAY = timedelta(days=1)

# Mindbox answers nothing younger than this for paged operations, and so do we for exports.
FRESHNESS_LAG = timedelta(minutes=5)


@dataclass(frozen=True, order=True)
class Window:
    """`since <= moment < till`, both in UTC.

    Raises:
        WindowError: an edge without a time zone, or no time between the edges.
    """

    since: datetime
    till: datetime

    def __post_init__(self) -> None:
        for name in ("since", "till"):
            moment: datetime = getattr(self, name)
            if moment.tzinfo is None:
                raise WindowError(f"the window's {name} {moment} has no time zone; give it in UTC")
            object.__setattr__(self, name, moment.astimezone(UTC))
        if self.since >= self.till:
            raise WindowError(f"the window {self} is empty; its left edge must come first")

    def __str__(self) -> str:
        return f"{_short(self.since)}..{_short(self.till)}"

    def days(self) -> list[date]:
        """UTC days that the window touches, in order."""
        last = (self.till - timedelta(microseconds=1)).date()
        return [
            self.since.date() + timedelta(days=number)
            for number in range((last - self.since.date()).days + 1)
        ]

    def months(self) -> list[tuple[date, date]]:
        """First and last day of every calendar month that the window's days touch, in order."""
        firsts = sorted({day.replace(day=1) for day in self.days()})
        return [(first, _next_month(first) - DAY) for first in firsts]

    def clip(self, now: datetime) -> "Window | None":
        """The part that is old enough to ask for; None while there is no such part.

        The right edge moves back to `now` less five minutes, to the whole minute, because export
        filters are written to the minute.
        """
        edge = _present_edge(now)
        if self.till <= edge:
            return self
        return Window(self.since, edge) if self.since < edge else None

    def require_whole_minutes(self, what: str) -> None:
        """Refuse edges that an export filter, written to the minute, cannot say.

        Raises:
            WindowError: an edge with seconds.
        """
        if any(edge.second or edge.microsecond for edge in (self.since, self.till)):
            raise WindowError(f"{what}: give the edges of {self} to the whole minute")

    def require_whole_days(self, now: datetime, what: str) -> None:
        """Refuse a window that would replace a day by a part of it.

        Only the running day may be partial: a right edge at or after the present one is cut by
        `clip`, never inside a finished day.

        Raises:
            WindowError: an edge inside a finished day.
        """
        finished = self.till < _present_edge(now)
        if self.since != _midnight(self.since) or (finished and self.till != _midnight(self.till)):
            raise WindowError(
                f"{what}: the window {self} cuts a UTC day; events are replaced by whole days, "
                "so give midnights (the running day is cut five minutes ago by itself)"
            )

    def pieces(self, days: int) -> Iterator["Window"]:
        """Consecutive windows of at most `days` days, cut at UTC midnights."""
        start = self.since
        while start < self.till:
            end = min(_midnight(start) + days * DAY, self.till)
            yield Window(start, end)
            start = end

    def halves(self) -> "tuple[Window, Window] | None":
        """The window cut at the midnight nearest its middle; None if it has one day only."""
        days = self.days()
        if days[0] == days[-1]:
            return None
        middle = datetime.combine(days[len(days) // 2], datetime.min.time(), UTC)
        return Window(self.since, middle), Window(middle, self.till)


def day_window(day: date) -> Window:
    """The whole UTC day."""
    start = datetime.combine(day, datetime.min.time(), UTC)
    return Window(start, start + DAY)


def _present_edge(now: datetime) -> datetime:
    return (now.astimezone(UTC) - FRESHNESS_LAG).replace(second=0, microsecond=0)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _next_month(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def _short(moment: datetime) -> str:
    pattern = "%Y-%m-%d" if moment == _midnight(moment) else "%Y-%m-%dT%H:%M"
    return moment.strftime(pattern)
