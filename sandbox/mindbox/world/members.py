"""Who belongs to the loyalty programme, and from when till when.

Membership follows from ids and registrations alone, so a block of people and the whole world agree
on it and nothing needs to be kept. That six in ten of the base join is an own assumption.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sandbox.mindbox.world.arrays import Array, Columns
from sandbox.mindbox.world.chance import uniform
from sandbox.mindbox.world.clock import DAY, NEVER

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Bools, Ints
    from sandbox.mindbox.world.customers import Customers
    from sandbox.mindbox.world.settings import WorldSettings

_JOINS, _JOINS_AT_ONCE, _LEAVES = 0.62, 0.6, 0.03
_MEAN_HESITATION = 45 * DAY


@dataclass(frozen=True)
class Members(Columns):
    """Membership by customer index; ids of one person share it.

    Attributes:
        joined_at: ms UTC of joining the programme, NEVER for those who did not.
        left_at: ms UTC of leaving it, NEVER for those who stay.
    """

    joined_at: Ints
    left_at: Ints

    def belong(self, customer: Array, at: Ints) -> Bools:
        """Whether each customer is a member at each moment."""
        return np.asarray((self.joined_at[customer] <= at) & (at < self.left_at[customer]))


def of(settings: WorldSettings, customers: Customers) -> Members:
    """The members among the customers of a block or of a whole world."""
    person, seed, until = customers.person, settings.seed, settings.until_ms
    first = first_registrations(customers)
    ids = customers.mindbox_id[person]
    joins = uniform(seed, "member", ids) < _JOINS
    hesitates = uniform(seed, "member at once", ids) >= _JOINS_AT_ONCE
    pause = -np.log1p(-uniform(seed, "member after", ids)) * _MEAN_HESITATION
    joined = first + np.where(hesitates, pause, 0).astype(np.int64)
    joined = np.where(joins & (joined < until), joined, NEVER)
    leaves = (uniform(seed, "member leaves", ids) < _LEAVES) & (joined < NEVER)
    room = np.where(leaves, until - joined, 0)
    left = joined + 1 + (uniform(seed, "member until", ids) * (room - 1)).astype(np.int64)
    return Members(joined_at=joined, left_at=np.where(leaves & (left < until), left, NEVER))


def first_registrations(customers: Customers) -> Ints:
    """The first registration (ms UTC) of each customer's person, under whichever id."""
    first = np.full(len(customers), NEVER)
    np.minimum.at(first, customers.person, customers.registered_at)
    return np.asarray(first[customers.person])
