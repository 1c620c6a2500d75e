"""Customers come, look, fill carts and answer, and what is recorded hangs together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sandbox.mindbox.world import World, WorldSettings
from sandbox.mindbox.world import world as making
from sandbox.mindbox.world.actions import (
    FIRST_SOURCE,
    NO_CONTACT,
    NO_SCORE,
    TRACKED,
    Template,
)
from sandbox.mindbox.world.clock import DAY, HOUR, MINUTE, NEVER
from sandbox.mindbox.world.customers import NO_DOMAIN
from sandbox.mindbox.world.mailings import CHANNEL_NAMES, Channel, Occasion
from sandbox.mindbox.world.messages import Status
from sandbox.mindbox.world.traffic import ADS, NO_AD, Source
from sandbox.mindbox.world.vocabulary import APP, ONLINE_CHANNELS, ORDER_CHANNELS, SITE

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Array, Bools, Ints

CART_FILLED = (Template.CART_ADD, Template.CART_SET)


def of(world: World, *templates: Template) -> Array:
    """Positions of actions of the templates."""
    return np.flatnonzero(np.isin(world.actions.template, templates))


def group(world: World, customer: Array, brand: Array) -> Ints:
    """One number for person and brand."""
    return world.customers.person[customer].astype(np.int64) * 256 + brand


def found(world: World, actions: Array, keys: Ints, since: Ints, till: Ints) -> Bools:
    """Whether one of the actions lies in [since, till] of the same person and brand."""
    stride = np.int64(2**42)
    mine = group(world, world.actions.customer[actions], world.actions.brand[actions])
    line = np.sort(mine * stride + world.actions.at[actions])
    ends = np.searchsorted(line, keys * stride + till, side="right")
    return np.asarray(ends > np.searchsorted(line, keys * stride + since, side="left"))


def clicks(world: World) -> tuple[Ints, Ints]:
    """Person and brand, and moment, of every click."""
    clicked = np.flatnonzero(world.statuses.kind == Status.CLICKED)
    message = world.statuses.message[clicked]
    brand = world.plan["brand"][world.messages.mailing[message]]
    return group(world, world.messages.customer[message], brand), world.statuses.at[clicked]


def test_a_person_leaves_some_fifty_actions_in_two_years() -> None:
    until = datetime(2025, 11, 12, 9, tzinfo=UTC)
    world = World.generate(WorldSettings(customers=3_000, months=24, seed=5, until=until))
    assert 45 < len(world.actions) / 3_000 < 56


def test_every_template_of_the_tracker_and_of_contacts_occurs(world: World) -> None:
    seen = set(np.unique(world.actions.template).tolist())
    unused = {Template.LEFT_SMS, Template.LEFT_MOBILE_PUSH, Template.LEFT_WEB_PUSH}
    assert seen == set(Template) - unused - {Template.LEFT_VIBER}


def test_actions_stand_in_order_of_creation(world: World) -> None:
    actions = world.actions
    assert (np.diff(actions.created_at) >= 0).all()
    assert (np.diff(actions.action_id) > 0).all()
    assert (actions.created_at >= actions.at).all()
    assert actions.at.min() >= world.settings.since_ms
    assert actions.created_at.max() < world.settings.until_ms


def test_items_follow_their_actions(world: World) -> None:
    actions, items = world.actions, world.items
    counts = actions.item_count.astype(np.int64)
    np.testing.assert_array_equal(np.cumsum(counts) - counts, actions.first_item)
    np.testing.assert_array_equal(np.repeat(np.arange(len(actions)), counts), items.action)
    template = actions.template[items.action]
    carts = np.isin(template, [*CART_FILLED, Template.CART_REMOVE])
    np.testing.assert_array_equal(items.quantity_milli > 0, carts)
    assert (template[~carts] == Template.PRODUCT_VIEW).all()
    brand = world.catalogue.brand[items.product]
    np.testing.assert_array_equal(brand, actions.brand[items.action])
    assert (items.price > 0).all()


def test_some_views_name_no_product(world: World) -> None:
    views = of(world, Template.PRODUCT_VIEW)
    assert 0.01 < np.mean(world.actions.item_count[views] == 0) < 0.06


def test_visits_come_from_everywhere(world: World) -> None:
    visits = world.actions.take(of(world, Template.SITE_VISIT))
    source = visits.contact.astype(np.int64) - FIRST_SOURCE
    share = np.bincount(source, minlength=len(Source)) / len(source)
    assert (share > 0.005).all()
    assert 0.25 < share[Source.DIRECT] < 0.4
    assert 0.35 < share[Source.ORGANIC_SEARCH] + share[Source.PAID_SEARCH] < 0.62
    marked = visits.ad != NO_AD
    np.testing.assert_array_equal(
        source[marked], np.array([ad.source for ad in ADS])[visits.ad[marked]]
    )
    assert not (marked & (visits.mailing >= 0)).any()
    others = world.actions.take(np.flatnonzero(world.actions.template != Template.SITE_VISIT))
    assert (others.mailing == -1).all()
    assert (others.ad == NO_AD).all()
    assert ((others.contact < len(ORDER_CHANNELS)) | (others.contact == NO_CONTACT)).all()


def test_most_clicks_lead_to_a_visit_at_once(world: World) -> None:
    keys, at = clicks(world)
    seen = (at < world.settings.until_ms - HOUR) & ~world.outage.hides(at)
    entries = of(world, Template.SITE_VISIT, Template.APP_LAUNCH)
    followed = found(world, entries, keys[seen], at[seen], at[seen] + 5 * MINUTE)
    assert 0.8 < followed.mean() < 0.92


def test_visits_with_marks_of_a_mailing_follow_somebodys_click_on_it(world: World) -> None:
    marked = np.flatnonzero(world.actions.mailing >= 0)
    clicked = np.flatnonzero(world.statuses.kind == Status.CLICKED)
    first = np.full(len(world.plan.mailings), NEVER)
    mailing = world.messages.mailing[world.statuses.message[clicked]]
    np.minimum.at(first, mailing, world.statuses.at[clicked])
    assert (first[world.actions.mailing[marked]] <= world.actions.at[marked]).all()
    np.testing.assert_array_equal(
        world.plan["brand"][world.actions.mailing[marked]], world.actions.brand[marked]
    )
    keys, _ = clicks(world)
    mine = group(world, world.actions.customer[marked], world.actions.brand[marked])
    assert not np.isin(mine, keys).all(), "a letter passed on to somebody else"
    assert np.isin(mine, keys).mean() > 0.9


def test_some_visits_from_mailings_have_lost_their_marks(world: World) -> None:
    keys, at = clicks(world)
    stride = np.int64(2**42)
    line = np.sort(keys * stride + at)
    bare = of(world, Template.SITE_VISIT)
    bare = bare[(world.actions.mailing[bare] < 0) & (world.actions.ad[bare] == NO_AD)]
    wanted = group(world, world.actions.customer[bare], world.actions.brand[bare]) * stride
    wanted = wanted + world.actions.at[bare]
    place = np.searchsorted(line, wanted, side="right") - 1
    soon = (place >= 0) & (wanted - line[place] <= 5 * MINUTE)
    lost = world.actions.contact[bare[soon]].astype(np.int64) - FIRST_SOURCE
    assert {Source.DIRECT, Source.REFERRAL} <= set(lost.tolist())
    assert 0.05 < len(lost) / len(np.flatnonzero(world.actions.mailing >= 0)) < 0.25


def test_online_orders_are_made_in_sessions(world: World) -> None:
    orders = world.orders
    online = np.isin(orders.channel, ONLINE_CHANNELS) & (orders.customer >= 0)
    # Sessions that began before history did, or while nothing was recorded, are not known.
    began = orders.ordered_at - HOUR
    known = (began > world.settings.since_ms) & ~world.outage.hides(orders.ordered_at)
    known &= ~world.outage.hides(began)
    chosen = np.flatnonzero(online & known & (orders.ordered_at < world.settings.until_ms - MINUTE))
    keys = group(world, orders.customer[chosen], orders.brand[chosen])
    till = orders.ordered_at[chosen]
    entries = of(world, Template.SITE_VISIT, Template.APP_LAUNCH)
    assert found(world, entries, keys, till - HOUR, till).all()
    with_lines = orders.line_count[chosen] > 0
    filled = of(world, *CART_FILLED)
    assert found(world, filled, keys, till - HOUR, till)[with_lines].all()
    checkouts = found(world, of(world, Template.CHECKOUT_START), keys, till - HOUR, till)
    assert 0.8 < checkouts[with_lines].mean() < 0.97


def test_what_is_ordered_was_in_the_cart(small_world: World) -> None:
    world = small_world
    carts: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for n in of(world, *CART_FILLED).tolist():
        person = int(world.customers.person[world.actions.customer[n]])
        first = int(world.actions.first_item[n])
        for item in range(first, first + int(world.actions.item_count[n])):
            key = person, int(world.items.product[item])
            carts.setdefault(key, []).append(
                (int(world.actions.at[n]), int(world.items.quantity_milli[item]))
            )
    checked = 0
    for line in range(len(world.lines)):
        order = int(world.lines.order[line])
        at = int(world.orders.ordered_at[order])
        if world.orders.customer[order] < 0 or world.orders.channel[order] not in ONLINE_CHANNELS:
            continue
        if (
            at - HOUR < world.settings.since_ms
            or world.outage.day_since < at < world.outage.day_till
        ):
            continue
        key = (
            int(world.customers.person[world.orders.customer[order]]),
            int(world.lines.product[line]),
        )
        quantity = int(world.lines.quantity_milli[line])
        assert any(0 <= at - then <= HOUR and q == quantity for then, q in carts.get(key, []))
        checked += 1
    assert checked > 500


def test_letters_about_carts_come_an_hour_after_the_last_thing_done_to_them(world: World) -> None:
    carts = (world.plan["occasion"] == Occasion.ABANDONED_CART)[world.messages.mailing]
    letters = np.flatnonzero(carts)
    at = world.messages.participated_at[letters]
    brand = world.plan["brand"][world.messages.mailing[letters]]
    keys = group(world, world.messages.customer[letters], brand)
    done = of(world, *CART_FILLED, Template.CHECKOUT_START)
    assert len(letters) > 500
    assert found(world, done, keys, at - HOUR - 3 * MINUTE, at - HOUR).all()


def test_sessions_run_from_the_visit_to_the_checkout(small_world: World) -> None:
    """What a person does within the hour before an order stands in the order of a funnel."""
    actions = small_world.actions
    person = small_world.customers.person[actions.customer]
    followed = 0
    for n in of(small_world, Template.CHECKOUT_START).tolist():
        at = int(actions.at[n])
        near = np.flatnonzero(
            (person == person[n])
            & (actions.brand == actions.brand[n])
            & (actions.at <= at)
            & (actions.at > at - HOUR)
        )
        entry = near[np.isin(actions.template[near], (Template.SITE_VISIT, Template.APP_LAUNCH))]
        filled = near[np.isin(actions.template[near], CART_FILLED)]
        if len(entry):
            assert actions.at[entry].min() <= actions.at[filled].max()
            followed += 1
    assert followed > 100


def test_late_actions_reach_mindbox_days_after_they_happened(world: World) -> None:
    actions = world.actions
    late = actions.created_at - actions.at > DAY
    assert 0.01 < late.mean() < 0.08
    assert np.isin(actions.template[late], TRACKED).all()
    assert (actions.created_at - actions.at).max() > 60 * DAY
    registered = world.customers.registered_at[actions.customer]
    before = actions.at < registered
    assert before.any(), "visits of people who were not known yet"
    assert (actions.created_at >= registered).all(), "nothing is known of them before they register"


def test_registrations_name_their_point_of_contact(world: World) -> None:
    imported = world.customers.imported(world.settings.since_ms)
    registered = world.actions.take(of(world, Template.REGISTRATION))
    assert sorted(registered.customer.tolist()) == np.flatnonzero(~imported).tolist()
    np.testing.assert_array_equal(registered.at, world.customers.registered_at[registered.customer])
    assert set(registered.contact.tolist()) == set(range(len(ORDER_CHANNELS)))
    # Whoever registers by ordering does so where the order is made.
    orders = world.orders
    known = np.flatnonzero(orders.customer >= 0)
    wait = orders.ordered_at[known] - world.customers.registered_at[orders.customer[known]]
    soon = known[(wait < MINUTE) & ~imported[orders.customer[known]]]
    contact = np.full(len(world.customers), NO_CONTACT)
    contact[registered.customer] = registered.contact
    same = contact[orders.customer[soon]] == orders.channel[soon]
    assert same.mean() > 0.98, "all but those who order twice in the hour"


def test_subscriptions_follow_registrations(world: World) -> None:
    customers = world.customers
    newcomers = ~customers.imported(world.settings.since_ms)
    subscribed = world.actions.take(of(world, Template.SUBSCRIBED_EMAIL))
    told = set(zip(subscribed.customer.tolist(), subscribed.brand.tolist(), strict=True))
    expected = {
        (int(customer), brand)
        for brand in range(world.settings.brands)
        for customer in np.flatnonzero(
            newcomers
            & (customers.email_domain != NO_DOMAIN)
            & ((customers.brands >> brand) & 1 == 1)
        )
    }
    assert told == expected
    assert len(subscribed) == len(expected)
    pushes = world.actions.take(of(world, Template.SUBSCRIBED_MOBILE_PUSH))
    assert (pushes.contact == APP).all()
    assert customers.has_app[pushes.customer].all()
    assert (world.actions.contact[of(world, Template.SUBSCRIBED_WEB_PUSH)] == SITE).all()


def test_leaving_and_dead_contacts_are_told_when_they_happen(world: World) -> None:
    customers, until = world.customers, world.settings.until_ms
    for brand in range(world.settings.brands):
        left = world.actions.take(of(world, Template.LEFT_EMAIL))
        left = left.take(left.brand == brand)
        moments = customers.unsubscribed_at[:, brand]
        # An action of the last second is not created in time.
        assert sorted(left.at.tolist()) == sorted(moments[moments < until - 2_000].tolist())
    for template, moments in (
        (Template.EMAIL_INVALID, customers.email_invalid_at),
        (Template.PHONE_INVALID, customers.phone_invalid_at),
    ):
        dead = world.actions.take(of(world, template))
        assert sorted(dead.at.tolist()) == sorted(moments[moments < until - 2_000].tolist())
    for template, moments in (
        (Template.EMAIL_VALID, customers.email_invalid_at),
        (Template.PHONE_VALID, customers.phone_invalid_at),
    ):
        alive = world.actions.take(of(world, template))
        assert (alive.at < moments[alive.customer]).all()


def test_answers_follow_deliveries(world: World) -> None:
    answers = world.actions.take(of(world, Template.ANSWER))
    assert (answers.score <= 10).all()
    assert (answers.at > world.orders.delivered_at[answers.order]).all()
    person = world.customers.person
    np.testing.assert_array_equal(
        person[answers.customer], person[world.orders.customer[answers.order]]
    )
    nps = (answers.score >= 9).mean() - (answers.score <= 6).mean()
    assert 0.2 < nps < 0.5
    others = world.actions.template != Template.ANSWER
    assert (world.actions.score[others] == NO_SCORE).all()


def test_every_movement_of_points_is_an_action(world: World) -> None:
    points = world.actions.take(of(world, Template.POINTS))
    movements = world.movements.take(points.movement)
    assert sorted(points.movement.tolist()) == list(range(len(world.movements)))
    for column in ("customer", "at", "order", "brand"):
        np.testing.assert_array_equal(getattr(points, column), getattr(movements, column), column)
    of_order = points.order >= 0
    np.testing.assert_array_equal(
        points.contact[of_order], world.orders.channel[points.order[of_order]]
    )


def test_one_day_the_tracker_is_down(world: World) -> None:
    outage, actions = world.outage, world.actions
    assert world.truth.outage() == outage.day
    tracked = np.isin(actions.template, TRACKED)
    assert not (tracked & outage.hides(actions.at)).any()
    day = world.calendar.day_index(actions.at[tracked])
    number = world.calendar.dates.index(outage.day)
    per_day = np.bincount(day, minlength=number + 8)
    usual = np.median(per_day[number - 7 : number + 8])
    assert per_day[number] < 0.25 * usual
    assert outage.till - outage.since > 12 * HOUR


def test_on_that_day_online_orders_fall_and_mass_mailings_wait(world: World) -> None:
    outage = world.outage
    number = world.calendar.dates.index(outage.day)
    day = world.calendar.day_index(world.orders.ordered_at)
    online = np.isin(world.orders.channel, ONLINE_CHANNELS)
    for chosen, falls in ((online, True), (~online, False)):
        per_day = np.bincount(day[chosen], minlength=number + 8)
        usual = np.median(per_day[number - 7 : number + 8])
        assert (per_day[number] < 0.65 * usual) == falls
    sent_on = [
        (world.calendar.day_index(np.array([m.send_at]))[0], m)
        for m in world.plan.mailings
        if m.mailing_type == "mass"
    ]
    assert not [m for n, m in sent_on if n == number]
    late = [m for n, m in sent_on if n == number + 1 and m.send_at - m.changed_at == DAY]
    assert late, "those of the day were put off, not dropped"
    mass = world.plan["mass"][world.messages.mailing]
    at = world.messages.participated_at
    assert not (mass & (at >= outage.day_since) & (at < outage.day_till)).any()


def test_visits_from_elsewhere_take_the_credit_of_mailings(world: World) -> None:
    keys, at = clicks(world)
    transactional = world.plan["transactional"]
    clicked = np.flatnonzero(world.statuses.kind == Status.CLICKED)
    mailing = world.messages.mailing[world.statuses.message[clicked]]
    touching = ~transactional[mailing]
    stride = np.int64(2**42)
    line = np.sort((keys * stride + at)[touching])
    facts = world.truth.orders
    asked = np.flatnonzero(facts.in_goal & (world.orders.customer >= 0))
    wanted = group(world, world.orders.customer[asked], world.orders.brand[asked]) * stride
    wanted = wanted + world.orders.ordered_at[asked]
    window = world.settings.attribution_window_days * DAY
    place = np.searchsorted(line, wanted, side="right") - 1
    touched = (place >= 0) & (wanted - line[place] <= window)
    credited = facts.credited_message[asked] > 0
    assert not (credited & ~touched).any()
    assert 0.08 < 1 - credited[touched].mean() < 0.4


@pytest.mark.parametrize("channel", list(Channel))
def test_sources_of_mailing_visits_are_email_or_other_ads(world: World, channel: Channel) -> None:
    marked = np.flatnonzero(world.actions.mailing >= 0)
    mine = marked[world.plan["channel"][world.actions.mailing[marked]] == channel]
    source = Source.EMAIL if channel is Channel.EMAIL else Source.OTHER_ADS
    assert len(mine) > 5, CHANNEL_NAMES[channel]
    assert (world.actions.contact[mine] == FIRST_SOURCE + source).all()


def test_actions_of_several_blocks_keep_their_references(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "BLOCK_PEOPLE", 250)
    world = World.generate(WorldSettings(customers=900, months=4, seed=2))
    test_items_follow_their_actions(world)
    test_every_movement_of_points_is_an_action(world)
    answers = world.actions.take(of(world, Template.ANSWER))
    assert len(answers) > 10
    person = world.customers.person
    np.testing.assert_array_equal(
        person[answers.customer], person[world.orders.customer[answers.order]]
    )
    registered = world.actions.take(of(world, Template.REGISTRATION))
    np.testing.assert_array_equal(registered.at, world.customers.registered_at[registered.customer])
