"""Figures since the period's beginning, or over the last few buckets, recomputed from the facts.

What a window comes to is what the metric is of its days: customers of three months are counted
once, a rate is the ratio of three months' sums. So a fact stands under every bucket whose window
it lies in. States are read on a bucket's last day, whatever the window.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum, auto

from superset_assets.semantics.calendar import DAY, Period, bucket_start
from superset_assets.semantics.catalog import RFM_AT_START, Catalog, Column
from superset_assets.semantics.dated import MEMBER
from superset_assets.semantics.intervals import buckets_of, horizon
from superset_assets.semantics.measures import Kind, measure, named_in
from superset_assets.semantics.question import Question, QuestionError
from superset_assets.semantics.rows import (
    COUNTED_DATE,
    PERIOD_END,
    PERIOD_START,
    Output,
    Rows,
    union,
)
from superset_assets.semantics.states import OPENING

LEVELS = (Kind.STATE, Kind.BASE)
NO_FACTS = (Kind.DATE, Kind.CUSTOMER)
OVER = re.compile(r"\bover\s*\(", re.IGNORECASE)


class Obstacle(Enum):
    """Why a metric has no figure over a window."""

    IS_A_LEVEL = auto()
    """It is read on one day: nothing happens in it that a longer window would have more of."""
    HAS_A_BEGINNING = auto()
    """It compares the bucket with what was before it."""
    COMPARES_ROWS = auto()
    """It is about the other rows of the answer."""


def obstacle(sql: str, catalog: Catalog) -> Obstacle | None:
    """What keeps a metric from being asked over windows, None where nothing does."""
    if OVER.search(sql) or "{{" in sql:
        return Obstacle.COMPARES_ROWS
    names, slices = named_in(sql, catalog)
    kinds = {name: found[0] for name in names if (found := measure(name, catalog))}
    if {COUNTED_DATE, RFM_AT_START} & {*names, *slices} or any(
        kind is Kind.PREVIOUS_EVENT or name.startswith(OPENING) for name, kind in kinds.items()
    ):
        return Obstacle.HAS_A_BEGINNING
    facts = {name for name, kind in kinds.items() if kind not in (*LEVELS, *NO_FACTS)}
    return None if facts - {MEMBER} else Obstacle.IS_A_LEVEL


def is_distinct_count(sql: str) -> bool:
    """Whether a metric counts different people or things, and does nothing else with the count."""
    inner = sql.strip()
    while inner.startswith("(") and _closes_at(inner, 0) == len(inner) - 1:
        inner = inner[1:-1].strip()
    called = re.match(r"uniqExact\w*\s*\(", inner)
    return called is not None and _closes_at(inner, called.end() - 1) == len(inner) - 1


def _closes_at(sql: str, opening: int) -> int:
    """Where the bracket that opens at a place is closed."""
    depth = 0
    for place in range(opening, len(sql)):
        depth += {"(": 1, ")": -1}.get(sql[place], 0)
        if depth == 0:
            return place
    return len(sql)


@dataclass(frozen=True)
class Windows:
    """The windows that end with each bucket of a question.

    Attributes:
        question: what is asked.
        catalog: what there is.
        today: where the buckets of a question without a period end.
    """

    question: Question
    catalog: Catalog
    today: date

    @property
    def reading(self) -> Question:
        """The question that reads all facts of all windows, on their own days.

        Raises:
            QuestionError: there is no time axis, or a slice that belongs to single buckets.
        """
        asked = self.question
        if asked.window is None:
            return asked
        if asked.grain is None:
            raise QuestionError("figures over windows need a time axis")
        if RFM_AT_START in asked.slices:
            raise QuestionError("the segment at the start belongs to one bucket, not to a window")
        period = asked.period
        if period is not None and asked.window.buckets is not None:
            period = Period(_earlier(period.since, asked.grain, asked.window.buckets), period.till)
        return replace(asked, period=period, grain=None, window=None)

    def spread(self, rows: Sequence[Rows], columns: Mapping[str, Column]) -> list[Rows]:
        """The rows that `reading` gave, once under every bucket whose window they lie in.

        Args:
            rows: rows on their own days.
            columns: measures and slices that may be among them.
        """
        window = self.question.window
        if window is None or not rows:
            return list(rows)
        buckets = buckets_of(self.question, self.today)
        named = [name for name in columns if any(name in each.values for each in rows)]
        outputs = [Output(COUNTED_DATE, Column("Date"))]
        outputs += [Output(name, columns[name]) for name in named]
        own = buckets.number(COUNTED_DATE)
        # What has not come yet has no figure.
        last = buckets.number(f"least({buckets.till}, {horizon(self.catalog)})")
        first, until = f"greatest(0, {own})", f"{last} + 1"
        if window.buckets is not None:
            until = f"least({until}, {own} + {window.buckets})"
        source = (
            f"(select *, arrayJoin(range({first}, greatest({first}, {until}))) as bucket"
            f" from ({union(rows, outputs)})) as reached"
        )
        bucket = "reached.bucket"
        begins = buckets.since
        if window.buckets is not None:
            begins = buckets.begin(f"{bucket} - {window.buckets - 1}")
        values = {
            COUNTED_DATE: buckets.first_day(bucket),
            PERIOD_START: begins,
            PERIOD_END: buckets.last_day(bucket),
            **{name: f"reached.{name}" for name in named},
        }
        return [Rows(source, values)]


def _earlier(since: date, grain: str, buckets: int) -> date:
    """Where a window of so many buckets begins that ends with the bucket of a day."""
    begin = bucket_start(since, grain)
    for _ in range(buckets - 1):
        begin = bucket_start(begin - DAY, grain)
    return begin
