"""Every metric, as Superset asks for it, against a count by hand over the world's facts."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from superset_assets.metric_sql import MetricSql
from tests.metrics.chain import Chain
from tests.metrics.reference import METRICS, UNKNOWN, Reference, Value, within

AS_OF = {"active_customers": False, "buyers_total": True}
MAILING_SLICES = (
    *("brand", "mailing_channel", "mailing_type", "mailing", "mailing_folder", "mailing_topic"),
    *("mailing_source", "gender", "region", "email_domain_group", "cohort_month", "weekday"),
)
ORDER_SLICES = (
    *("brand", "order_channel", "order_seq_group", "gender", "region", "email_domain_group"),
    *("cohort_month", "weekday"),
)
BASE_SLICES = ("brand", "gender", "region", "email_domain_group")
ORDER_METRICS = set(list(METRICS)[: list(METRICS).index("messages_total")])
DRAWS = 5


@dataclass(frozen=True)
class Question:
    """A metric over days, both included, on the send or the event basis, in some slices."""

    metric: str
    basis: str
    since: date
    till: date
    slices: dict[str, str]

    def asked(self, chain: Chain, sql: MetricSql) -> Value:
        """What the warehouse says, asked the way a board asks."""
        where = "".join(f" AND {name} = {{{name}:String}}" for name in self.slices)
        query = (
            f"SELECT toString({sql.expression(self.metric)}) "  # noqa: S608 (no foreign text)
            f"FROM marts.{sql.model(self.metric)} "
            f"WHERE {self.basis}_date >= {{since:Date}} "
            f"AND {self.basis}_date < {{till:Date}}{where}"
        )
        after = self.till + timedelta(days=1)
        bound: dict[str, Any] = {"since": self.since, "till": after, **self.slices}
        (value,) = chain.client.query(query, parameters=bound).first_row
        return None if value is None else Decimal(value)


class Draws:
    """Random questions, the same in every run."""

    def __init__(self, chain: Chain, reference: Reference, metric: str) -> None:
        self._random = random.Random(f"metric {metric}")  # noqa: S311 (no secret)
        self._chain, self._reference, self._metric = chain, reference, metric

    def question(self, basis: str, names: tuple[str, ...]) -> Question:
        """Any days, so that no edge of a month or week is aimed at, and up to two slices.

        Slices stand at values that some fact has, so that most questions have an answer.
        """
        last = self._chain.until.date()
        since = last - timedelta(days=self._random.randrange(20, 13 * 30))
        till = min(since + timedelta(days=self._random.randrange(200)), last)
        fact = self._random.choice(self._reference.facts)
        chosen = self._random.sample(names, self._random.randrange(3))
        slices = {name: fact.slices.get(name, UNKNOWN) for name in chosen}
        return Question(self._metric, basis, since, till, slices)


def same(found: Value, expected: Value) -> bool:
    """Equal up to the rounding of a floating quotient."""
    if found is None or expected is None:
        return found is expected
    return abs(found - expected) <= Decimal("1e-9") * max(Decimal(1), abs(expected))


@pytest.mark.parametrize("metric", METRICS)
def test_metric_equals_a_count_by_hand(
    chain: Chain, sql: MetricSql, reference: Reference, metric: str
) -> None:
    draws = Draws(chain, reference, metric)
    names = ORDER_SLICES if metric in ORDER_METRICS else MAILING_SLICES
    told = 0
    for basis in ("send", "event") * DRAWS:
        question = draws.question(basis, names)
        facts = within(reference.facts, basis, question.since, question.till, question.slices)
        expected = METRICS[metric](facts)
        found = question.asked(chain, sql)
        assert same(found, expected), (question, found, expected)
        told += bool(expected)
    assert told, "all draws were empty: the test says nothing"


@pytest.mark.parametrize("metric", AS_OF)
def test_state_is_that_of_the_last_day(
    chain: Chain, sql: MetricSql, reference: Reference, metric: str
) -> None:
    draws = Draws(chain, reference, metric)
    for basis in ("send", "event") * DRAWS:
        question = draws.question(basis, BASE_SLICES)
        expected = reference.active_customers(question.till, question.slices, ever=AS_OF[metric])
        assert question.asked(chain, sql) == expected, question
