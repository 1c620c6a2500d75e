"""Every metric, as Superset asks for it, against a count by hand over the world's facts."""

import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from superset_assets.metric_sql import MetricSql
from tests.metrics.chain import Chain
from tests.metrics.reference import Question, Reference, Value

AS_OF = {"active_customers": False, "buyers_total": True}
MAILING_SLICES = (
    *("brand", "mailing_channel", "mailing_type", "mailing", "mailing_folder", "mailing_topic"),
    *("mailing_source", "gender", "region", "email_domain_group", "cohort_month", "weekday"),
)
# Not by brand, in which an order has another number than in the history of all brands.
ORDER_SLICES = (
    *("order_channel", "order_seq_group", "gender", "region", "email_domain_group"),
    *("cohort_month", "weekday"),
)
BASE_SLICES = ("brand", "gender", "region", "email_domain_group")
ORDER_METRICS = (
    *("buyers", "repeat_buyers", "repeat_buyer_share", "orders", "orders_identified", "revenue"),
    *("revenue_identified", "aov", "purchase_frequency", "revenue_per_buyer"),
)
MAILING_METRICS = (
    *("messages_total", "sent", "not_sent", "delivered", "not_delivered", "bounces", "opens"),
    *("clicks", "unsubscribes", "recipients", "mail_orders", "mail_revenue", "delivery_rate"),
    *("revenue_per_message", "open_rate", "click_rate", "ctor", "unsubscribe_rate"),
    *("mail_order_conversion", "mail_aov"),
)
ACTIVE = timedelta(days=255)
DRAWS = 5


def asked(question: Question, chain: Chain, sql: MetricSql) -> Value:
    """What the warehouse says, asked the way a board asks."""
    where = "".join(f" AND {name} IN {{{name}:Array(String)}}" for name in question.filters)
    query = (
        f"SELECT toString({sql.expression(question.metric)}) "  # noqa: S608 (no foreign text)
        f"FROM marts.{sql.model(question.metric)} "
        f"WHERE {question.basis}_date >= {{since:Date}} "
        f"AND {question.basis}_date < {{till:Date}}{where}"
    )
    after = question.till + timedelta(days=1)
    words = {name: sorted(chosen) for name, chosen in question.filters.items()}
    bound: dict[str, Any] = {"since": question.since, "till": after, **words}
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
        filters = {name: set(self._reference.words(fact, name)) for name in chosen}
        return Question(self._metric, basis, since, till, filters)


def same(found: Value, expected: Value) -> bool:
    """Equal up to the rounding of a floating quotient."""
    if found is None or expected is None:
        return found is expected
    return abs(found - expected) <= Decimal("1e-9") * max(Decimal(1), abs(expected))


@pytest.mark.parametrize("metric", ORDER_METRICS + MAILING_METRICS)
def test_metric_equals_a_count_by_hand(
    chain: Chain, sql: MetricSql, reference: Reference, metric: str
) -> None:
    draws = Draws(chain, reference, metric)
    names = ORDER_SLICES if metric in ORDER_METRICS else MAILING_SLICES
    told = 0
    for basis in ("send", "event") * DRAWS:
        question = draws.question(basis, names)
        (expected,) = reference.answer(question).values()
        found = asked(question, chain, sql)
        assert same(found, expected), (question, found, expected)
        told += bool(expected)
    assert told, "all draws were empty: the test says nothing"


def buyers_at(reference: Reference, question: Question, *, ever: bool) -> int:
    """Persons with an order in the days that end with the last one, or at any time before."""
    zone = ZoneInfo("Europe/Moscow")
    end = datetime.combine(question.till + timedelta(days=1), datetime.min.time(), zone)
    end_ms, length_ms = int(end.timestamp() * 1000), int(ACTIVE.total_seconds() * 1000)
    return len(
        {
            order.person
            for order in reference.orders
            if order.person is not None
            and order.at < end_ms
            and (ever or order.at >= end_ms - length_ms)
            and order.brand in question.filters.get("brand", {order.brand})
            and all(
                reference.people[order.person].slices[name] in words
                for name, words in question.filters.items()
                if name != "brand"
            )
        }
    )


@pytest.mark.parametrize("metric", AS_OF)
def test_state_is_that_of_the_last_day(
    chain: Chain, sql: MetricSql, reference: Reference, metric: str
) -> None:
    draws = Draws(chain, reference, metric)
    for basis in ("send", "event") * DRAWS:
        question = draws.question(basis, BASE_SLICES)
        expected = buyers_at(reference, question, ever=AS_OF[metric])
        assert asked(question, chain, sql) == expected, question
