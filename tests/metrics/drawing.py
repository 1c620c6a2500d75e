"""Random questions, and how an answer is held against a count by hand."""

import os
import random
from collections.abc import Collection, Iterator
from datetime import timedelta
from decimal import Decimal

from superset_assets.semantics.comparison import CHOICES
from tests.metrics.reference import METRICS, Question, Reference, Value
from tests.metrics.reference.asking import WHOLES
from tests.metrics.reference.compared import COMPARISONS
from tests.metrics.reference.slicing import EVERY_SLICE, applies
from tests.metrics.warehouse import Warehouse

SEED = os.environ.get("MINDBOX_ANALYTICS_SEED", "2025-04-17")
GRAINS = (None, None, "day", "week", "month", "quarter", "year")
HALF_A_KOPECK = Decimal("0.005")
Key = tuple[object, ...]
Difference = tuple[Key, Value, Value]


class Draws:
    """Random questions, the same for the same seed.

    They are about the first of the metrics named, and can be put about the others too.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        reference: Reference,
        *metrics: str,
        occasion: str = "",
        slices: Collection[str] = EVERY_SLICE,
    ) -> None:
        self._random = random.Random(f"{SEED} {metrics[0]}{occasion}")  # noqa: S311 (no secret)
        self._reference, self._last = reference, warehouse.today
        self._metric, self._metrics = metrics[0], metrics
        offered = set(slices).intersection(*(warehouse.slices_of(metric) for metric in metrics))
        self._slices = sorted(
            name for name in offered & EVERY_SLICE if self._applies(name, frozenset({name}))
        )

    def question(self) -> Question:
        """Any days, any axis, up to three slices, each grouped or filtered by.

        A filter takes words that some fact has, so that most questions have an answer.
        """
        chance = self._random
        since = self._last - timedelta(days=chance.randrange(10, 13 * 30))
        till = min(since + timedelta(days=chance.randrange(240)), self._last)
        plain = Question(self._metric, chance.choice(("send", "event")), since, till)
        grain = chance.choice(GRAINS)
        chosen = chance.sample(self._slices, min(chance.randrange(4), len(self._slices)))
        chosen = [name for name in chosen if self._applies(name, frozenset(chosen))]
        group, filters = [], {}
        for name in chosen:
            if chance.random() < 0.5:
                group.append(name)
            else:
                words = self._words(plain, name)
                # Two models never add up: of several chosen ones the first speaks.
                most = 1 if name == "attribution_model" else chance.choice((1, 2))
                if words:
                    filters[name] = set(chance.sample(words, min(len(words), most)))
        compared = chance.choice(CHOICES) if self._metric in COMPARISONS else None
        return Question(
            self._metric, plain.basis, since, till, filters, tuple(group), grain, compared
        )

    def _applies(self, name: str, asked: frozenset[str]) -> bool:
        return all(applies_to(metric, name, asked) for metric in self._metrics)

    def _words(self, plain: Question, name: str) -> list[str]:
        asked = Question(self._metric, plain.basis, plain.since, plain.till, {}, (name,), None)
        return sorted({str(key[1]) for key in self._reference.answer(asked)})


def applies_to(metric: str, name: str, asked: frozenset[str]) -> bool:
    """Whether a slice can be asked of all that a metric counts, beside the others asked for."""
    sources = METRICS[metric].sources - set(WHOLES)
    return all(applies(source, name, asked) for source in sources)


def same(found: Value, expected: Value) -> bool:
    """Equal up to the rounding of a floating quotient; nothing and 0 are told apart.

    Whole numbers have to be equal, money to the kopeck.
    """
    if found is None or expected is None:
        return found is expected
    rounding = Decimal("1e-9") * max(Decimal(1), abs(expected))
    return abs(found - expected) <= min(rounding, HALF_A_KOPECK)


def differences(found: dict[Key, Value], expected: dict[Key, Value]) -> Iterator[Difference]:
    """Cells that differ; one that is not there is as good as one of 0 or nothing."""
    for key in found.keys() | expected.keys():
        ours, theirs = found.get(key), expected.get(key)
        if key in found and key in expected:
            if not same(ours, theirs):
                yield key, ours, theirs
        elif ours or theirs:
            yield key, ours, theirs
