"""Marts of intervals, read at moments: a bucket's last day, or the day before its first."""

from dataclasses import dataclass
from datetime import date

from superset_assets.semantics.buckets import Buckets, day_literal
from superset_assets.semantics.calendar import DAY, Period
from superset_assets.semantics.catalog import DAYS, Catalog
from superset_assets.semantics.question import Question
from superset_assets.semantics.rows import COUNTED_DATE, PERIOD_END, PERIOD_START

ALL_BRANDS = "Все бренды"
BEGINNING = date(2010, 1, 1)
"""Buckets of a question without a period begin here: Mindbox has no older projects."""


def buckets_of(question: Question, today: date) -> Buckets:
    """The buckets of a question; without a period, of everything up to today."""
    return Buckets(question.period or Period(BEGINNING, today), question.grain)


def brands_of(question: Question) -> str:
    """The condition that picks states of all brands together, or brand by brand."""
    return f"brand {'!=' if question.is_by_brand else '='} '{ALL_BRANDS}'"


def horizon(catalog: Catalog) -> str:
    """The last loaded day."""
    return f"(select max(date_day) from {catalog.table(DAYS)})"


@dataclass(frozen=True)
class Intervals:
    """A mart whose rows hold from a day on, up to and not including another.

    Attributes:
        catalog: what there is.
        buckets: the moments asked for.
        table: the mart.
        alias: its name in the SELECT.
        since, till: its columns with the ends of an interval.
    """

    catalog: Catalog
    buckets: Buckets
    table: str
    alias: str
    since: str = "valid_from"
    till: str = "valid_till"

    @property
    def bucket(self) -> str:
        """The number of the bucket that a row stands in."""
        return f"{self.alias}.bucket"

    @property
    def horizon(self) -> str:
        """The last loaded day, which stands in for days that have not come yet."""
        return horizon(self.catalog)

    @property
    def last_day(self) -> str:
        """Last day of a row's bucket, or the last loaded one."""
        return f"least({self.buckets.last_day(self.bucket)}, {self.horizon})"

    def dates(self) -> dict[str, str]:
        """The date that a row counts on, and its bucket's ends."""
        return {
            COUNTED_DATE: self.buckets.first_day(self.bucket),
            PERIOD_START: self.buckets.first_day(self.bucket),
            PERIOD_END: self.buckets.last_day(self.bucket),
        }

    def begun(self) -> str:
        """The condition that a bucket has begun: what has not come yet has no state."""
        return f"{self.buckets.first_day(self.bucket)} <= {self.horizon}"

    def source(self, *, opening: bool, where: str = "1") -> str:
        """Intervals, once for every bucket whose moment they hold."""
        earliest = self.buckets.period.since - (DAY if opening else 0 * DAY)
        return (
            f"(select *, arrayJoin(range({self._moments_before(self.since, opening=opening)},"
            f" {self._moments_before(self.till, opening=opening)})) as bucket"
            f" from {self.catalog.table(self.table)} where {where}"
            f" and {self.since} <= {self.buckets.till}"
            f" and {self.till} > least({day_literal(earliest)}, {self.horizon})) as {self.alias}"
        )

    def _moments_before(self, day: str, *, opening: bool) -> str:
        """How many of the moments lie before a day.

        An interval holds at the moments numbered from those before its first day up to those
        before the day after its last.
        """
        buckets = self.buckets
        if opening:
            # The moment is the day before the bucket: it lies before `day` once that has begun.
            number = f"{buckets.number(f'least({day}, {buckets.till})')} + 1"
            return f"if({day} < {buckets.since}, 0, {number})"
        last = f"least({buckets.till}, {self.horizon})"
        number = f"greatest(0, {buckets.number(day)})"
        return f"if({day} > {last}, greatest(0, {buckets.number(last)} + 1), {number})"
