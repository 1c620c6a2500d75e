"""Rows of a question that measures nothing: the values of slices, or what a number stands for.

A filter's list, a table without metrics and «Drill to detail» ask for slices alone. They are
answered from one mart: the one that can be asked all the filters and knows most of the slices.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from superset_assets.semantics.buckets import Buckets
from superset_assets.semantics.catalog import EVENTS, HOLDOUT, MARTS, PARTICIPANTS, Catalog
from superset_assets.semantics.dated import bucketed, within
from superset_assets.semantics.events import Events
from superset_assets.semantics.intervals import buckets_of
from superset_assets.semantics.question import SEND, Question
from superset_assets.semantics.rows import Output, Rows, union
from superset_assets.semantics.slicing import Slicing

ALIAS = "listed"
MODELS = "attribution_model"


def listed_rows(question: Question, catalog: Catalog, today: date) -> list[Rows]:
    """Rows of one mart; none if there is no mart that all filters can be asked of."""
    buckets = buckets_of(question, today)
    slicings = (_slicing(mart, question, catalog, buckets) for mart in MARTS)
    able = [slicing for slicing in slicings if slicing.applies()]
    if not able:
        return []
    slicing = max(able, key=_fitness)
    day = _day(slicing.table, question)
    conditions = [*(within(day, question) if day else ()), *slicing.conditions()]
    if slicing.table == EVENTS and question.grouped != (MODELS,):
        conditions.append(Events(question, catalog, today).model(f"{ALIAS}."))
    values = {**bucketed(day or buckets.since, buckets), **slicing.values()}
    source = slicing.joined(f"{catalog.table(slicing.table)} as {ALIAS}")
    return [Rows(source, values, tuple(conditions))]


def no_rows(catalog: Catalog) -> str:
    """A SELECT of all slices that gives no row."""
    slices = catalog.slices.items()
    return union([], [Output(name, replace(column, group="")) for name, column in slices])


def with_calculated(rows: str, columns: Mapping[str, str | None]) -> str:
    """Rows with calculated columns: those that have an expression over others."""
    calculated = [f"{expression} as {name}" for name, expression in columns.items() if expression]
    return f"select {', '.join(('*', *calculated))} from ({rows})"


def _slicing(mart: str, question: Question, catalog: Catalog, buckets: Buckets) -> Slicing:
    number = buckets.number(_day(mart, question) or buckets.since)
    return Slicing(question, catalog, mart, ALIAS, buckets, number)


def _fitness(slicing: Slicing) -> tuple[int, int]:
    """How many of the slices the mart knows, and how many of them are its own columns."""
    slices = slicing.question.slices
    columns = (slicing.catalog.column_of(slicing.table, name) for name in slices)
    return sum(map(slicing.knows, slices)), sum(column is not None for column in columns)


def _day(mart: str, question: Question) -> str:
    """The date that rows of a mart count on; empty for what has none."""
    of_events = "send_date" if question.basis == SEND else "event_date"
    days = {EVENTS: of_events, PARTICIPANTS: "participant_date", HOLDOUT: "holdout_month"}
    return f"{ALIAS}.{days[mart]}" if mart in days else ""
