"""Visits, their steps, orders and carts, one by one beside what is counted by hand."""

from decimal import Decimal

import pytest

from sandbox.mindbox.world.actions import Template
from sandbox.mindbox.world.orders import ANONYMOUS
from sandbox.mindbox.world.vocabulary import ONLINE_CHANNELS
from tests.metrics.chain import Chain
from tests.metrics.reference import Reference
from tests.metrics.reference.visits import STEPS, Visit

Row = tuple[object, ...]


@pytest.fixture(scope="session")
def visits(chain: Chain) -> dict[str, Row]:
    """What is compared of a visit, by its key."""
    rows = chain.client.query(
        "SELECT session_key, toUnixTimestamp64Milli(started_at), "
        "toUnixTimestamp64Milli(ended_at), platform = 'app', mailing_id, visit_is_first, "
        "visit_is_first_in_brand, visit_with_category, visit_with_product, visit_with_cart, "
        "visit_with_checkout, visit_with_order, visit_reached_category + visit_reached_product "
        "+ visit_reached_cart + visit_reached_checkout + visit_reached_order, visit_order_amount, "
        "visit_view_mature, visit_view_bought, "
        "visit_cart_mature, visit_cart_abandoned, abandoned_cart_amount "
        "FROM intermediate.int_visits"
    ).result_rows
    return {row[0]: row[1:] for row in rows}


def _told(visit: Visit, mailing_ids: list[int]) -> Row:
    mailing = visit.arrival.mailing if visit.arrival is not None else -1
    return (
        *(visit.started_at, visit.ended_at, visit.is_app),
        str(mailing_ids[mailing]) if mailing >= 0 else "",
        *(visit.is_first, visit.is_first_in_brand),
        *(visit.has(step) for step in STEPS),
        visit.reached,
        sum((order.amount for order in visit.orders), Decimal(0)),
        *(any(step.is_mature for step in visit.steps), any(x.is_bought for x in visit.steps)),
        *(visit.is_cart_mature, visit.is_cart_abandoned),
        sum((product.amount for product in visit.left), Decimal(0)),
    )


def test_every_visit_is_as_counted_by_hand(
    chain: Chain, reference: Reference, visits: dict[str, Row]
) -> None:
    mailing_ids = chain.world.plan["ids"].tolist()

    assert visits == {str(each.key): _told(each, mailing_ids) for each in reference.visits.all}


def test_the_shop_has_what_the_rules_are_about(reference: Reference) -> None:
    """Otherwise the comparison says nothing about them."""
    told = reference.visits.all
    abandoned = [visit for visit in told if visit.is_cart_abandoned]

    assert sum(visit.arrival is not None and visit.arrival.is_mailing for visit in told) > 100
    assert sum(bool(visit.left) for visit in abandoned) > 100
    assert sum(not visit.left for visit in abandoned) > 50
    assert sum(visit.has("order") and visit.reached < len(STEPS) for visit in told) > 50
    assert sum(visit.has_cart and not visit.is_cart_mature for visit in told) > 0
    assert sum(any(step.is_bought for step in visit.steps) for visit in told) > 100


def test_the_world_begins_nearly_as_many_visits(chain: Chain, visits: dict[str, Row]) -> None:
    """Each session of the world has one arrival; visits are fewer by those that run together."""
    templates = chain.world.actions.template
    arrivals = sum((templates == each).sum() for each in (Template.SITE_VISIT, Template.APP_LAUNCH))

    assert arrivals * 0.99 < len(visits) <= arrivals


def test_online_orders_of_known_people_are_made_in_visits(
    chain: Chain, reference: Reference
) -> None:
    """The world gives each of them a session, but when the tracker is down."""
    found = dict(
        chain.client.query(
            "SELECT order_id, session_key FROM intermediate.int_visit_orders WHERE is_goal = 1"
        ).result_rows
    )
    truth = chain.world.truth
    facts, channels = truth.orders, chain.world.orders.channel
    known = {
        order_id
        for order_id, in_goal, person, channel in zip(
            truth.order_ids(), facts.in_goal, facts.person, channels, strict=True
        )
        if in_goal and person != ANONYMOUS and channel in ONLINE_CHANNELS
    }

    told = {order.key: str(visit.key) for visit in reference.visits.all for order in visit.orders}

    assert {order: visit for order, visit in found.items() if visit} == told
    assert told.keys() <= known <= found.keys()
    assert len(told) > 0.99 * len(known)


def test_lists_add_to_carts_too(chain: Chain) -> None:
    added, of_lists = chain.client.query(
        "SELECT sum(is_added), sum(is_added * (change = 'cart_set')) "
        "FROM intermediate.int_cart_changes"
    ).first_row
    events = "SELECT sum(is_cart_add) FROM marts.wide_events"

    assert chain.client.query(events).first_row[0] == added
    assert of_lists > 100
