"""Questions, and their answers: the facts of the period put into cells, a metric of each cell."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import product
from typing import Any

from tests.metrics.reference.calendar import Bucket, buckets
from tests.metrics.reference.cells import Cell, Metric
from tests.metrics.reference.slicing import NOT_OF_CUSTOMERS, OF_MAILINGS, OF_MODELS
from tests.metrics.reference.words import Value

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Question:
    """A metric over a period, in parts.

    Attributes:
        metric: its name in the catalogue.
        basis: `send` for the date of the message, `event` for the date of what happened.
        since, till: first and last day, both included.
        filters: words that a slice may have, by slice; all of them must hold.
        group: slices that the answer is cut by.
        grain: unit of the time axis (day, week, month, quarter, year), None without one.
    """

    metric: str
    basis: str
    since: date
    till: date
    filters: dict[str, set[str]] = field(default_factory=dict)
    group: tuple[str, ...] = ()
    grain: str | None = None

    @property
    def slices(self) -> frozenset[str]:
        """All slices that it names."""
        return frozenset(self.filters) | frozenset(self.group)

    def without(self, slices: frozenset[str]) -> "Question":
        """The same, deaf to some slices."""
        return replace(
            self,
            filters={name: words for name, words in self.filters.items() if name not in slices},
            group=tuple(name for name in self.group if name not in slices),
        )


@dataclass(frozen=True)
class Whole:
    """A source that is counted without some of the slices asked for."""

    source: str
    deaf_to: frozenset[str]


WHOLES = {
    "all_orders": Whole("orders", OF_MAILINGS | OF_MODELS),
    "all_lines": Whole("orders", OF_MAILINGS | OF_MODELS),
    "all_clicks_of_mailing": Whole("all_clicks", frozenset({"link"})),
    "base": Whole("closing", NOT_OF_CUSTOMERS),
    "base_opening": Whole("opening", NOT_OF_CUSTOMERS),
}


class Answers:
    """Answers questions from the facts that `rows` finds for a source."""

    def __init__(self, sources: Any, words: Any, metrics: dict[str, Metric]) -> None:
        self._sources, self._words, self._metrics = sources, words, metrics

    def to(self, question: Question) -> dict[Key, Value]:
        """The metric by the bucket's first day (None without a time axis) and the sliced words.

        Cells are there where a fact is; an answer without time axis and slices is always one cell.
        """
        metric = self._metrics[question.metric]
        parts = buckets(question.since, question.till, question.grain)
        cells: dict[Key, Cell] = {}
        if question.grain is None and not question.group:
            cells[(None,)] = Cell(parts[0])
        for source in sorted(metric.sources - set(WHOLES)):
            for key, bucket, fact in self._placed(source, question, parts):
                cells.setdefault(key, Cell(bucket))[source].append(fact)
        for source in sorted(metric.sources & set(WHOLES)):
            self._add_whole(source, question, parts, cells)
        return {key: metric.value(cell) for key, cell in cells.items()}

    def _add_whole(
        self, source: str, question: Question, parts: list[Bucket], cells: dict[Key, Cell]
    ) -> None:
        whole = WHOLES[source]
        deaf = whole.deaf_to & question.slices
        reduced = question.without(deaf)
        found: dict[Key, list[Any]] = {}
        kept = [n for n, name in enumerate(question.group) if name not in deaf]
        for key, bucket, fact in self._placed(whole.source, reduced, parts):
            found.setdefault(key, []).append(fact)
            if not deaf & set(question.group):
                cells.setdefault(key, Cell(bucket))
        for key, cell in cells.items():
            cell[source].extend(found.get((key[0], *(key[1 + n] for n in kept)), []))

    def _placed(
        self, source: str, question: Question, parts: list[Bucket]
    ) -> Iterator[tuple[Key, Bucket, Any]]:
        """Facts of a source with the cell that each belongs to, once for each of its words."""
        for bucket in parts:
            for fact in self._sources.rows(source, question, bucket):
                for words in self._cells_of(fact, question):
                    yield (bucket.name, *words), bucket, fact

    def _cells_of(self, fact: Any, question: Question) -> Iterable[tuple[str, ...]]:
        for name, wanted in question.filters.items():
            if wanted.isdisjoint(self._words(fact, name)):
                return ()
        return product(
            *(
                [w for w in self._words(fact, name) if w in question.filters.get(name, {w})]
                for name in question.group
            )
        )
