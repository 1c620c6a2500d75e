"""Points of the loyalty programme: accrued, spent, given back, taken back and expired.

The rules, all of them the shop's own: a delivered order earns 5 % of its goods in whole points,
which can be spent from 14 days later and live for 180 days from then; members may pay up to 30 %
of an order's goods with what they have; birthdays bring 200 points at once; members of the
imported base brought balances that had to be spent within 92 days. One point is worth one rouble.
Points are spent in the order in which they became available, which is also the order in which
they expire, so every way of counting "the oldest first" gives the same remainders.

A person has one account. Movements carry the id under which the person was known at the time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sandbox.mindbox.world import members
from sandbox.mindbox.world.arrays import Array, Columns
from sandbox.mindbox.world.chance import happens
from sandbox.mindbox.world.clock import DAY, NEVER
from sandbox.mindbox.world.customers import birthdays
from sandbox.mindbox.world.orders import ANONYMOUS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.mindbox.world.arrays import Bools, Ints
    from sandbox.mindbox.world.customers import Customers
    from sandbox.mindbox.world.members import Members
    from sandbox.mindbox.world.orders import Lines, Orders
    from sandbox.mindbox.world.scene import Scene

POINT = 100
"""Amounts are in hundredths of a point, as money is in kopecks."""
BALANCE = "bonus"
"""System name of the only account that customers have."""

_EARNED_PERCENT = 5
_BLOCKED, _LIFE = 14 * DAY, 180 * DAY
_IMPORTED_LIFE = 92 * DAY
_BIRTHDAY_GIFT = 200 * POINT
_IMPORTED_SHARE, _IMPORTED_MEDIAN = 0.7, 220
_WISH_TO_SPEND, _PAYABLE_PERCENT, _SMALLEST_PAYMENT = 0.5, 30, 50 * POINT


class Kind(IntEnum):
    """Kinds of movement; `KIND_NAMES` are the API's spellings."""

    RETAIL_ORDER_BONUS = 0
    RETAIL_ORDER_PAYMENT = 1
    CUSTOM = 2
    EXPIRED = 3


KIND_NAMES = ("RetailOrderBonus", "RetailOrderPayment", "Custom", "Expired")


@dataclass(frozen=True)
class Movements(Columns):
    """Movements of points in order of time.

    The sum of amounts is the balance; the sum of those with `available_from` still to come is
    its blocked part. No sum up to any moment is negative, neither of all nor of the available.

    Attributes:
        customer: index of the customer of that time.
        at: ms UTC.
        kind: Kind.
        amount: signed, in hundredths of a point. Accruals are positive bonuses, returned goods
            negative ones; payments are negative, given back positive.
        available_from: ms UTC from which an accrual can be spent; what is taken back from an
            accrual still blocked carries the accrual's moment, everything else its own.
        expires_at: ms UTC at which the unspent rest of an accrual expires, NEVER for the rest.
        order: position of the order, -1 without one.
        brand: of the order, else the person's main brand.
    """

    customer: Array
    at: Ints
    kind: Array
    amount: Ints
    available_from: Ints
    expires_at: Ints
    order: Array
    brand: Array


@dataclass(frozen=True)
class Balances(Columns):
    """Balances by customer index; those of merged ids went to the id that lives on.

    Attributes:
        total: hundredths of a point.
        available: the part of it that can be spent; the rest is blocked.
    """

    total: Ints
    available: Ints

    @property
    def blocked(self) -> Ints:
        """The part that cannot be spent yet."""
        return np.asarray(self.total - self.available)


def balances(customers: Customers, movements: Movements, until_ms: int) -> Balances:
    """What everyone has at the end of history."""
    person = customers.person[movements.customer]
    open_now = movements.available_from <= until_ms
    return Balances(
        total=_sums(person, movements.amount, len(customers)),
        available=_sums(person, np.where(open_now, movements.amount, 0), len(customers)),
    )


def settle(scene: Scene, orders: Orders, lines: Lines) -> tuple[Orders, Movements]:
    """Let members of a block earn and spend; gives the orders with what was paid in points."""
    club = members.of(scene.settings, scene.customers)
    earning = _earning(club, orders, lines)
    spending = _spending(scene, club, orders, lines)
    lots = _Lots.join(
        [
            _gifts(scene, club),
            _brought(scene, club),
            _bonuses(orders, earning),
            _returned_payments(orders, spending),
        ]
    )
    events = _events(scene, orders, lots, earning, spending)
    paid, taken, credited, burnt = _lived(len(scene.customers), events, lots, earning, spending)
    movements = Movements.join(
        [
            _accrued(scene, lots, credited),
            _expired(scene, lots, burnt),
            _spent(orders, paid),
            _taken_back(scene, orders, earning, taken),
        ]
    )
    return replace(orders, points_paid=paid), movements


@dataclass(frozen=True)
class _Lots(Columns):
    """Points that come in at once and are spent or expire one lot after the other.

    Attributes:
        customer: index of the customer; which of the person's ids does not matter.
        kind: Kind.
        accrued_at, available_from, expires_at: ms UTC.
        amount: as accrued.
        taken_early: what a return takes back before the lot is available.
        order: position of the order, -1 without one.
        is_payment: gives back what was paid in points for the order, however much that was.
        brand: index of the brand.
    """

    customer: Array
    kind: Array
    accrued_at: Ints
    available_from: Ints
    expires_at: Ints
    amount: Ints
    taken_early: Ints
    order: Array
    is_payment: Array
    brand: Array


class _Step(IntEnum):
    """What can happen to an account, in the order of things of the same millisecond."""

    EXPIRE = 0
    ARRIVE = 1
    TAKE_BACK = 2
    SPEND = 3


@dataclass(frozen=True)
class _Events(Columns):
    """Steps of all accounts.

    Attributes:
        person: index of the customer of the end.
        at: ms UTC.
        step: _Step.
        subject: the lot that expires or arrives, the order whose bonus is taken back, or the
            row of `_Spending`.
    """

    person: Array
    at: Ints
    step: Array
    subject: Array


class _Earning(NamedTuple):
    """What each order earns at delivery, and how much of that its return takes back, and when."""

    bonus: Ints
    taken: Ints
    is_early: Bools


class _Spending(NamedTuple):
    """Orders that would be paid in points: up to what, and when the payment is given back."""

    order: Array
    limit: Ints
    gone_at: Ints


def _earning(club: Members, orders: Orders, lines: Lines) -> _Earning:
    count = len(orders)
    delivered = np.where(lines.is_cancelled, 0, lines.amount)
    kept = np.where(lines.is_returned, 0, delivered)
    customer = np.maximum(orders.customer, 0)
    earns = (orders.customer != ANONYMOUS) & (orders.delivered_at < NEVER)
    earns &= club.belong(customer, orders.ordered_at) & club.belong(customer, orders.delivered_at)
    bonus = np.where(earns, _whole_points(_sums(lines.order, delivered, count)), 0)
    left = _whole_points(_sums(lines.order, kept, count))
    comes_back = earns & (orders.returned_at < NEVER)
    return _Earning(
        bonus=bonus,
        taken=np.where(comes_back, bonus - left, 0),
        is_early=orders.returned_at < orders.delivered_at + _BLOCKED,
    )


def _spending(scene: Scene, club: Members, orders: Orders, lines: Lines) -> _Spending:
    count = len(orders)
    limit = _sums(lines.order, lines.amount, count) * _PAYABLE_PERCENT // 100 // POINT * POINT
    wishes = happens(scene.rng, _WISH_TO_SPEND, count) & (orders.customer != ANONYMOUS)
    wishes &= club.belong(np.maximum(orders.customer, 0), orders.ordered_at)
    order = np.flatnonzero(wishes & (limit >= _SMALLEST_PAYMENT)).astype(np.int32)
    cancelled = (orders.cancelled_at[lines.order] < NEVER) & lines.is_cancelled
    returned = (orders.returned_at[lines.order] < NEVER) & lines.is_returned
    left = np.bincount(lines.order, ~(cancelled | returned), minlength=count)
    gone_at = np.minimum(orders.cancelled_at, orders.returned_at)
    gone_at = np.where(left == 0, gone_at, NEVER)
    return _Spending(order=order, limit=limit[order], gone_at=gone_at[order])


def _gifts(scene: Scene, club: Members) -> _Lots:
    customer, at = birthdays(scene.customers, scene.calendar, scene.settings)
    given = club.belong(customer, at)
    return _of_nothing(scene, customer[given], at[given], _BIRTHDAY_GIFT, at[given] + _LIFE)


def _brought(scene: Scene, club: Members) -> _Lots:
    customers, rng, settings = scene.customers, scene.rng, scene.settings
    came = customers.imported(settings.since_ms)
    came &= customers.registered_at == club.joined_at
    came &= happens(rng, _IMPORTED_SHARE, len(customers))
    customer = np.flatnonzero(came)
    points = np.minimum(rng.lognormal(np.log(_IMPORTED_MEDIAN), 0.9, len(customer)), 5_000)
    at = customers.registered_at[customer]
    expires = np.full(len(customer), settings.since_ms + _IMPORTED_LIFE)
    return _of_nothing(scene, customer, at, points.astype(np.int64) * POINT, expires)


def _of_nothing(scene: Scene, customer: Array, at: Ints, amount: Ints | int, till: Ints) -> _Lots:
    """Lots that no order earned; available at once."""
    count = len(customer)
    return _Lots(
        customer=customer.astype(np.int32),
        kind=np.full(count, Kind.CUSTOM, np.uint8),
        accrued_at=at,
        available_from=at,
        expires_at=till,
        amount=np.broadcast_to(np.asarray(amount, np.int64), count),
        taken_early=np.zeros(count, np.int64),
        order=np.full(count, -1, np.int32),
        is_payment=np.zeros(count, bool),
        brand=scene.customers.main_brand[customer],
    )


def _bonuses(orders: Orders, earning: _Earning) -> _Lots:
    order = np.flatnonzero(earning.bonus > 0).astype(np.int32)
    at = orders.delivered_at[order]
    return _Lots(
        customer=orders.customer[order],
        kind=np.full(len(order), Kind.RETAIL_ORDER_BONUS, np.uint8),
        accrued_at=at,
        available_from=at + _BLOCKED,
        expires_at=at + _BLOCKED + _LIFE,
        amount=earning.bonus[order],
        taken_early=np.where(earning.is_early, earning.taken, 0)[order],
        order=order,
        is_payment=np.zeros(len(order), bool),
        brand=orders.brand[order],
    )


def _returned_payments(orders: Orders, spending: _Spending) -> _Lots:
    gone = spending.gone_at < NEVER
    order, at = spending.order[gone], spending.gone_at[gone]
    return _Lots(
        customer=orders.customer[order],
        kind=np.full(len(order), Kind.RETAIL_ORDER_PAYMENT, np.uint8),
        accrued_at=at,
        available_from=at,
        expires_at=at + _LIFE,
        amount=np.zeros(len(order), np.int64),
        taken_early=np.zeros(len(order), np.int64),
        order=order,
        is_payment=np.ones(len(order), bool),
        brand=orders.brand[order],
    )


def _events(
    scene: Scene, orders: Orders, lots: _Lots, earning: _Earning, spending: _Spending
) -> _Events:
    """Everything that happens to accounts before the end of history."""
    late = np.flatnonzero((earning.taken > 0) & ~earning.is_early)
    every_lot, every_wish = np.arange(len(lots)), np.arange(len(spending.order))
    steps = (
        (_Step.EXPIRE, lots.customer, lots.expires_at, every_lot),
        (_Step.ARRIVE, lots.customer, lots.available_from, every_lot),
        (_Step.TAKE_BACK, orders.customer[late], orders.returned_at[late], late),
        (
            _Step.SPEND,
            orders.customer[spending.order],
            orders.ordered_at[spending.order],
            every_wish,
        ),
    )
    events = _Events.join(
        [
            _Events(
                person=scene.customers.person[customer],
                at=at,
                step=np.full(len(at), step, np.uint8),
                subject=subject.astype(np.int32),
            )
            for step, customer, at, subject in steps
        ]
    )
    return events.take(events.at < scene.settings.until_ms)


def _rounds(events: _Events) -> Iterator[tuple[Array, Array, Array]]:
    """Persons, steps and subjects, the n-th ones of every person in the n-th round."""
    events = events.take(np.lexsort((events.subject, events.step, events.at, events.person)))
    starts = np.flatnonzero(np.diff(events.person, prepend=-1))
    lengths = np.diff(starts, append=len(events))
    turn = np.arange(len(events)) - np.repeat(starts, lengths)
    events = events.take(np.argsort(turn, kind="stable"))
    edges = np.concatenate([[0], np.cumsum(np.bincount(turn))])
    for first, last in pairwise(edges):
        part = slice(first, last)
        yield events.person[part], events.step[part], events.subject[part]


def _lived(
    people: int, events: _Events, lots: _Lots, earning: _Earning, spending: _Spending
) -> tuple[Ints, Ints, Ints, Ints]:
    """Live through everybody's account at once, the n-th event of each person in the n-th round.

    Lots become available in the order in which they expire. So an account needs only two running
    sums: what has become available so far, and what is gone of it. The rest of a lot is what its
    end in the first sum exceeds the second by.

    Returns what was paid for each order, taken back from each order's bonus, and, by lot, what
    came in and what expired; hundredths of a point.
    """
    paid = np.zeros(len(earning.bonus), np.int64)
    taken = np.where(earning.is_early, earning.taken, 0)
    credited = lots.amount.copy()
    burnt = np.zeros(len(lots), np.int64)
    end = np.zeros(len(lots), np.int64)
    came = np.zeros(people, np.int64)
    gone = np.zeros(people, np.int64)
    for person, step, subject in _rounds(events):
        lapse = step == _Step.EXPIRE
        who, lot = person[lapse], subject[lapse]
        burnt[lot] = np.maximum(end[lot] - gone[who], 0)
        gone[who] += burnt[lot]

        arrival = step == _Step.ARRIVE
        who, lot = person[arrival], subject[arrival]
        given_back = lots.is_payment[lot]
        credited[lot[given_back]] = paid[lots.order[lot[given_back]]]
        came[who] += credited[lot] - lots.taken_early[lot]
        end[lot] = came[who]

        payment = step == _Step.SPEND
        who, order = person[payment], spending.order[subject[payment]]
        has = (came[who] - gone[who]) // POINT * POINT
        amount = np.minimum(has, spending.limit[subject[payment]])
        paid[order] = np.where(amount >= _SMALLEST_PAYMENT, amount, 0)
        gone[who] += paid[order]

        reversal = step == _Step.TAKE_BACK
        who, order = person[reversal], subject[reversal]
        taken[order] = np.minimum(earning.taken[order], came[who] - gone[who])
        gone[who] += taken[order]
    return paid, taken, credited, burnt


def _accrued(scene: Scene, lots: _Lots, credited: Ints) -> Movements:
    """What came in, payments given back included."""
    real = (credited > 0) & (lots.accrued_at < scene.settings.until_ms)
    lots, amount = lots.take(real), credited[real]
    return Movements(
        customer=scene.customers.at(lots.customer, lots.accrued_at),
        at=lots.accrued_at,
        kind=lots.kind,
        amount=amount,
        available_from=lots.available_from,
        expires_at=lots.expires_at,
        order=lots.order,
        brand=lots.brand,
    )


def _expired(scene: Scene, lots: _Lots, burnt: Ints) -> Movements:
    """What was left of lots at their end."""
    real = burnt > 0
    lots, amount = lots.take(real), burnt[real]
    return Movements(
        customer=scene.customers.at(lots.customer, lots.expires_at),
        at=lots.expires_at,
        kind=np.full(len(lots), Kind.EXPIRED, np.uint8),
        amount=-amount,
        available_from=lots.expires_at,
        expires_at=np.full(len(lots), NEVER),
        order=np.full(len(lots), -1, np.int32),
        brand=lots.brand,
    )


def _spent(orders: Orders, paid: Ints) -> Movements:
    """What orders were paid with."""
    order = np.flatnonzero(paid).astype(np.int32)
    customer, at = orders.customer[order], orders.ordered_at[order]
    moves = _of_orders(orders, order, Kind.RETAIL_ORDER_PAYMENT, customer, at)
    return replace(moves, amount=-paid[order])


def _taken_back(scene: Scene, orders: Orders, earning: _Earning, taken: Ints) -> Movements:
    """What returned goods had earned."""
    order = np.flatnonzero(taken).astype(np.int32)
    at = orders.returned_at[order]
    customer = scene.customers.at(orders.customer[order], at)
    moves = _of_orders(orders, order, Kind.RETAIL_ORDER_BONUS, customer, at)
    # Taken from an accrual that is still blocked, it lessens what is blocked.
    blocked_till = orders.delivered_at[order] + _BLOCKED
    return replace(
        moves,
        amount=-taken[order],
        available_from=np.where(earning.is_early[order], blocked_till, at),
    )


def _of_orders(orders: Orders, order: Array, kind: Kind, customer: Array, at: Ints) -> Movements:
    """Movements of orders, still without an amount."""
    return Movements(
        customer=customer,
        at=at,
        kind=np.full(len(order), kind, np.uint8),
        amount=np.zeros(len(order), np.int64),
        available_from=at,
        expires_at=np.full(len(order), NEVER),
        order=order,
        brand=orders.brand[order],
    )


def _sums(group: Array, amount: Ints, count: int) -> Ints:
    """Sums by group; exact, as amounts stay far below 2^53."""
    return np.bincount(group, amount, minlength=count).astype(np.int64)


def _whole_points(kopecks: Ints) -> Ints:
    return np.asarray(kopecks * _EARNED_PERCENT // 100 // POINT * POINT)
