"""Mindbox's summary and dynamics reports, counted from the world's own arrays.

Definitions: developers.mindbox.ru, "Экспорт отчётов". A message belongs to the period of its
participation; what it led to may come later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sandbox.mindbox.world import attribution, orders
from sandbox.mindbox.world.arrays import Array, Columns
from sandbox.mindbox.world.messages import BOUNCE_REASONS, NOT_DELIVERED_REASONS, Status

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Bools, Ints
    from sandbox.mindbox.world.world import World


_CELLS = 2**32
"""More than there are pairs of mailing and variant, so a day can be put before them."""


@dataclass(frozen=True)
class Summary(Columns):
    """One row per mailing and variant with messages in the period.

    Attributes:
        mailing: position in the plan.
        variant: from 1.
        total: messages that took part (queued, held back, sent).
        sent: messages sent.
        delivered: sent less those not delivered.
        opened, clicked, unsubscribed: messages with at least one such status.
        spam: unsubscribes by the spam button.
        bounced: not delivered because the address does not exist or is inactive.
        conversions: goal orders credited to the messages.
        revenue: kopecks of those orders.
    """

    mailing: Array
    variant: Array
    total: Ints
    sent: Ints
    delivered: Ints
    opened: Ints
    clicked: Ints
    unsubscribed: Ints
    spam: Ints
    bounced: Ints
    conversions: Ints
    revenue: Ints


@dataclass(frozen=True)
class Dynamics(Columns):
    """One row per local day, mailing and variant with messages or with orders of that day.

    Attributes:
        day: position in the calendar's dates.
        orders: goal orders made on that day that are credited to the mailing, whenever sent.
        revenue_of_day: kopecks of those orders.

    The other columns are those of the summary, of the messages that took part on that day.
    """

    day: Array
    mailing: Array
    variant: Array
    total: Ints
    sent: Ints
    delivered: Ints
    opened: Ints
    clicked: Ints
    unsubscribed: Ints
    spam: Ints
    bounced: Ints
    conversions: Ints
    revenue: Ints
    orders: Ints
    revenue_of_day: Ints


class MessageFacts:
    """What each message came to, as one flag or sum per message."""

    def __init__(self, world: World) -> None:
        self._messages = world.messages
        self._calendar = world.calendar
        self.sent = _with(world, Status.SENT)
        self.delivered = self.sent & ~_with(world, Status.NOT_DELIVERED)
        self.opened = _with(world, Status.OPENED)
        self.clicked = _with(world, Status.CLICKED)
        self.unsubscribed = _with(world, Status.UNSUBSCRIBE)
        self.spam = world.messages.is_spam & self.unsubscribed
        bounces = [NOT_DELIVERED_REASONS.index(reason) for reason in BOUNCE_REASONS]
        failed = self.sent & ~self.delivered
        self.bounced = failed & np.isin(world.messages.not_delivered_reason, bounces)
        status = orders.line_status(world.orders, world.lines)
        _, amount = attribution.goal_amounts(world.orders, world.lines, status)
        earned = world.orders.credited >= 0
        credited = world.orders.credited[earned]
        self._orders_at = world.orders.ordered_at[earned]
        self._order_message = credited
        self._order_amount = amount[earned]
        self.conversions: Ints = np.bincount(credited, minlength=len(world.messages))
        self.revenue: Ints = np.zeros(len(world.messages), np.int64)
        np.add.at(self.revenue, credited, amount[earned])

    def summary(self, since: int, till: int) -> Summary:
        """The report on messages that took part in [since, till), ms UTC."""
        part = self._took_part(since, till)
        cells, place = np.unique(self._cells(part), return_inverse=True)
        mailing, variant = np.divmod(cells, 256)
        return Summary(
            mailing=mailing.astype(np.int32),
            variant=variant.astype(np.uint8),
            **self._counts(part, place, len(cells)),
        )

    def dynamics(self, since: int, till: int) -> Dynamics:
        """The report by day on messages and orders of [since, till), ms UTC local midnights."""
        part = self._took_part(since, till)
        order = np.flatnonzero((self._orders_at >= since) & (self._orders_at < till))
        day = self._calendar.day_index(self._messages.participated_at[part])
        order_day = self._calendar.day_index(self._orders_at[order])
        keys = np.concatenate(
            [
                day * _CELLS + self._cells(part),
                order_day * _CELLS + self._cells(self._order_message[order]),
            ]
        )
        cells, place = np.unique(keys, return_inverse=True)
        day, cell = np.divmod(cells, _CELLS)
        mailing, variant = np.divmod(cell, 256)
        counts = self._counts(part, place[: len(part)], len(cells))
        ordered = place[len(part) :]
        return Dynamics(
            day=day,
            mailing=mailing.astype(np.int32),
            variant=variant.astype(np.uint8),
            **counts,
            orders=np.bincount(ordered, minlength=len(cells)),
            revenue_of_day=_sums(ordered, self._order_amount[order], len(cells)),
        )

    def _took_part(self, since: int, till: int) -> Ints:
        first, last = np.searchsorted(self._messages.participated_at, [since, till])
        return np.arange(first, last)

    def _cells(self, message: Array) -> Ints:
        """Mailing and variant of messages as one number below _CELLS."""
        mailing = self._messages.mailing[message].astype(np.int64)
        return np.asarray(mailing * 256 + self._messages.variant[message])

    def _counts(self, part: Ints, place: Ints, cells: int) -> dict[str, Ints]:
        """Columns that count messages, by cell; `place` is the cell of each message of `part`."""
        return {
            "total": np.bincount(place, minlength=cells),
            **{
                name: _sums(place, getattr(self, name)[part], cells)
                for name in (
                    *("sent", "delivered", "opened", "clicked", "unsubscribed"),
                    *("spam", "bounced", "conversions", "revenue"),
                )
            },
        }


def _sums(place: Ints, values: Array, cells: int) -> Ints:
    sums = np.zeros(cells, np.int64)
    np.add.at(sums, place, values)
    return sums


def _with(world: World, kind: Status) -> Bools:
    flag = np.zeros(len(world.messages), bool)
    flag[world.statuses.message[world.statuses.kind == kind]] = True
    return flag
