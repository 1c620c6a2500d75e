"""Every metric, as Superset asks for it, against a count by hand over the world's facts."""

import random
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
DRAWS = 8


def period(rng: random.Random, chain: Chain) -> tuple[date, date]:
    """Days from any to any: no edge of a month, week or quarter is aimed at."""
    days = 13 * 30
    since = chain.until.date() - timedelta(days=rng.randrange(20, days))
    return since, min(since + timedelta(days=rng.randrange(200)), chain.until.date())


def slices_of(rng: random.Random, reference: Reference, names: tuple[str, ...]) -> dict[str, str]:
    """Up to two slices at values that some fact has, so that most draws are not empty."""
    fact = rng.choice(reference.facts)
    chosen = rng.sample(names, rng.randrange(3))
    return {name: fact.slices.get(name, UNKNOWN) for name in chosen}


def answer(
    chain: Chain, sql: MetricSql, metric: str, basis: str, since: date, till: date, slices: dict[str, str]
) -> Value:
    """What the warehouse says, asked the way a board asks."""
    where = "".join(f" AND {name} = {{{name}:String}}" for name in slices)
    query = (
        f"SELECT toString({sql.expression(metric)}) FROM marts.{sql.model(metric)} "
        f"WHERE {basis}_date >= {{since:Date}} AND {basis}_date < {{till:Date}}{where}"
    )
    bound: dict[str, Any] = {"since": since, "till": till + timedelta(days=1), **slices}
    (value,) = chain.client.query(query, parameters=bound).first_row
    return None if value is None else Decimal(value)


def same(found: Value, expected: Value) -> bool:
    """Equal up to the rounding of a floating quotient."""
    if found is None or expected is None:
        return found is expected
    return abs(found - expected) <= Decimal("1e-9") * max(Decimal(1), abs(expected))


@pytest.mark.parametrize("metric", METRICS)
def test_metric_equals_a_count_by_hand(
    chain: Chain, sql: MetricSql, reference: Reference, metric: str
) -> None:
    rng = random.Random(f"metric {metric}")
    names = ORDER_SLICES if metric in ORDER_METRICS else MAILING_SLICES
    told = 0
    for draw in range(DRAWS):
        basis = ("send", "event")[draw % 2]
        since, till = period(rng, chain)
        slices = slices_of(rng, reference, names)
        expected = METRICS[metric](within(reference.facts, basis, since, till, slices))
        found = answer(chain, sql, metric, basis, since, till, slices)
        assert same(found, expected), (metric, basis, since, till, slices, found, expected)
        told += bool(expected)
    assert told, "all draws were empty: the test says nothing"


@pytest.mark.parametrize("metric", AS_OF)
def test_state_is_that_of_the_last_day(
    chain: Chain, sql: MetricSql, reference: Reference, metric: str
) -> None:
    rng = random.Random(f"metric {metric}")
    for _ in range(DRAWS):
        since, till = period(rng, chain)
        slices = slices_of(rng, reference, BASE_SLICES)
        expected = reference.active_customers(till, slices, ever=AS_OF[metric])
        found = answer(chain, sql, metric, "event", since, till, slices)
        assert found == expected, (metric, since, till, slices)
