"""A bad day of the shop: its tracker is down for most of it.

No action on the site or in the application is recorded, buyers who meet the broken basket give
up, and the mass mailings of the day go out on the next one. Whoever watches the numbers should
notice this day and no other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sandbox.mindbox.world.chance import happens, uniform
from sandbox.mindbox.world.clock import DAY, HOLIDAYS, HOUR
from sandbox.mindbox.world.mailings import Plan
from sandbox.mindbox.world.vocabulary import ONLINE_CHANNELS

if TYPE_CHECKING:
    from datetime import date

    from sandbox.mindbox.world.arrays import Bools, Ints
    from sandbox.mindbox.world.clock import Calendar
    from sandbox.mindbox.world.orders import Orders
    from sandbox.mindbox.world.settings import WorldSettings

_EARLIEST, _LATEST = 0.35, 0.75
"""Part of history in which the day lies, so that usual days stand on both sides of it."""
_FROM, _TILL = 2 * HOUR, 23 * HOUR
_LOST_ORDERS = 0.65
"""Share of online orders of own accord that are not made while the tracker is down."""


@dataclass(frozen=True)
class Outage:
    """The bad day.

    Attributes:
        day: project-local date.
        day_since, day_till: ms UTC of the day's beginning and end.
        since, till: ms UTC between which nothing is recorded.
    """

    day: date
    day_since: int
    day_till: int
    since: int
    till: int

    @classmethod
    def of(cls, settings: WorldSettings, calendar: Calendar, plan: Plan) -> Outage:
        """The outage of a world: in the middle of history, on a day that had mailings to send."""
        span = settings.until_ms - settings.since_ms
        ends = settings.since_ms + (np.array([_EARLIEST, _LATEST]) * span).astype(np.int64)
        first, last = calendar.day_index(ends)
        send_at = np.array([m.send_at for m in plan.mailings if m.mailing_type == "mass"], np.int64)
        busy = set(calendar.day_index(send_at).tolist())
        ordinary = [
            int(number)
            for number in range(first, last)
            if (calendar.dates[number].month, calendar.dates[number].day) not in HOLIDAYS
        ]
        days = [number for number in ordinary if number in busy] or ordinary
        number = days[int(uniform(settings.seed, "outage", 0) * len(days))]
        start, end = (int(at) for at in calendar.starts[number : number + 2])
        return cls(
            day=calendar.dates[number],
            day_since=start,
            day_till=end,
            since=start + _FROM,
            till=start + _TILL,
        )

    def hides(self, at: Ints) -> Bools:
        """Whether the tracker would miss what happens at each moment."""
        return np.asarray((at >= self.since) & (at < self.till))

    def postponed(self, plan: Plan) -> Plan:
        """The plan as it came out: mass mailings of the day are sent 24 hours later."""
        return Plan(
            [
                replace(m, send_at=m.send_at + DAY, changed_at=m.send_at)
                if m.mailing_type == "mass" and self.day_since <= m.send_at < self.day_till
                else m
                for m in plan.mailings
            ]
        )

    def deters(self, orders: Orders, rng: np.random.Generator) -> Bools:
        """Which orders are not made after all: online, of own accord, while it lasts."""
        online = np.isin(orders.channel, ONLINE_CHANNELS)
        hit = online & (orders.caused_by < 0) & self.hides(orders.ordered_at)
        return hit & happens(rng, _LOST_ORDERS, len(orders))
