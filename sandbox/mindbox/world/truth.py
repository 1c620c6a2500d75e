"""What is true of a world, counted with numpy alone: the other side of every comparison."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sandbox.mindbox.world import attribution, orders, points, segments
from sandbox.mindbox.world.arrays import Array, Columns
from sandbox.mindbox.world.chance import hashed
from sandbox.mindbox.world.clock import DAY
from sandbox.mindbox.world.orders import ANONYMOUS
from sandbox.mindbox.world.report import Dynamics, MessageFacts, Summary

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Bools, Ints
    from sandbox.mindbox.world.points import Balances
    from sandbox.mindbox.world.segments import Memberships
    from sandbox.mindbox.world.world import World


@dataclass(frozen=True)
class OrderFacts(Columns):
    """What every order comes to, order by order of `World.orders`.

    Attributes:
        in_goal: it meets the default goal (a line checked out, paid or delivered).
        amount: kopecks in the goal, 0 outside it.
        person: index of the customer of the end, ANONYMOUS without one.
        credited_mailing: mailing id that it is credited to, 0 for none.
        credited_message: message id that it is credited to, 0 for none.
    """

    in_goal: Bools
    amount: Ints
    person: Array
    credited_mailing: Ints
    credited_message: Ints


class Truth:
    """Answers about one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    @cached_property
    def orders(self) -> OrderFacts:
        """Goal, amount, person and credit of every order."""
        world = self._world
        status = orders.line_status(world.orders, world.lines)
        in_goal, amount = attribution.goal_amounts(world.orders, world.lines, status)
        known = world.orders.customer != ANONYMOUS
        person = np.full(len(world.orders), ANONYMOUS, np.int32)
        person[known] = world.customers.person[world.orders.customer[known]]
        earned = world.orders.credited >= 0
        message = world.orders.credited[earned]
        mailing_id = np.zeros(len(world.orders), np.int64)
        mailing_id[earned] = world.plan["ids"][world.messages.mailing[message]]
        message_id = np.zeros(len(world.orders), np.int64)
        message_id[earned] = world.messages.message_id[message]
        return OrderFacts(
            in_goal=in_goal,
            amount=amount,
            person=person,
            credited_mailing=mailing_id,
            credited_message=message_id,
        )

    @cached_property
    def messages(self) -> MessageFacts:
        """What every message came to."""
        return MessageFacts(self._world)

    @cached_property
    def balances(self) -> Balances:
        """Points of every customer at the end of history; all of a person's with the final id."""
        world = self._world
        return points.balances(world.customers, world.movements, world.settings.until_ms)

    @cached_property
    def segments(self) -> Memberships:
        """Where every customer stands in the segmentations at the end of history."""
        return segments.of(self._world)

    def rows(self) -> dict[str, int]:
        """Distinct keys that the API serves, by root array."""
        world = self._world
        return {
            "customers": int(np.count_nonzero(world.customers.merged_into < 0)),
            "mailings": len(world.plan.mailings),
            "customerMessageStatuses": len(world.statuses),
            "orders": len(world.orders),
            "customerActions": len(world.actions),
            "customerMerges": len(world.merges),
            "products": int(np.count_nonzero(world.catalogue.is_exported)),
            "promotions": len(world.promotions.rows),
            "customerSegments": len(self.segments),
        }

    def outage(self) -> date:
        """The local date on which the tracker was down for most of the day."""
        return self._world.outage.day

    def months(self) -> list[tuple[date, date]]:
        """First and last local date of every calendar month of history, the last one unfinished."""
        calendar, settings = self._world.calendar, self._world.settings
        ends = np.array([settings.since_ms, settings.until_ms - 1])
        first, last = (calendar.dates[int(n)] for n in calendar.day_index(ends))
        months = []
        while first <= last:
            following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
            months.append((first.replace(day=1), following - timedelta(days=1)))
            first = following
        return months

    def summary(self, since: date, till: date) -> Summary:
        """Mindbox's summary report over local dates, both included."""
        calendar = self._world.calendar
        return self.messages.summary(calendar.start_of(since), calendar.end_of(till))

    def dynamics(self, since: date, till: date) -> Dynamics:
        """Mindbox's dynamics report by day over local dates, both included."""
        calendar = self._world.calendar
        return self.messages.dynamics(calendar.start_of(since), calendar.end_of(till))

    def order_ids(self) -> list[str]:
        """Ids of all orders as text: digits, or the GUID of an anonymous order."""
        world = self._world
        seed = world.settings.seed
        ids = world.orders.order_id
        high, low = (hashed(seed, "order guid", ids, half) for half in (0, 1))
        nameless = world.orders.customer == ANONYMOUS
        return [
            str(uuid.UUID(int=(int(high[n]) << 64) | int(low[n]))) if nameless[n] else str(ids[n])
            for n in range(len(ids))
        ]

    def final_ids(self) -> dict[int, int]:
        """Mindbox id of the end for every merged-away mindbox id."""
        customers = self._world.customers
        merged = self._world.merges.merged
        final = customers.mindbox_id[customers.person[merged]]
        return dict(zip(customers.mindbox_id[merged].tolist(), final.tolist(), strict=True))

    def active_customers(self, day: date, within_days: int, brand: int | None = None) -> int:
        """Persons with a goal order in the so many days that end with the local date."""
        end = self._world.calendar.end_of(day)
        return self._buyers(end - within_days * DAY, end, brand)

    def buyers(self, since: date, till: date, brand: int | None = None) -> int:
        """Persons with a goal order on the local dates, both included."""
        calendar = self._world.calendar
        return self._buyers(calendar.start_of(since), calendar.end_of(till), brand)

    def _buyers(self, since: int, till: int, brand: int | None) -> int:
        facts, at = self.orders, self._world.orders.ordered_at
        chosen = facts.in_goal & (facts.person != ANONYMOUS) & (at >= since) & (at < till)
        if brand is not None:
            chosen &= self._world.orders.brand == brand
        return len(np.unique(facts.person[chosen]))
