"""Which mailing an order is credited to: the last non-direct touch, as Mindbox defines it.

Source of the rule: Mindbox help, "Атрибуция"; visits to the site are not part of this world, so
the rule that another visit breaks the credit has nothing to act on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sandbox.mindbox.world.arrays import Array, Columns
from sandbox.mindbox.world.clock import DAY
from sandbox.mindbox.world.messages import Status
from sandbox.mindbox.world.orders import ANONYMOUS, LineStatus

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Bools, Ints
    from sandbox.mindbox.world.customers import Customers
    from sandbox.mindbox.world.mailings import Plan
    from sandbox.mindbox.world.messages import Messages, Statuses
    from sandbox.mindbox.world.orders import Lines, Orders

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


def credit(
    clicks: Touches, customers: Customers, orders: Orders, in_goal: Bools, window_days: int
) -> Array:
    """Position of the message that each order is credited to, -1 for none.

    An order in the goal goes to the person's last touch of the same brand at or before its first
    action, the larger message id among equals, unless more than `window_days` times 24 h lie
    between. Persons are those of the end: all merges are known.
    """
    order = np.flatnonzero(in_goal & (orders.customer != ANONYMOUS))
    person = np.concatenate([clicks.person, customers.person[orders.customer[order]]])
    brand = np.concatenate([clicks.brand, orders.brand[order]])
    at = np.concatenate([clicks.at, orders.ordered_at[order]])
    is_order = np.repeat([False, True], [len(clicks), len(order)])
    message_id = np.concatenate([clicks.message_id, np.zeros(len(order), np.int64)])
    group = person.astype(np.int64) * 256 + brand

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
    credited = np.full(len(orders), -1, np.int32)
    credited[order[asker[earned] - len(clicks)]] = clicks.message[giver[earned]]
    return credited
