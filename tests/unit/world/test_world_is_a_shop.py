"""The world behaves as published figures of e-mail marketing and shops say it should."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sandbox.mindbox.world.clock import DAY
from sandbox.mindbox.world.customers import NO_DOMAIN
from sandbox.mindbox.world.mailings import Channel, Occasion
from sandbox.mindbox.world.messages import NOT_DELIVERED_REASONS, NOT_SENT_REASONS, Status
from sandbox.mindbox.world.orders import ANONYMOUS, LineStatus, line_status

if TYPE_CHECKING:
    from sandbox.mindbox.world import World
    from sandbox.mindbox.world.arrays import Array


def mass(world: World, channel: Channel) -> Array:
    plan = world.plan
    return (plan["mass"] & (plan["channel"] == channel))[world.messages.mailing]


def share(part: Array, whole: Array) -> float:
    return float((part & whole).sum() / whole.sum())


def test_mass_emails_do_as_published_benchmarks(world: World) -> None:
    facts = world.truth.messages
    delivered = facts.delivered & mass(world, Channel.EMAIL)
    assert 0.20 < share(facts.opened, delivered) < 0.29
    assert 0.015 < share(facts.clicked, delivered) < 0.03
    assert 0.001 < share(facts.unsubscribed, delivered) < 0.003
    sent = facts.sent & mass(world, Channel.EMAIL)
    assert 0.01 < share(~facts.delivered, sent) < 0.02


def test_triggers_do_better_than_mass_mailings(world: World) -> None:
    facts, plan = world.truth.messages, world.plan
    cart = (plan["occasion"] == Occasion.ABANDONED_CART) & (plan["channel"] == Channel.EMAIL)
    carts = facts.delivered & cart[world.messages.mailing]
    letters = facts.delivered & mass(world, Channel.EMAIL)
    assert share(facts.clicked, carts) > 2 * share(facts.clicked, letters)


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.MOBILE_PUSH])
def test_channels_without_opens_have_clicks_alone(world: World, channel: Channel) -> None:
    facts = world.truth.messages
    mine = (world.plan["channel"] == channel)[world.messages.mailing]
    assert not facts.opened[mine].any()
    assert facts.clicked[mine].any()


def test_only_emails_are_unsubscribed_from(world: World) -> None:
    facts = world.truth.messages
    email = (world.plan["channel"] == Channel.EMAIL)[world.messages.mailing]
    assert not facts.unsubscribed[~email].any()
    assert facts.spam.any()
    assert not (facts.spam & ~facts.unsubscribed).any()


def test_some_clicks_come_without_an_open(world: World) -> None:
    facts = world.truth.messages
    email = (world.plan["channel"] == Channel.EMAIL)[world.messages.mailing]
    blind = facts.clicked & ~facts.opened & email
    assert 0.02 < share(blind, facts.clicked & email) < 0.3


def test_all_documented_reasons_occur(world: World) -> None:
    not_sent = set(np.unique(world.messages.not_sent_reason))
    assert not_sent == set(range(len(NOT_SENT_REASONS)))
    not_delivered = set(np.unique(world.messages.not_delivered_reason))
    assert len(not_delivered) >= len(NOT_DELIVERED_REASONS) - 3


def test_the_global_control_group_is_a_twentieth_drawn_anew_each_month(world: World) -> None:
    held = world.messages.not_sent_reason == NOT_SENT_REASONS.index("CustomerInGlobalControlGroup")
    month = world.calendar.month(world.messages.participated_at)
    marketing = ~world.plan["transactional"][world.messages.mailing]
    groups = []
    for number in np.unique(month)[-6:]:
        of_month = (month == number) & marketing
        control = set(world.messages.customer[of_month & held].tolist())
        reached = set(world.messages.customer[of_month & world.truth.messages.sent].tolist())
        assert not control & reached, "nobody of the group gets marketing in the month"
        assert len(control) / len(control | reached) == pytest.approx(0.05, abs=0.02)
        groups.append(control)
    overlap = len(groups[0] & groups[1]) / len(groups[0])
    assert overlap < 0.15, "the next month's group is another one"
    assert not (held & ~marketing).any(), "transactional messages reach everybody"


def test_an_own_control_group_holds_its_share_of_reachable_customers(world: World) -> None:
    reason = NOT_SENT_REASONS.index("CustomerInMailingControlGroup")
    control_share = world.plan["control_share"][world.messages.mailing]
    held = world.messages.not_sent_reason == reason
    assert not held[control_share == 0].any()
    assert 0.07 < share(held, (control_share > 0) & (control_share < 0.5)) < 0.12
    assert share(held, control_share == 0.5) == pytest.approx(0.47, abs=0.03)


def test_nobody_is_sent_marketing_email_after_unsubscribing(world: World) -> None:
    customers, messages = world.customers, world.messages
    plan = world.plan
    email = (plan["channel"] == Channel.EMAIL) & ~plan["transactional"]
    left_at = customers.unsubscribed_at[messages.customer, plan["brand"][messages.mailing]]
    after = email[messages.mailing] & (messages.participated_at > left_at)
    assert after.any()
    assert not (world.truth.messages.sent & after).any()
    said = messages.not_sent_reason[after]
    assert (said == NOT_SENT_REASONS.index("CustomerUnsubscribed")).mean() > 0.5


def test_who_is_written_to_buys_more_than_the_control_group(world: World) -> None:
    """Orders within a week of participation: by assignment, in both kinds of control group."""
    messages = world.messages
    control = np.isin(
        messages.not_sent_reason,
        [NOT_SENT_REASONS.index(f"CustomerIn{kind}ControlGroup") for kind in ("Global", "Mailing")],
    )
    cart = (world.plan["occasion"] == Occasion.ABANDONED_CART)[messages.mailing]
    treated = cart & (messages.not_sent_reason == 0)
    assert mean_orders_after(world, cart & control) < 0.75 * mean_orders_after(world, treated)


def mean_orders_after(world: World, chosen: Array) -> float:
    person = world.customers.person
    known = world.orders.customer != ANONYMOUS
    stride = world.settings.until_ms
    keys = np.sort(
        person[world.orders.customer[known]].astype(np.int64) * stride
        + world.orders.ordered_at[known]
    )
    start = (
        person[world.messages.customer[chosen]].astype(np.int64) * stride
        + world.messages.participated_at[chosen]
    )
    return float((np.searchsorted(keys, start + 7 * DAY) - np.searchsorted(keys, start)).mean())


def test_variants_share_recipients_evenly(world: World) -> None:
    tested = [n for n, m in enumerate(world.plan.mailings) if m.variants == 2]
    assert tested
    mine = np.isin(world.messages.mailing, tested)
    assert np.mean(world.messages.variant[mine] == 1) == pytest.approx(0.5, abs=0.03)
    single = np.isin(
        world.messages.mailing, [n for n, m in enumerate(world.plan.mailings) if m.variants == 1]
    )
    assert (world.messages.variant[single] == 1).all()


def test_values_of_orders_have_a_heavy_tail(world: World) -> None:
    facts = world.truth.orders
    amount = np.sort(facts.amount[facts.in_goal])
    assert amount.mean() > 1.3 * np.median(amount)
    top = amount[-len(amount) // 100 :].sum() / amount.sum()
    assert top > 0.08, "the top percent earns far more than a percent"


def test_lines_meet_every_fate(world: World) -> None:
    status = line_status(world.orders, world.lines)
    counts = np.bincount(status, minlength=len(LineStatus)) / len(status)
    assert counts[LineStatus.DELIVERED] > 0.7
    assert (counts > 0.002).all()
    order = world.lines.order
    gone = np.isin(status, [LineStatus.CANCELLED, LineStatus.RETURNED])
    touched = np.bincount(order, gone, minlength=len(world.orders))
    lines = np.bincount(order, minlength=len(world.orders))
    assert ((touched > 0) & (touched < lines)).any(), "in part"
    assert ((touched > 0) & (touched == lines)).any(), "as a whole"
    assert (lines == 0).any(), "orders with no lines"


def test_buyers_come_back(world: World) -> None:
    facts = world.truth.orders
    people, orders = np.unique(
        facts.person[facts.in_goal & (facts.person != ANONYMOUS)], return_counts=True
    )
    assert 0.3 < (orders > 1).mean() < 0.7
    assert 0.5 < len(people) / world.truth.rows()["customers"] < 0.9
    assert 0.02 < np.mean(facts.person == ANONYMOUS) < 0.08


def test_sales_follow_the_season_the_week_and_the_day(world: World) -> None:
    hour = (world.orders.ordered_at // 3_600_000 + 3) % 24
    assert np.isin(hour, range(10, 22)).mean() > 3 * np.isin(hour, range(1, 7)).mean()
    december, january = (
        np.count_nonzero(world.calendar.month(world.orders.ordered_at) % 12 == month)
        for month in (11, 0)
    )
    # Although the base grows, the month after New Year sells less.
    assert january < 0.8 * december


def test_domains_and_regions_are_russian(world: World) -> None:
    domain = world.customers.email_domain
    with_email = domain[domain != NO_DOMAIN]
    assert 0.6 < len(with_email) / len(domain) < 0.9
    assert np.isin(with_email, [0, 1, 2]).mean() > 0.7


def test_statuses_outnumber_messages(world: World) -> None:
    kinds = np.bincount(world.statuses.kind, minlength=len(Status))
    assert (kinds > 0).all()
    assert 1.1 < len(world.statuses) / len(world.messages) < 1.6
