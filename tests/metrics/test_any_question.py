"""Any metric, by any slices, over any period: the warehouse, and a count by hand.

The questions are drawn anew from a seed that a failure names; `MINDBOX_ANALYTICS_SEED` asks the
same again, or others.
"""

import os
import random
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from superset_assets.semantics.comparison import CHOICES
from tests.metrics.reference import METRICS, Question, Reference, Value
from tests.metrics.reference.asking import WHOLES
from tests.metrics.reference.compared import COMPARISONS
from tests.metrics.reference.slicing import EVERY_SLICE, applies
from tests.metrics.warehouse import Warehouse

SEED = os.environ.get("MINDBOX_ANALYTICS_SEED", "2025-04-17")
GRAINS = (None, None, "day", "week", "month", "quarter", "year")
DRAWS_EACH = 1
MANY_DRAWS = 5_000
Key = tuple[object, ...]


class Draws:
    """Random questions of one metric, the same for the same seed."""

    def __init__(self, warehouse: Warehouse, reference: Reference, metric: str) -> None:
        self._random = random.Random(f"{SEED} {metric}")  # noqa: S311 (no secret)
        self._reference, self._metric, self._last = reference, metric, warehouse.today
        offered = warehouse.slices_of(metric)
        self._slices = sorted(
            name for name in EVERY_SLICE & offered if self._applies(name, frozenset({name}))
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
        sources = METRICS[self._metric].sources - set(WHOLES)
        return all(applies(source, name, asked) for source in sources)

    def _words(self, plain: Question, name: str) -> list[str]:
        asked = Question(self._metric, plain.basis, plain.since, plain.till, {}, (name,), None)
        return sorted({str(key[1]) for key in self._reference.answer(asked)})


def same(found: Value, expected: Value) -> bool:
    """Equal up to the rounding of a floating quotient; nothing and 0 are told apart."""
    if found is None or expected is None:
        return found is expected
    return abs(found - expected) <= Decimal("1e-9") * max(Decimal(1), abs(expected))


def differences(
    found: dict[Key, Value], expected: dict[Key, Value]
) -> Iterator[tuple[Key, Value, Value]]:
    """Cells that differ; one that is not there is as good as one of 0 or nothing."""
    for key in found.keys() | expected.keys():
        ours, theirs = found.get(key), expected.get(key)
        if key in found and key in expected:
            if not same(ours, theirs):
                yield key, ours, theirs
        elif ours or theirs:
            yield key, ours, theirs


def compare(warehouse: Warehouse, reference: Reference, question: Question) -> None:
    found, expected = warehouse.answer(question), reference.answer(question)
    differing = sorted(differences(found, expected), key=str)
    assert not differing, (SEED, question, differing[:5], warehouse.sql(question))


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_a_question_has_the_answer_of_a_count_by_hand(
    warehouse: Warehouse, reference: Reference, metric: str
) -> None:
    draws = Draws(warehouse, reference, metric)
    for _ in range(DRAWS_EACH):
        compare(warehouse, reference, draws.question())


@pytest.mark.verify
@pytest.mark.parametrize("metric", sorted(METRICS))
def test_many_questions_have_the_answers_of_a_count_by_hand(
    warehouse: Warehouse, reference: Reference, metric: str
) -> None:
    draws = Draws(warehouse, reference, metric)
    for _ in range(-(-MANY_DRAWS // len(METRICS))):
        compare(warehouse, reference, draws.question())


def test_every_metric_is_counted_by_hand_too(warehouse: Warehouse) -> None:
    defined = set(warehouse.manifest.metrics)

    assert set(METRICS) == defined
