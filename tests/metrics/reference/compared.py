"""Comparison of campaigns by a metric that the question chooses: section C.8 of the catalogue.

A row of the answer is set beside all other rows of it; these are pooled, not averaged.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tests.metrics.reference.cells import Cell, Metric, counted
from tests.metrics.reference.words import Value

DEFAULT = "revenue_per_message"
LEAST_DELIVERED, LEAST_ROWS = 500, 10
DELIVERED = counted("messages", lambda fact: fact.letter.is_delivered)
Beside = Callable[[Metric, Cell, Sequence[Cell]], Value]


@dataclass(frozen=True)
class Comparison(Metric):
    """What the chosen metric says of a row beside the other rows; `value` is that of a lone row."""

    chosen: Metric
    beside: Beside

    def values(self, cells: Sequence[Cell]) -> list[Value]:
        """The comparison of every row with all others."""
        return [
            self.beside(self.chosen, cell, [x for x in cells if x is not cell]) for cell in cells
        ]


def _own(chosen: Metric, cell: Cell, _: Sequence[Cell]) -> Value:
    return chosen.value(cell)


def _pooled(chosen: Metric, cell: Cell, others: Sequence[Cell]) -> Value:
    """The metric of all other rows together: what stands in two of them counts in both."""
    pool = Cell(cell.bucket, cell.missing)
    for other in others:
        for source, facts in other.facts.items():
            pool.facts[source] += facts
    return chosen.value(pool)


def _difference(chosen: Metric, cell: Cell, others: Sequence[Cell]) -> Value:
    own, pooled = chosen.value(cell), _pooled(chosen, cell, others)
    return None if own is None or pooled is None else own - pooled


def _relative(chosen: Metric, cell: Cell, others: Sequence[Cell]) -> Value:
    own, pooled = chosen.value(cell), _pooled(chosen, cell, others)
    return None if own is None or not pooled else own / pooled - 1


def _place(chosen: Metric, cell: Cell, others: Sequence[Cell]) -> Value:
    """Among rows with enough messages; equals share the best of their places."""

    def ranked(row: Cell) -> Value:
        delivered = DELIVERED.value(row)
        return chosen.value(row) if delivered and delivered >= LEAST_DELIVERED else None

    own = ranked(cell)
    if own is None:
        return None
    return Decimal(1 + sum(1 for x in map(ranked, others) if x is not None and x > own))


def _share_below(chosen: Metric, cell: Cell, others: Sequence[Cell]) -> Value:
    """Of the other rows that have a value; nothing where there are few."""
    own = chosen.value(cell)
    told = [value for value in map(chosen.value, others) if value is not None]
    if own is None or len(told) + 1 < LEAST_ROWS:
        return None
    return Decimal(sum(1 for value in told if value < own)) / len(told)


def _overlap(_: Metric, cell: Cell, __: Sequence[Cell]) -> Value:
    """Of two mailings, and of no other number: recipients of both among those of either."""
    delivered = [fact for fact in cell["messages"] if fact.letter.is_delivered]
    if len({fact.mailing for fact in delivered}) != 2:
        return None
    pairs = {(fact.person, fact.mailing) for fact in delivered if fact.person is not None}
    received = Counter(person for person, _ in pairs)
    both = sum(1 for mailings in received.values() if mailings > 1)
    return Decimal(both) / len(received) if received else None


COMPARISONS: dict[str, Beside] = {
    "cmp_value": _own,
    "cmp_rank": _place,
    "cmp_benchmark": _pooled,
    "cmp_vs_benchmark": _difference,
    "cmp_vs_benchmark_pct": _relative,
    "cmp_percentile": _share_below,
    "cmp_overlap": _overlap,
}
OF_LETTERS = frozenset({"messages", "opens", "clicks", "leavings", "all_clicks"})
"""Sources of messages: where one of them is, a campaign is a row of the comparison."""
COUNTING_DELIVERIES = {"cmp_rank"}
WITHOUT_CHOICE = {"cmp_overlap"}


def compared(name: str, chosen: Metric) -> Comparison:
    """A metric of the comparison, by the metric chosen."""
    sources = frozenset() if name in WITHOUT_CHOICE else chosen.sources
    if name in COUNTING_DELIVERIES | WITHOUT_CHOICE:
        sources |= DELIVERED.sources
    if sources & OF_LETTERS:
        sources |= OF_LETTERS
    beside = COMPARISONS[name]
    return Comparison(sources, lambda cell: beside(chosen, cell, ()), chosen, beside)


def comparisons(metrics: Mapping[str, Metric]) -> dict[str, Metric]:
    """All of them as they are without a choice."""
    return {name: compared(name, metrics[DEFAULT]) for name in COMPARISONS}
