"""Buckets of the time axis in SQL: which one a day lies in, where one begins and ends."""

from dataclasses import dataclass
from datetime import date

from superset_assets.semantics.calendar import Period

UNITS = {"day": "day", "week": "week", "month": "month", "quarter": "quarter", "year": "year"}
STARTS = {
    "week": "toMonday",
    "month": "toStartOfMonth",
    "quarter": "toStartOfQuarter",
    "year": "toStartOfYear",
}
ADD = {"month": "addMonths", "quarter": "addQuarters", "year": "addYears"}


@dataclass(frozen=True)
class Buckets:
    """The buckets of a period, numbered from 0, as ClickHouse expressions.

    Attributes:
        period: the days asked for.
        grain: day, week, month, quarter or year; None for one bucket, the period itself.
    """

    period: Period
    grain: str | None

    @property
    def since(self) -> str:
        """The period's first day."""
        return day_literal(self.period.since)

    @property
    def till(self) -> str:
        """The period's last day."""
        return day_literal(self.period.till)

    def number(self, day: str) -> str:
        """The number of the bucket that a day within the period lies in."""
        match self.grain:
            case None:
                return "toInt32(0)"
            case "day":
                return f"toInt32({day} - {self.since})"
            case "week":
                return f"toInt32(intDiv(toMonday({day}) - toMonday({self.since}), 7))"
        return f"toInt32(dateDiff('{self.grain}', {self.since}, {day}))"

    def first_day(self, number: str) -> str:
        """First day of a bucket, not before the period's."""
        match self.grain:
            case None:
                return self.since
            case "day":
                return f"{self.since} + {number}"
        return f"greatest({self.since}, {self.begin(number)})"

    def last_day(self, number: str) -> str:
        """Last day of a bucket, not after the period's."""
        match self.grain:
            case None:
                return self.till
            case "day":
                return f"{self.since} + {number}"
        return f"least({self.till}, {self.begin(f'{number} + 1')} - 1)"

    def begin(self, number: str) -> str:
        """Where the calendar's bucket begins, whatever the period."""
        if self.grain == "day":
            return f"{self.since} + ({number})"
        start = f"{STARTS[str(self.grain)]}({self.since})"
        if self.grain == "week":
            return f"{start} + 7 * ({number})"
        return f"{ADD[str(self.grain)]}({start}, {number})"


def day_literal(day: date) -> str:
    """A date as a ClickHouse literal."""
    return f"toDate('{day}')"
