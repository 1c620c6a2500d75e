"""Customers' states and what happens to customers, day by day beside what is counted by hand."""

import random
from collections import Counter
from datetime import date, timedelta

import pytest

from tests.metrics.chain import Chain
from tests.metrics.reference import Reference
from tests.metrics.reference.states import ChannelState, State
from tests.metrics.reference.words import EVER

SEED = 20250417
FIRST, LAST = date(2024, 3, 1), date(2025, 4, 17)
DAYS = random.Random(SEED).sample(range((LAST - FIRST).days + 1), 24)  # noqa: S311 (a test's)
ALL_BRANDS = "Все бренды"
BRANDS = (ALL_BRANDS, "yasen", "severchay")
SLICES = (
    *("lifecycle_stage", "rfm_segment", "reachable_set"),
    *("subscription_state", "engagement_band", "customer_segments"),
)
EPOCH = date(1970, 1, 1)
Told = tuple[object, ...]


@pytest.fixture(params=sorted({0, (LAST - FIRST).days, *DAYS}), ids=lambda n: f"day {n}")
def day(request: pytest.FixtureRequest) -> date:
    """The first day, the last one, and some between them."""
    return FIRST + timedelta(days=request.param)


def _told(state: State) -> Told:
    slices = {**state.slices, "customer_segments": state.slices["customer_segment"]}
    return (
        *(state.is_customer, state.is_contact, state.is_reachable, state.is_invalid),
        *(state.is_contact and state.is_online, state.is_contact and state.is_offline),
        state.is_contact and state.is_engaged,
        *(state.is_buyer, state.is_active, state.is_at_risk),
        *(state.is_buyer and not state.is_active, state.orders, state.amount),
        *(state.first_order or EPOCH, state.last_order or EPOCH),
        *(slices[name] for name in SLICES),
    )


def _known(reference: Reference, brand: str, day: date) -> list[State]:
    lives = reference.states.lives[brand].values()
    return [state for life in lives if (state := life.at(day)) is not None]


@pytest.mark.parametrize("brand", BRANDS)
def test_everybodys_state_is_as_counted_by_hand(
    chain: Chain, reference: Reference, brand: str, day: date
) -> None:
    rows = chain.client.query(
        "SELECT is_customer, is_contact, is_reachable, is_invalid, is_online_contact, "
        "is_offline_contact, is_engaged_contact, is_buyer, is_active, is_at_risk, is_churned, "
        "orders_to_date, amount_to_date, first_order_date, last_order_date, "
        "toString(lifecycle_stage), toString(rfm_segment), reachable_set, "
        "toString(subscription_state), toString(engagement_band), customer_segments "
        "FROM marts.mart_customer_states "
        "WHERE brand = {brand:String} AND valid_from <= {day:Date} AND valid_till > {day:Date}",
        parameters={"brand": brand, "day": day},
    ).result_rows
    found = Counter((*row[:-1], tuple(row[-1])) for row in rows)

    assert found == Counter(_told(state) for state in _known(reference, brand, day))


@pytest.mark.parametrize("brand", BRANDS)
def test_every_channel_is_as_counted_by_hand(
    chain: Chain, reference: Reference, brand: str, day: date
) -> None:
    rows = chain.client.query(
        "SELECT toString(mailing_channel), is_contact, is_invalid, is_subscribed, "
        "is_unsubscribed, is_reachable, count() FROM marts.mart_channel_states "
        "WHERE brand = {brand:String} AND valid_from <= {day:Date} AND valid_till > {day:Date} "
        "GROUP BY ALL",
        parameters={"brand": brand, "day": day},
    ).result_rows
    expected = Counter(
        (name, *_flags(channel))
        for state in _known(reference, brand, day)
        for name, channel in state.channels.items()
        if channel.is_contact or channel.is_subscribed or channel.is_unsubscribed
    )

    assert {row[:-1]: row[-1] for row in rows} == expected


def _flags(channel: ChannelState) -> tuple[bool, ...]:
    return (
        *(channel.is_contact, channel.is_invalid, channel.is_subscribed),
        *(channel.is_unsubscribed, channel.is_reachable),
    )


def test_the_shop_has_what_the_rules_are_about(reference: Reference) -> None:
    """Otherwise the comparison says nothing about them."""
    lives = reference.states.lives[ALL_BRANDS].values()
    states = [state for life in lives if (state := life.at(LAST)) is not None]

    assert sum(life.registered_on == EVER for life in lives) > 50
    assert sum(len(life.intervals) > 1 for life in lives) > 1
    assert sum(state.is_invalid for state in states) > 10
    assert sum(state.is_buyer and not state.is_active for state in states) > 20
    assert 20 < sum(state.is_engaged for state in states) < len(states) - 20
    assert sum(state.is_contact and not state.is_reachable for state in states) > 0


FLOWS = [
    ("is_customer", "is_registration", ""),
    ("is_contact", "is_new_contact", ""),
    ("is_active", "is_first_activation + is_reactivation", "is_churn"),
    ("is_reachable", "is_new_subscriber", "is_lost_subscriber"),
]


@pytest.mark.parametrize(("state", "joined", "left"), FLOWS)
@pytest.mark.parametrize("brand", BRANDS)
def test_opening_with_what_happened_is_closing(
    chain: Chain, brand: str, state: str, joined: str, left: str
) -> None:
    """Day by day: whoever is there was there the day before, or joined and did not leave."""
    twin = "" if brand == ALL_BRANDS else "_in_brand"
    flow = " + ".join(f"{name}{twin}" for name in joined.split(" + "))
    flow += f" - {left}{twin}" if left else ""
    of_brand = "1" if brand == ALL_BRANDS else "brand = {brand:String}"
    query = f"""
        WITH flows AS (
            SELECT event_date, sum({flow}) AS flow
            FROM marts.wide_events WHERE {of_brand} GROUP BY 1
        ),
        days AS (
            SELECT date_day, flow FROM marts.dim_date LEFT JOIN flows ON date_day = event_date
        )
        SELECT date_day, sum(valid_from <= date_day AND valid_till > date_day)
            - sum(valid_from <= date_day - 1 AND valid_till > date_day - 1)
            - any(flow) AS unexplained
        FROM days
        CROSS JOIN (
            SELECT valid_from, valid_till FROM marts.mart_customer_states
            WHERE brand = {{brand:String}} AND {state}
        ) AS states
        GROUP BY date_day HAVING unexplained != 0
    """  # noqa: S608 (no foreign text)

    assert chain.client.query(query, parameters={"brand": brand}).result_rows == []


@pytest.mark.parametrize("brand", BRANDS)
def test_subscribers_of_a_channel_change_by_its_events(chain: Chain, brand: str) -> None:
    twin = "in_channel" if brand == ALL_BRANDS else "in_channel_in_brand"
    of_brand = "1" if brand == ALL_BRANDS else "brand = {brand:String}"
    query = f"""
        WITH
        flows AS (
            SELECT toString(mailing_channel) AS channel,
                sum(is_new_subscriber_{twin}) - sum(is_lost_subscriber_{twin}) AS flow
            FROM marts.wide_events WHERE {of_brand} GROUP BY 1 HAVING flow != 0
        ),
        states AS (
            SELECT toString(mailing_channel) AS channel,
                toInt64(sum(valid_till = '2149-06-06'))
                    - toInt64(sum(valid_from = '1970-01-01')) AS growth
            FROM marts.mart_channel_states
            WHERE brand = {{brand:String}} AND is_reachable GROUP BY 1
        )
        SELECT channel, growth, flow FROM states FULL JOIN flows USING (channel)
    """  # noqa: S608 (no foreign text)
    found = chain.client.query(query, parameters={"brand": brand}).result_rows

    assert len(found) == 5
    assert all(growth == flow for _, growth, flow in found)
