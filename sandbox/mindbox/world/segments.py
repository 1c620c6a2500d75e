"""Segmentations: the stage of life of every customer, and the level in the loyalty programme.

Both are read off customers and orders as they stand at a moment. Only customers that live on at the
end of history are in them; orders of ids that were merged into them count as theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sandbox.mindbox.world import attribution, members
from sandbox.mindbox.world.arrays import Array, Columns
from sandbox.mindbox.world.clock import DAY, NEVER
from sandbox.mindbox.world.orders import ANONYMOUS, line_status

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Ints
    from sandbox.mindbox.world.world import World

LIFECYCLE, LOYALTY = 0, 1
SEGMENTATIONS = (
    ("lifecycle", "Стадия жизни клиента"),
    ("loyalty", "Уровень программы лояльности"),
)
"""External id and name of each segmentation."""
SEGMENTS = (
    (
        ("new", "Новые"),
        ("active", "Активные"),
        ("at_risk", "Под угрозой оттока"),
        ("churned", "Ушедшие"),
    ),
    (("base", "Базовый"), ("silver", "Серебряный"), ("gold", "Золотой")),
)
"""External id and name of the segments of each segmentation."""
OUT = -1
"""Stands for the segment of those who left a segmentation."""

_NEW, _ACTIVE, _AT_RISK, _CHURNED = range(4)
NEW_FOR, ACTIVE_FOR, AT_RISK_FOR = 30 * DAY, 90 * DAY, 255 * DAY
SILVER_FROM, GOLD_FROM = 15_000_00, 50_000_00


@dataclass(frozen=True)
class Memberships(Columns):
    """Where customers stand, one row for everyone ever in a segmentation.

    Attributes:
        segmentation: index in SEGMENTATIONS.
        customer: index of a customer that lives on.
        segment: index in SEGMENTS of the segmentation, OUT for those who left.
        changed_at: ms UTC of entering the segment, or of leaving the segmentation.
    """

    segmentation: Array
    customer: Array
    segment: Array
    changed_at: Ints


def of(world: World, at: int | None = None) -> Memberships:
    """The memberships of a world, both segmentations one after the other.

    Args:
        world: whose customers and orders.
        at: the moment that is looked at, ms UTC; by default the world's now. What orders came to
            is told as it stands at the end of history.
    """
    moment = world.settings.until_ms if at is None else at
    return Memberships.join([_lifecycle(world, moment), _loyalty(world, moment)])


def _lifecycle(world: World, until: int) -> Memberships:
    """New for 30 days, active for 90 days after an order, at risk until 255 days have passed.

    Somebody of the imported base is known by the first order and is in no stage before it.
    """
    count = len(world.customers)
    person, at = _orders_by_person(world, until)[:2]
    first_order, last_order, active_since = _order_moments(person, at, count)
    registered = members.first_registrations(world.customers)
    came_with_import = np.zeros(count, bool)
    imported = world.customers.imported(world.settings.since_ms)
    came_with_import[world.customers.person[imported]] = True
    began = np.where(came_with_import, first_order, np.minimum(registered, first_order))

    grown = began + NEW_FOR
    has_bought = last_order >= 0
    last = np.where(has_bought, last_order, began)
    # Without an order there is nothing to be active by: the new go straight to being at risk.
    cooled = np.where(has_bought, np.maximum(last + ACTIVE_FOR, grown), grown)
    gone = last + AT_RISK_FOR
    age = [until <= grown, until <= cooled, until <= gone]
    segment = np.select(age, [_NEW, _ACTIVE, _AT_RISK], _CHURNED)
    changed = np.select(age, [began, np.maximum(active_since, grown), cooled], gone)
    customer = np.flatnonzero((world.customers.merged_into < 0) & (began < until))
    return _rows(LIFECYCLE, customer, segment, changed)


def _loyalty(world: World, until: int) -> Memberships:
    """Base at joining; silver and gold from what orders in the goal have come to; out at leaving.

    A level once reached is kept.
    """
    club = members.of(world.settings, world.customers)
    person, at, amount = _orders_by_person(world, until)
    customer = np.flatnonzero((world.customers.merged_into < 0) & (club.joined_at < until))
    segment = np.zeros(len(world.customers), np.int64)
    changed = club.joined_at.copy()
    starts = np.flatnonzero(np.diff(person, prepend=-1))
    sums = np.cumsum(amount)
    before = np.repeat(sums[starts] - amount[starts], np.diff(starts, append=len(person)))
    spent = sums - before
    for level, threshold in ((1, SILVER_FROM), (2, GOLD_FROM)):
        crossing = (spent >= threshold) & (spent - amount < threshold)
        who, when = person[crossing], at[crossing]
        in_time = when < club.left_at[who]
        who, when = who[in_time], when[in_time]
        segment[who] = level
        changed[who] = np.maximum(changed[who], when)
    left = club.left_at < until
    segment[left] = OUT
    changed[left] = club.left_at[left]
    return _rows(LOYALTY, customer, segment, changed)


def _rows(segmentation: int, customer: Array, segment: Array, changed_at: Ints) -> Memberships:
    return Memberships(
        segmentation=np.full(len(customer), segmentation, np.uint8),
        customer=customer.astype(np.int32),
        segment=segment[customer].astype(np.int8),
        changed_at=changed_at[customer],
    )


def _orders_by_person(world: World, until: int) -> tuple[Array, Ints, Ints]:
    """Person, moment and goal amount (kopecks) of orders of known people, person by person.

    Of the orders those before the moment are taken.
    """
    orders, lines = world.orders, world.lines
    _, amount = attribution.goal_amounts(orders, lines, line_status(orders, lines))
    known = np.flatnonzero((orders.customer != ANONYMOUS) & (orders.ordered_at < until))
    person = world.customers.person[orders.customer[known]]
    order = np.lexsort((orders.ordered_at[known], person))
    return person[order], orders.ordered_at[known[order]], amount[known[order]]


def _order_moments(person: Array, at: Ints, count: int) -> tuple[Ints, Ints, Ints]:
    """First order (NEVER without one), last order (-1) and the start of the present activity."""
    first, last = np.full(count, NEVER), np.full(count, -1)
    active_since = np.full(count, -1)
    np.minimum.at(first, person, at)
    np.maximum.at(last, person, at)
    fresh = np.ones(len(at), bool)
    fresh[1:] = (person[1:] != person[:-1]) | (at[1:] - at[:-1] > ACTIVE_FOR)
    np.maximum.at(active_since, person[fresh], at[fresh])
    return first, last, active_since
