"""Days of the project's calendar, and the buckets that a period is cut into."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.metrics.reference.words import ONE_DAY


class Clock:
    """Turns the world's milliseconds of UTC into local dates and hours."""

    def __init__(self, time_zone: str) -> None:
        self.zone = ZoneInfo(time_zone)

    def local(self, milliseconds: int, zone: str = "") -> datetime:
        """The local moment, of another zone if one is named."""
        utc = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(milliseconds))
        return utc.astimezone(ZoneInfo(zone) if zone else self.zone)

    def day(self, milliseconds: int) -> date:
        """The project's date of a moment."""
        return self.local(milliseconds).date()

    def begin(self, day: date) -> int:
        """The moment, in ms UTC, at which a day of the project begins."""
        return round(datetime.combine(day, datetime.min.time(), self.zone).timestamp() * 1000)


@dataclass(frozen=True)
class Bucket:
    """A part of the period asked for: its name on the time axis, its first and last day.

    `name` is the first day of the calendar unit, None without a time axis.
    """

    name: date | None
    first: date
    last: date

    def day_before(self) -> date:
        """The day at whose end the bucket opens."""
        return self.first - ONE_DAY

    def days(self) -> int:
        """Days of it, both ends included."""
        return (self.last - self.first).days + 1

    def all_days(self) -> Iterator[date]:
        """Its days in their order."""
        day = self.first
        while day <= self.last:
            yield day
            day += ONE_DAY

    def previous(self) -> tuple[date, date]:
        """The period before of the same length: as many days, or months where it has whole ones."""
        following = self.last + ONE_DAY
        if self.first.day == 1 and following.day == 1:
            months = (following.year - self.first.year) * 12 + following.month - self.first.month
            number = self.first.year * 12 + self.first.month - 1 - months
            return date(number // 12, number % 12 + 1, 1), self.day_before()
        return self.first - timedelta(days=self.days()), self.day_before()


def unit_start(day: date, grain: str) -> date:
    """First day of the calendar unit (day, week, month, quarter, year) that holds the day."""
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=day.weekday())
    if grain == "month":
        return day.replace(day=1)
    if grain == "quarter":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day.replace(month=1, day=1)


def buckets(since: date, till: date, grain: str | None) -> list[Bucket]:
    """The period cut at the edges of calendar units; its first and last part may be unfinished."""
    if grain is None:
        return [Bucket(None, since, till)]
    return list(_cut(since, till, grain))


def _cut(since: date, till: date, grain: str) -> Iterator[Bucket]:
    first = since
    while first <= till:
        last = first
        while last < till and unit_start(last + ONE_DAY, grain) == unit_start(first, grain):
            last += ONE_DAY
        yield Bucket(unit_start(first, grain), first, last)
        first = last + ONE_DAY
