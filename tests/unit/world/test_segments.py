"""Segmentations are what plain reading of their definitions gives."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from sandbox.mindbox.world import members
from sandbox.mindbox.world.clock import DAY
from sandbox.mindbox.world.segments import (
    ACTIVE_FOR,
    AT_RISK_FOR,
    GOLD_FROM,
    LIFECYCLE,
    LOYALTY,
    NEW_FOR,
    OUT,
    SEGMENTS,
    SILVER_FROM,
)

if TYPE_CHECKING:
    from sandbox.mindbox.world import World


def orders_of(world: World) -> dict[int, list[tuple[int, int]]]:
    """Moment and goal amount of every person's orders, in order of time."""
    found = defaultdict(list)
    amounts = world.truth.orders.amount.tolist()
    for n, person in enumerate(world.truth.orders.person.tolist()):
        if person >= 0:
            found[person].append((int(world.orders.ordered_at[n]), amounts[n]))
    return found


def told(world: World, segmentation: int) -> dict[int, tuple[int, int]]:
    rows = world.truth.segments.take(world.truth.segments.segmentation == segmentation)
    columns = (rows.customer.tolist(), rows.segment.tolist(), rows.changed_at.tolist())
    return {customer: (segment, at) for customer, segment, at in zip(*columns, strict=True)}


def stage(began: int, orders: list[int], now: int) -> str:
    """The stage of life at a moment, told from the orders up to it."""
    if now < began + NEW_FOR:
        return "new"
    past = [at for at in orders if at <= now]
    if past and now < past[-1] + ACTIVE_FOR:
        return "active"
    return "at_risk" if now < (past[-1] if past else began) + AT_RISK_FOR else "churned"


def test_the_stage_of_life_is_as_defined_and_entered_when_it_says(world: World) -> None:
    customers, until = world.customers, world.settings.until_ms
    orders, rows = orders_of(world), told(world, LIFECYCLE)
    registered: dict[int, int] = {}
    imported = set()
    old_base = customers.imported(world.settings.since_ms)
    for n, person in enumerate(customers.person.tolist()):
        registered[person] = min(registered.get(person, until), int(customers.registered_at[n]))
        if old_base[n]:
            imported.add(person)
    seen = set()
    for person, first in registered.items():
        moments = [at for at, _ in orders.get(person, [])]
        if person in imported and not moments:
            assert person not in rows
            continue
        began = moments[0] if person in imported else min([first, *moments[:1]])
        segment, changed_at = rows.pop(person)
        name = SEGMENTS[LIFECYCLE][segment][0]
        assert name == stage(began, moments, until)
        assert name == stage(began, moments, changed_at)
        assert changed_at == began or name != stage(began, moments, changed_at - 1)
        seen.add(name)
    assert rows == {}
    assert seen == {"new", "active", "at_risk", "churned"}


def test_levels_are_reached_by_what_was_bought(world: World) -> None:
    club = members.of(world.settings, world.customers)
    orders, rows = orders_of(world), told(world, LOYALTY)
    until = world.settings.until_ms
    counts: dict[int, int] = defaultdict(int)
    for person, (segment, changed_at) in rows.items():
        joined, left = int(club.joined_at[person]), int(club.left_at[person])
        assert joined < until
        if left < until:
            assert (segment, changed_at) == (OUT, left)
        else:
            spent, reached, since = 0, 0, joined
            for at, amount in orders.get(person, []):
                spent += amount
                level = 2 if spent >= GOLD_FROM else int(spent >= SILVER_FROM)
                if level > reached:
                    reached, since = level, max(joined, at)
            assert (segment, changed_at) == (reached, since)
        counts[segment] += 1
    assert set(counts) == {OUT, 0, 1, 2}
    assert counts[0] > counts[1] > counts[2]
    living = world.customers.merged_into < 0
    assert len(rows) == np.count_nonzero(living & (club.joined_at < until))


def test_stages_have_the_shape_of_a_shop(world: World) -> None:
    rows = world.truth.segments.take(world.truth.segments.segmentation == LIFECYCLE)
    shares = np.bincount(rows.segment, minlength=4) / len(rows)
    assert 0.02 < shares[0] < 0.2
    assert (shares > 0.05).sum() >= 3
    assert (rows.changed_at >= world.settings.since_ms).all()
    assert (rows.changed_at < world.settings.until_ms).all()
    assert (rows.changed_at > world.settings.until_ms - 30 * DAY).any()
