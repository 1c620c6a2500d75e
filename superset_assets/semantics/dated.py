"""Marts with one date per row (experiments, control groups), and segments, which are intervals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from superset_assets.semantics.buckets import Buckets, day_literal
from superset_assets.semantics.catalog import HOLDOUT, PARTICIPANTS, SEGMENTS, Catalog
from superset_assets.semantics.intervals import Intervals, buckets_of
from superset_assets.semantics.question import Question
from superset_assets.semantics.rows import COUNTED_DATE, PERIOD_END, PERIOD_START, Rows
from superset_assets.semantics.slicing import Slicing

MEMBER, ENTRY, EXIT = "segment_is_member", "segment_is_entry", "segment_is_exit"
FLOWS = {ENTRY: "segment_entered_on", EXIT: "segment_left_on"}


@dataclass(frozen=True)
class DatedMart:
    """A mart whose rows count on a date of their own.

    Attributes:
        table: the mart.
        date: the column with the date.
        alias: name in the SELECT, and what its measures begin with.
    """

    table: str
    date: str
    alias: str


DATED_MARTS = (
    DatedMart(PARTICIPANTS, "participant_date", "participant"),
    DatedMart(HOLDOUT, "holdout_month", "holdout"),
)


def dated_mart_of(measure: str, catalog: Catalog) -> DatedMart | None:
    """The mart that a measure is a column of."""
    for mart in DATED_MARTS:
        if measure.startswith(f"{mart.alias}_") and measure in catalog.tables.get(mart.table, {}):
            return mart
    return None


def dated_rows(
    mart: DatedMart, measures: Sequence[str], question: Question, catalog: Catalog, today: date
) -> Rows | None:
    """Rows of a mart, None where a filter cannot be asked of it."""
    day, buckets = f"{mart.alias}.{mart.date}", buckets_of(question, today)
    slicing = Slicing(question, catalog, mart.table, mart.alias, buckets, buckets.number(day))
    if not slicing.applies():
        return None
    values = {
        **bucketed(day, buckets),
        "customer_key": f"{mart.alias}.customer_key",
        **slicing.values(),
        **{name: f"{mart.alias}.{name}" for name in measures},
    }
    source = slicing.joined(f"{catalog.table(mart.table)} as {mart.alias}")
    return Rows(source, values, (*within(day, question), *slicing.conditions()))


def segment_rows(
    measures: Sequence[str], question: Question, catalog: Catalog, today: date
) -> Iterator[Rows]:
    """Members on every bucket's last day, and who came or went during it."""
    buckets = buckets_of(question, today)
    slicing = Slicing(question, catalog, SEGMENTS, "segments", buckets, "segments.bucket")
    if not slicing.applies():
        return
    customer = {"customer_key": "segments.customer_key"}
    if MEMBER in measures:
        intervals = Intervals(
            catalog, buckets, SEGMENTS, "segments", "segment_valid_from", "segment_valid_till"
        )
        yield Rows(
            slicing.joined(intervals.source(opening=False)),
            {**intervals.dates(), **customer, **slicing.values(), MEMBER: "toUInt8(1)"},
            (intervals.begun(), *slicing.conditions()),
        )
    for measure, column in FLOWS.items():
        if measure in measures:
            day = f"assumeNotNull(segments.{column})"
            slicing = replace(slicing, bucket=buckets.number(day))
            yield Rows(
                slicing.joined(f"{catalog.table(SEGMENTS)} as segments"),
                {**bucketed(day, buckets), **customer, **slicing.values(), measure: "toUInt8(1)"},
                (
                    f"segments.{column} is not null",
                    *within(day, question),
                    *slicing.conditions(),
                ),
            )


def bucketed(day: str, buckets: Buckets) -> dict[str, str]:
    """A date with the ends of the bucket that it lies in."""
    number = buckets.number(day)
    return {
        COUNTED_DATE: day,
        PERIOD_START: buckets.first_day(number),
        PERIOD_END: buckets.last_day(number),
    }


def within(day: str, question: Question) -> tuple[str, ...]:
    """Conditions that a date lies in the period."""
    if question.period is None:
        return ()
    return (
        f"{day} >= {day_literal(question.period.since)}",
        f"{day} <= {day_literal(question.period.till)}",
    )
