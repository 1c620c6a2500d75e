"""Periods and the buckets that a time axis cuts them into."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

DAY = timedelta(days=1)
MONTHS_A_YEAR = 12
GRAINS = {"P1D": "day", "P1W": "week", "P1M": "month", "P3M": "quarter", "P1Y": "year"}
"""Superset's names of the grains; weeks begin on Monday."""
MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Period:
    """Days of the project's calendar, both ends included."""

    since: date
    till: date

    @property
    def before(self) -> "Period":
        """The period of equal length that ends the day before.

        Whole calendar months are preceded by as many whole months, anything else by as many days.
        """
        if self.since.day == 1 and (self.till + DAY).day == 1:
            months = _month_number(self.till) - _month_number(self.since) + 1
            since = _first_day(_month_number(self.since) - months)
        else:
            since = self.since - (self.till - self.since + DAY)
        return Period(since, self.since - DAY)

    def buckets(self, grain: str | None) -> list["Period"]:
        """The period cut by the grain, clipped to itself; whole without a grain."""
        return list(self._cut(grain)) if grain else [self]

    def _cut(self, grain: str) -> Iterator["Period"]:
        since = self.since
        while since <= self.till:
            following = next_bucket(since, grain)
            yield Period(since, min(following - DAY, self.till))
            since = following


def bucket_start(day: date, grain: str) -> date:
    """The first day of the day, week, month, quarter or year that a day lies in."""
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=day.weekday())
    months = MONTHS[grain]
    return _first_day(_month_number(day) // months * months)


def next_bucket(day: date, grain: str) -> date:
    """The first day after the bucket that a day lies in."""
    if grain in ("day", "week"):
        return bucket_start(day, grain) + (DAY if grain == "day" else 7 * DAY)
    return _first_day(_month_number(bucket_start(day, grain)) + MONTHS[grain])


def _month_number(day: date) -> int:
    return day.year * MONTHS_A_YEAR + day.month - 1


def _first_day(month_number: int) -> date:
    return date(month_number // MONTHS_A_YEAR, month_number % MONTHS_A_YEAR + 1, 1)
