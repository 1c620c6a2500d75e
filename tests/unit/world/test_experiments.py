"""Mailings tested half against half: large enough arms, alike but for the letter, a real lift."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sandbox.mindbox.world.clock import DAY
from sandbox.mindbox.world.mailings import Channel
from sandbox.mindbox.world.messages import NOT_SENT_REASONS, Status
from sandbox.mindbox.world.orders import ANONYMOUS

if TYPE_CHECKING:
    from sandbox.mindbox.world import World
    from sandbox.mindbox.world.arrays import Array

HELD = NOT_SENT_REASONS.index("CustomerInMailingControlGroup")


def arms(world: World) -> list[tuple[Array, Array]]:
    """Messages sent and messages held back of every mailing that holds half of them back."""
    found = []
    for position in np.flatnonzero(world.plan["control_share"] == 0.5):
        mine = world.messages.mailing == position
        sent = mine & (world.messages.not_sent_reason == 0)
        found.append((sent, mine & (world.messages.not_sent_reason == HELD)))
    return found


def buyers_within(world: World, chosen: Array, days: int) -> float:
    """Share of the chosen messages whose person ordered within so many days of taking part."""
    person, stride = world.customers.person, world.settings.until_ms
    known = world.orders.customer != ANONYMOUS
    keys = np.sort(
        person[world.orders.customer[known]].astype(np.int64) * stride
        + world.orders.ordered_at[known]
    )
    start = (
        person[world.messages.customer[chosen]].astype(np.int64) * stride
        + world.messages.participated_at[chosen]
    )
    after = np.searchsorted(keys, start + days * DAY) > np.searchsorted(keys, start)
    return float(after.mean())


def test_arms_hold_a_thousand_customers_each(world: World) -> None:
    assert world.settings.customers == 12_000
    sizes = [(int(sent.sum()), int(held.sum())) for sent, held in arms(world)]
    assert len(sizes) >= 4
    assert min(min(pair) for pair in sizes) >= 1_000
    for sent, held in sizes:
        assert sent / (sent + held) == pytest.approx(0.5, abs=4 * 0.5 / (sent + held) ** 0.5)


def test_sales_bring_a_hundred_buyers_to_each_half_of_their_tests(world: World) -> None:
    enough = [
        least
        for pair in arms(world)
        if (least := min(buyers_within(world, arm, 7) * arm.sum() for arm in pair)) >= 100
    ]
    assert len(enough) >= 2


def test_other_control_groups_are_a_tenth(world: World) -> None:
    shares = set(world.plan["control_share"].tolist())
    assert {0.0, 0.1, 0.5} <= shares
    halved = world.plan["control_share"] == 0.5
    assert world.plan["mass"][halved].all()


def test_both_arms_are_alike_before_and_differ_after(world: World) -> None:
    sent = np.any([treated for treated, _ in arms(world)], axis=0)
    held = np.any([control for _, control in arms(world)], axis=0)
    customers = world.customers
    for trait in (customers.eagerness, customers.curiosity):
        treated, control = (trait[world.messages.customer[arm]] for arm in (sent, held))
        error = np.sqrt(treated.var() / len(treated) + control.var() / len(control))
        assert abs(treated.mean() - control.mean()) < 4 * error
    lift = buyers_within(world, sent, 7) - buyers_within(world, held, 7)
    assert lift > 0.004
    base = buyers_within(world, held, 7)
    assert lift > 3 * np.sqrt(2 * base * (1 - base) / min(sent.sum(), held.sum()))


def test_viber_is_a_channel_with_failures_of_its_own(world: World) -> None:
    viber = (world.plan["channel"] == Channel.VIBER)[world.messages.mailing]
    facts = world.truth.messages
    assert viber.any()
    assert not facts.opened[viber].any()
    assert 0.02 < (facts.clicked & viber).sum() / (facts.delivered & viber).sum() < 0.06
    failed = world.messages.not_delivered_reason[viber & facts.sent & ~facts.delivered]
    elsewhere = world.messages.not_delivered_reason[~viber & facts.sent & ~facts.delivered]
    assert len(np.unique(failed)) == 2
    assert not np.isin(failed, elsewhere).any()
    left = world.statuses.message[world.statuses.kind == Status.UNSUBSCRIBE]
    assert not viber[left].any()
