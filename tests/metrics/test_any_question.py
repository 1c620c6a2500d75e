"""Any metric, by any slices, over any period: the warehouse, and a count by hand.

The questions are drawn anew from a seed that a failure names; `MINDBOX_ANALYTICS_SEED` asks the
same again, or others.
"""

import pytest

from superset_assets.metric_sql import MetricSql
from superset_assets.semantics.trend import mentions_trend
from tests.metrics.drawing import SEED, Draws, differences
from tests.metrics.reference import METRICS, Question, Reference
from tests.metrics.warehouse import Warehouse

DRAWS_EACH = 1
MANY_DRAWS = 5_000


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
    """But lines through other metrics, which `test_modifiers` draws by hand."""
    written = MetricSql(warehouse.manifest)
    lines = {x for x in warehouse.manifest.metrics if mentions_trend(written.expression(x))}

    assert set(METRICS) == set(warehouse.manifest.metrics) - lines
