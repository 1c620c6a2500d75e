"""Mindbox's summary report, counted from the world's own arrays.

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


class MessageFacts:
    """What each message came to, as one flag or sum per message."""

    def __init__(self, world: World) -> None:
        self._messages = world.messages
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
        self.conversions: Ints = np.bincount(credited, minlength=len(world.messages))
        self.revenue: Ints = np.zeros(len(world.messages), np.int64)
        np.add.at(self.revenue, credited, amount[earned])

    def summary(self, since: int, till: int) -> Summary:
        """The report on messages that took part in [since, till), ms UTC."""
        first, last = np.searchsorted(self._messages.participated_at, [since, till])
        part = slice(first, last)
        cell = self._messages.mailing[part].astype(np.int64) * 256 + self._messages.variant[part]
        cells, place = np.unique(cell, return_inverse=True)

        def per_cell(values: Array) -> Ints:
            sums = np.zeros(len(cells), np.int64)
            np.add.at(sums, place, values[part])
            return sums

        return Summary(
            mailing=(cells // 256).astype(np.int32),
            variant=(cells % 256).astype(np.uint8),
            total=np.bincount(place, minlength=len(cells)),
            sent=per_cell(self.sent),
            delivered=per_cell(self.delivered),
            opened=per_cell(self.opened),
            clicked=per_cell(self.clicked),
            unsubscribed=per_cell(self.unsubscribed),
            spam=per_cell(self.spam),
            bounced=per_cell(self.bounced),
            conversions=per_cell(self.conversions),
            revenue=per_cell(self.revenue),
        )


def _with(world: World, kind: Status) -> Bools:
    flag = np.zeros(len(world.messages), bool)
    flag[world.statuses.message[world.statuses.kind == kind]] = True
    return flag
