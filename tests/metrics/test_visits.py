"""Visits, their steps, orders and carts: the models beside a recount of the world's actions."""

import pytest

from sandbox.mindbox.world.actions import Template
from sandbox.mindbox.world.orders import ANONYMOUS
from sandbox.mindbox.world.vocabulary import ONLINE_CHANNELS
from tests.metrics.chain import Chain
from tests.metrics.sightings import IN_ORDER, Sightings

Row = tuple[object, ...]


@pytest.fixture(scope="session")
def sightings(chain: Chain) -> Sightings:
    return Sightings(chain.world)


@pytest.fixture(scope="session")
def visits(chain: Chain) -> dict[str, Row]:
    """Everything that is compared of a visit, by its key."""
    rows = chain.client.query(
        "SELECT session_key, toUnixTimestamp64Milli(started_at), "
        "toUnixTimestamp64Milli(ended_at), platform = 'app', "
        "visit_with_category, visit_with_product, visit_with_cart, visit_with_checkout, "
        "visit_with_order, visit_reached_category + visit_reached_product + visit_reached_cart "
        "+ visit_reached_checkout + visit_reached_order, toInt64(visit_order_amount * 100), "
        "mailing_id, visit_cart_mature, visit_cart_abandoned, toInt64(abandoned_cart_amount * 100) "
        "FROM intermediate.int_visits"
    ).result_rows
    return {row[0]: row[1:] for row in rows}


def test_visits_are_those_of_the_world(
    chain: Chain, sightings: Sightings, visits: dict[str, Row]
) -> None:
    mailing_ids = chain.world.plan["ids"]
    expected = {
        visit.key: (
            *(visit.started_at, visit.ended_at, visit.is_app),
            *(visit.has(step) for step in IN_ORDER),
            *(visit.reached(), visit.kopecks),
            str(mailing_ids[visit.mailing]) if visit.mailing >= 0 else "",
            *(visit.is_mature, visit.is_abandoned, visit.abandoned),
        )
        for visit in sightings.all
    }

    assert visits == expected


def test_the_world_begins_nearly_as_many_visits(chain: Chain, visits: dict[str, Row]) -> None:
    """Each session of the world has one arrival; ours are fewer by those that run together."""
    templates = chain.world.actions.template
    arrivals = sum((templates == each).sum() for each in (Template.SITE_VISIT, Template.APP_LAUNCH))

    assert arrivals * 0.99 < len(visits) <= arrivals


def test_online_orders_of_known_people_are_made_in_visits(
    chain: Chain, sightings: Sightings, visits: dict[str, Row]
) -> None:
    """The world gives each of them a session; anonymous orders can have no visit."""
    found = dict(
        chain.client.query(
            "SELECT order_id, session_key FROM intermediate.int_visit_orders"
        ).result_rows
    )
    facts, channels = chain.world.truth.orders, chain.world.orders.channel
    known = {
        order_id
        for order_id, in_goal, person, channel in zip(
            chain.world.truth.order_ids(), facts.in_goal, facts.person, channels, strict=True
        )
        if in_goal and person != ANONYMOUS and channel in ONLINE_CHANNELS
    }

    assert sightings.outside == []
    assert {order for order, visit in found.items() if visit in visits} == known
    assert {visit for order, visit in found.items() if order not in known} == {""}


def test_additions_are_counted_from_lists_too(chain: Chain, sightings: Sightings) -> None:
    added, from_lists = chain.client.query(
        "SELECT sum(is_added), sum(is_added * (change = 'cart_set')) "
        "FROM intermediate.int_cart_changes"
    ).first_row
    events = "SELECT sum(is_cart_add) FROM marts.wide_events WHERE event = 'site_action'"

    assert added == sightings.additions == chain.client.query(events).first_row[0]
    assert from_lists > 100


def test_the_shop_has_what_the_rules_are_about(sightings: Sightings) -> None:
    """Otherwise no comparison says anything about them."""
    abandoned = [visit for visit in sightings.all if visit.is_abandoned]

    assert sum(visit.mailing >= 0 for visit in sightings.all) > 100
    assert sum(visit.abandoned > 0 for visit in abandoned) > 100
    assert sum(visit.left > 0 and visit.abandoned == 0 for visit in abandoned) > 50
    assert sum(visit.reached() < 5 and visit.has("order") for visit in sightings.all) > 50
    assert sum(not visit.is_mature and visit.has("cart") for visit in sightings.all) > 0
