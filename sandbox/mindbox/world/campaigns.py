"""Campaigns: who is addressed by every mass mailing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sandbox.mindbox.world.clock import MINUTE
from sandbox.mindbox.world.messages import Candidates, has_contact

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Array, Floats
    from sandbox.mindbox.world.customers import Customers
    from sandbox.mindbox.world.scene import Scene


def recipients(scene: Scene) -> Candidates:
    """Recipients of every mass mailing among the customers of one block."""
    plan, customers, rng = scene.plan, scene.customers, scene.rng
    by_registration = np.argsort(customers.registered_at, kind="stable").astype(np.int32)
    registered = customers.registered_at[by_registration]
    reachable: dict[tuple[int, int], Array] = {}
    parts: list[Candidates] = []
    for position in np.flatnonzero(plan["mass"]):
        mailing = plan.mailings[position]
        known = int(np.searchsorted(registered, mailing.send_at))
        cell = (int(mailing.brand), int(mailing.channel))
        if cell not in reachable:
            reachable[cell] = _audience(customers, *cell)[by_registration]
        # Segments lean towards the curious, and let in a few whom the channel cannot reach.
        luck = rng.random(known, dtype=np.float32)
        chosen = by_registration[:known][luck < mailing.reach * reachable[cell][:known]]
        chosen = chosen[customers.ended_at[chosen] > mailing.send_at]
        at = mailing.send_at + rng.integers(0, 20 * MINUTE, len(chosen))
        parts.append(
            Candidates(
                customer=chosen,
                mailing=np.full(len(chosen), position, np.int32),
                at=at,
            )
        )
    if not parts:
        empty = np.zeros(0, np.int32)
        return Candidates(customer=empty, mailing=empty, at=np.zeros(0, np.int64))
    return Candidates.join(parts)


def _audience(customers: Customers, brand: int, channel: int) -> Floats:
    everyone = np.arange(len(customers))
    reachable = has_contact(customers, everyone, np.full(len(customers), channel))
    interest = np.clip(0.6 + 0.4 * customers.curiosity, 0.5, 1.6)
    written_to = (customers.brands >> brand) & 1
    return np.asarray((interest * written_to * np.where(reachable, 1.0, 0.02)).astype(np.float32))
