"""Time in the world: milliseconds since the epoch in UTC, and the project's calendar over them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Floats, Ints

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NEVER = 2**62
"""A moment that does not come; later than every real one, so `min` and `<=` just work."""

_MONTH_DEMAND = (0.86, 0.90, 1.04, 0.94, 0.93, 0.90, 0.88, 0.92, 1.00, 1.04, 1.22, 1.45)
_WEEKDAY_DEMAND = (1.04, 1.02, 1.00, 1.00, 1.04, 0.96, 0.94)
_HOUR_DEMAND = (
    *(0.28, 0.16, 0.10, 0.07, 0.07, 0.11, 0.26, 0.52, 0.82, 1.08, 1.28, 1.38),
    *(1.40, 1.38, 1.32, 1.28, 1.26, 1.28, 1.36, 1.50, 1.62, 1.60, 1.24, 0.66),
)
HOLIDAYS = {(2, 22): 1.7, (3, 7): 1.9, (11, 11): 2.0, (11, 28): 2.6, (12, 30): 1.5, (1, 1): 0.35}
"""Days when Russian shops sell unlike their month: (month, day) → factor."""
_SALES = (0.72, 0.9)
"""When the shop's own sales begin, as shares of history: the base has grown by then."""
SALE_DAYS, _SALE_DEMAND = 7, 4.2


class Calendar:
    """Project-local dates of the world's span, as arrays, with the UTC moment each begins at."""

    def __init__(self, since_ms: int, until_ms: int, time_zone: str) -> None:
        """Cover every local date from a year before `since_ms` to a day after `until_ms`."""
        zone = ZoneInfo(time_zone)
        first = datetime.fromtimestamp(since_ms / 1000, zone).date() - timedelta(days=366)
        last = datetime.fromtimestamp(until_ms / 1000, zone).date() + timedelta(days=1)
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        self.first = first
        self.dates = days
        self.starts: Ints = np.array(
            [round(datetime(d.year, d.month, d.day, tzinfo=zone).timestamp() * 1000) for d in days],
            dtype=np.int64,
        )
        self.month_of_day: Ints = np.array([d.year * 12 + d.month - 1 for d in days], np.int64)

    def start_of(self, day: date) -> int:
        """The UTC moment (ms) at which the local date begins; dates outside are clamped."""
        index = min(max((day - self.first).days, 0), len(self.starts) - 1)
        return int(self.starts[index])

    def end_of(self, day: date) -> int:
        """The UTC moment (ms) at which the local date ends; dates outside are clamped."""
        return self.start_of(day + timedelta(days=1))

    def day_index(self, at: Ints) -> Ints:
        """Position in `dates` of the local date of each moment."""
        return np.searchsorted(self.starts, at, side="right") - 1

    def month(self, at: Ints) -> Ints:
        """Local calendar month of each moment as year * 12 + month - 1."""
        return self.month_of_day[self.day_index(at)]


def sales(calendar: Calendar, since_ms: int, until_ms: int) -> list[date]:
    """First local days of the shop's own sales, all brands at once, SALE_DAYS each."""
    begin = [since_ms + int(share * (until_ms - since_ms)) for share in _SALES]
    return [calendar.dates[day] for day in calendar.day_index(np.array(begin))]


@dataclass(frozen=True)
class Demand:
    """How eager the shop's customers are hour by hour, as a cumulative curve to draw from."""

    edges: Floats
    cumulative: Floats

    @classmethod
    def over(cls, calendar: Calendar, since_ms: int, until_ms: int) -> Demand:
        """Demand by season, weekday, local hour, holidays and sales, growing 1.5 % a month."""
        edges = np.arange(since_ms, until_ms + HOUR, HOUR, dtype=np.int64)
        starts = edges[:-1]
        day = calendar.day_index(starts)
        on_sale = {
            first + timedelta(days=n)
            for first in sales(calendar, since_ms, until_ms)
            for n in range(SALE_DAYS)
        }
        by_day = np.array(
            [
                _MONTH_DEMAND[d.month - 1]
                * _WEEKDAY_DEMAND[d.weekday()]
                * HOLIDAYS.get((d.month, d.day), 1.0)
                * (_SALE_DEMAND if d in on_sale else 1.0)
                for d in calendar.dates
            ]
        )
        hour = ((starts - calendar.starts[day]) // HOUR) % 24
        growth = 1.015 ** ((starts - since_ms) / (30.44 * DAY))
        weight = by_day[day] * np.array(_HOUR_DEMAND)[hour] * growth
        # Measured in ordinary days, so that a rate per day times a span of it is a count.
        per_hour = weight / weight.mean() / 24
        return cls(edges.astype(np.float64), np.concatenate([[0.0], np.cumsum(per_hour)]))

    def between(self, since: Ints, till: Ints) -> Floats:
        """Demand, in ordinary days, that falls between two moments."""
        curve = np.interp(np.stack([since, till]).astype(np.float64), self.edges, self.cumulative)
        return np.asarray(np.maximum(curve[1] - curve[0], 0.0))

    def draw(self, uniform: Floats, since: Ints, till: Ints) -> Ints:
        """Moments in [since, till) that follow demand; `uniform` in [0, 1) picks them."""
        low = np.interp(since.astype(np.float64), self.edges, self.cumulative)
        high = np.interp(till.astype(np.float64), self.edges, self.cumulative)
        at = np.interp(low + uniform * (high - low), self.cumulative, self.edges).astype(np.int64)
        return np.clip(at, since, np.maximum(till - 1, since))
