"""Answers: the facts of the period put into cells, a metric of each cell."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from tests.metrics.reference.calendar import Bucket, buckets
from tests.metrics.reference.cells import Cell, Metric
from tests.metrics.reference.compared import COMPARISONS, compared
from tests.metrics.reference.facts import Fact
from tests.metrics.reference.questions import Key, Question
from tests.metrics.reference.slicing import (
    AT_START,
    NOT_OF_CUSTOMERS,
    OF_CHANNELS,
    OF_MAILINGS,
    OF_MODELS,
    OF_WHOLE_PEOPLE,
    Opening,
    Slicing,
    applies,
)
from tests.metrics.reference.sources import Sources, together
from tests.metrics.reference.words import NOT_APPLICABLE, Value


@dataclass(frozen=True)
class Whole:
    """A source that is counted without some of the slices asked for."""

    source: str
    deaf_to: frozenset[str]


WHOLES = {
    "all_orders": Whole("orders", OF_MAILINGS | OF_MODELS),
    "all_orders_at_start": Whole("orders", OF_MAILINGS | OF_MODELS | AT_START),
    "all_clicks_of_mailing": Whole("all_clicks", frozenset({"link"})),
    "base": Whole("closing", NOT_OF_CUSTOMERS),
    "base_reach": Whole("reach", NOT_OF_CUSTOMERS - OF_CHANNELS),
}
ON_THEIR_OWN_DATE = {"orders", "previous_orders", "credits_by_order"}
"""Sources whose facts count on the date of what happened, whichever basis is asked for."""
COLLAPSED = {"orders", "previous_orders"}
"""Sources of which an order stands once in a cell, whatever part of it each credit earned."""


class Answers:
    """Answers questions from the facts that `rows` finds for a source."""

    def __init__(self, sources: Sources, slicing: Slicing, metrics: Mapping[str, Metric]) -> None:
        self._sources, self._slicing, self._metrics = sources, slicing, metrics

    def to(self, question: Question) -> dict[Key, Value]:
        """The metric by the bucket's first day (None without a time axis) and the sliced words.

        Cells are there where a fact is; an answer without time axis and slices is always one cell.
        """
        metric = self._metric(question)
        parts = buckets(question.since, question.till, question.grain)
        missing = frozenset(x for x in metric.sources if not self._can_be_asked(x, question))
        cells: dict[Key, Cell] = {}
        if question.grain is None and not question.group:
            cells[(None,)] = Cell(parts[0], missing)
        for source in sorted(metric.sources - set(WHOLES) - missing):
            for key, (bucket, facts) in self._placed(source, question, parts).items():
                cells.setdefault(key, Cell(bucket, missing)).facts[source] = facts
        for source in sorted((metric.sources & set(WHOLES)) - missing):
            self._add_whole(source, question, parts, cells)
        return dict(zip(cells, metric.values(list(cells.values())), strict=True))

    def _metric(self, question: Question) -> Metric:
        if question.compared is None or question.metric not in COMPARISONS:
            return self._metrics[question.metric]
        return compared(question.metric, self._metrics[question.compared])

    def _can_be_asked(self, source: str, question: Question) -> bool:
        """No filter is on a slice that the source does not know, nobody is asked for channels."""
        if source in WHOLES:
            whole = WHOLES[source]
            question = question.without(whole.deaf_to)
            source = whole.source
        if source in OF_WHOLE_PEOPLE and question.slices & OF_CHANNELS:
            return False
        return all(
            applies(source, name, question.slices) or NOT_APPLICABLE in words
            for name, words in question.filters.items()
            if name not in OF_MODELS
        )

    def _add_whole(
        self, source: str, question: Question, parts: list[Bucket], cells: dict[Key, Cell]
    ) -> None:
        """Give every cell the facts of the cell that remains without the slices not heeded."""
        whole = WHOLES[source]
        deaf = whole.deaf_to & question.slices
        kept = [n for n, name in enumerate(question.group) if name not in deaf]
        found = self._placed(whole.source, question.without(deaf), parts)
        if len(kept) == len(question.group):
            for key, (bucket, _) in found.items():
                cells.setdefault(key, Cell(bucket))
        for key, cell in cells.items():
            reduced = (key[0], *(key[1 + n] for n in kept))
            _, facts = found.get(reduced, (cell.bucket, []))
            cell.facts[source] = facts

    def _placed(
        self, source: str, question: Question, parts: list[Bucket]
    ) -> dict[Key, tuple[Bucket, list[Any]]]:
        """Facts of a source by the cells that they belong to, once for each of their words."""
        placed: dict[Key, tuple[Bucket, list[Any]]] = {}
        for bucket in parts:
            for fact in self._sources.rows(source, question, bucket):
                for words in self._cells_of(source, fact, question, bucket):
                    _, facts = placed.setdefault((bucket.name, *words), (bucket, []))
                    facts.append(fact)
        if source in COLLAPSED:
            return {key: (bucket, together(facts)) for key, (bucket, facts) in placed.items()}
        return placed

    def _cells_of(
        self, source: str, fact: Fact, question: Question, bucket: Bucket
    ) -> Iterable[tuple[str, ...]]:
        basis = "event" if source in ON_THEIR_OWN_DATE else question.basis
        opened = Opening(bucket.day_before(), in_brand="brand" in question.slices)

        def words(name: str) -> tuple[str, ...]:
            if not applies(source, name, question.slices):
                return (NOT_APPLICABLE,)
            return self._slicing.words(fact, name, basis, opened)

        for name, wanted in question.filters.items():
            if name not in OF_MODELS and wanted.isdisjoint(words(name)):
                return ()
        return product(
            *(
                [word for word in words(name) if word in question.filters.get(name, {word})]
                for name in question.group
            )
        )
