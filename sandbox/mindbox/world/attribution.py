"""Which mailing an order is credited to: the last non-direct touch, as Mindbox defines it.

Source of the rule: Mindbox help, "Атрибуция". A visit to the site that comes from elsewhere after
the touch breaks the credit; a direct one does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sandbox.mindbox.world.actions import FIRST_SOURCE, Template
from sandbox.mindbox.world.arrays import Array, Columns
from sandbox.mindbox.world.clock import DAY, NEVER, SECOND
from sandbox.mindbox.world.messages import Status
from sandbox.mindbox.world.orders import ANONYMOUS, LineStatus
from sandbox.mindbox.world.traffic import Source

if TYPE_CHECKING:
    from sandbox.mindbox.world.actions import Actions
    from sandbox.mindbox.world.arrays import Bools, Ints
    from sandbox.mindbox.world.customers import Customers
    from sandbox.mindbox.world.mailings import Plan
    from sandbox.mindbox.world.messages import Messages, Statuses
    from sandbox.mindbox.world.orders import Lines, Orders

CLICK_VISIT_GRACE = 300 * SECOND
"""A visit so soon after a click was started by it, even where the link's marks were lost."""
LONG_AGO = -NEVER
GOAL = (LineStatus.CHECKED_OUT, LineStatus.PAID, LineStatus.DELIVERED)


def goal_amounts(orders: Orders, lines: Lines, status: Array) -> tuple[Bools, Ints]:
    """Whether each order meets the default goal, and its amount in kopecks.

    An order meets it while a line is checked out, paid or delivered; the amount is the final
    price of those lines plus delivery. Outside the goal the amount is 0.
    """
    left = np.isin(status, GOAL)
    count = np.bincount(lines.order[left], minlength=len(orders))
    sums = np.zeros(len(orders), np.int64)
    np.add.at(sums, lines.order[left], lines.amount[left])
    in_goal = count > 0
    return in_goal, np.where(in_goal, sums + orders.delivery_cost, 0)


@dataclass(frozen=True)
class Touches(Columns):
    """Clicks that may earn an order.

    Attributes:
        person: index of the customer that the clicker is known as in the end.
        brand: of the mailing.
        at: ms UTC of the click.
        message: position of the message.
        message_id: its id.
    """

    person: Array
    brand: Array
    at: Ints
    message: Array
    message_id: Ints


def touches(plan: Plan, customers: Customers, messages: Messages, statuses: Statuses) -> Touches:
    """All clicks, repeated ones too, of messages of non-transactional mailings."""
    clicks = np.flatnonzero(statuses.kind == Status.CLICKED)
    transactional = plan["transactional"][messages.mailing[statuses.message[clicks]]]
    clicks = clicks[~transactional]
    message = statuses.message[clicks]
    return Touches(
        person=customers.person[messages.customer[message]],
        brand=plan["brand"][messages.mailing[message]],
        at=statuses.at[clicks],
        message=message,
        message_id=messages.message_id[message],
    )


@dataclass(frozen=True)
class Visits(Columns):
    """Visits that break the credit of earlier touches.

    Attributes:
        person: index of the customer that the visitor is known as in the end.
        brand: of the site.
        at: ms UTC.
    """

    person: Array
    brand: Array
    at: Ints


def foreign_visits(
    plan: Plan, customers: Customers, messages: Messages, statuses: Statuses, actions: Actions
) -> Visits:
    """Visits to the site that are neither direct nor started by a mailing.

    A mailing started those that carry its UTM marks, and those within `CLICK_VISIT_GRACE` after a
    click of the same person on any mailing of the same brand, transactional ones included.
    """
    direct = FIRST_SOURCE + Source.DIRECT
    stranger = (actions.template == Template.SITE_VISIT) & (actions.contact != direct)
    visits = actions.take(np.flatnonzero(stranger & (actions.mailing < 0)))
    person = customers.person[visits.customer]
    clicks = np.flatnonzero(statuses.kind == Status.CLICKED)
    message = statuses.message[clicks]
    clicker = customers.person[messages.customer[message]]
    group = _group(clicker, plan["brand"][messages.mailing[message]])
    clicked_at = _last_before(
        (group, statuses.at[clicks]), (_group(person, visits.brand), visits.at)
    )
    foreign = visits.at - clicked_at > CLICK_VISIT_GRACE
    return Visits(person=person[foreign], brand=visits.brand[foreign], at=visits.at[foreign])


def credit(
    clicks: Touches,
    visits: Visits,
    customers: Customers,
    orders: Orders,
    in_goal: Bools,
    *,
    window_days: int,
) -> Array:
    """Position of the message that each order is credited to, -1 for none.

    An order in the goal goes to the person's last touch of the same brand at or before its first
    action, the larger message id among equals, unless more than `window_days` times 24 h lie
    between, or a foreign visit of the person to the brand's site does. No older touch is tried.
    Persons are those of the end: all merges are known.
    """
    order = np.flatnonzero(in_goal & (orders.customer != ANONYMOUS))
    person = np.concatenate([clicks.person, customers.person[orders.customer[order]]])
    brand = np.concatenate([clicks.brand, orders.brand[order]])
    at = np.concatenate([clicks.at, orders.ordered_at[order]])
    is_order = np.repeat([False, True], [len(clicks), len(order)])
    message_id = np.concatenate([clicks.message_id, np.zeros(len(order), np.int64)])
    group = _group(person, brand)

    # One timeline per person and brand; at one moment touches stand before orders.
    line_up = np.lexsort((message_id, is_order, at, group))
    place = np.arange(len(line_up))
    last_touch = np.maximum.accumulate(np.where(is_order[line_up], -1, place))
    asking = place[is_order[line_up]]
    found = last_touch[asking]
    asker, giver = line_up[asking], line_up[np.maximum(found, 0)]
    earned = (
        (found >= 0) & (group[asker] == group[giver]) & (at[asker] - at[giver] <= window_days * DAY)
    )
    visited_at = _last_before(
        (_group(visits.person, visits.brand), visits.at), (group[asker], at[asker])
    )
    earned &= visited_at <= at[giver]
    credited = np.full(len(orders), -1, np.int32)
    credited[order[asker[earned] - len(clicks)]] = clicks.message[giver[earned]]
    return credited


def _group(person: Array, brand: Array) -> Ints:
    return np.asarray(person.astype(np.int64) * 256 + brand)


def _last_before(events: tuple[Ints, Ints], asking: tuple[Ints, Ints]) -> Ints:
    """The last event of the group at or before each moment asked for, LONG_AGO without one.

    Both come as group and ms UTC.
    """
    group = np.concatenate([events[0], asking[0]])
    at = np.concatenate([events[1], asking[1]])
    asks = np.repeat([False, True], [len(events[0]), len(asking[0])])
    line_up = np.lexsort((asks, at, group))
    last = np.maximum.accumulate(np.where(asks[line_up], -1, np.arange(len(line_up))))
    found = line_up[np.maximum(last, 0)]
    known = (last >= 0) & (group[found] == group[line_up])
    answers = np.full(len(line_up), LONG_AGO)
    answers[line_up] = np.where(known, at[found], LONG_AGO)
    return answers[len(events[0]) :]
