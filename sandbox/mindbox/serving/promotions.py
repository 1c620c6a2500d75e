"""Export of promotions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sandbox.mindbox.serving import json_text as text
from sandbox.mindbox.world.clock import NEVER

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Array
    from sandbox.mindbox.world.promotions import Promotion
    from sandbox.mindbox.world.world import World


class PromotionRows:
    """`promotions`: current state of those changed since a moment."""

    root = "promotions"

    def __init__(self, world: World) -> None:
        self._world = world
        self._changed_at = world.promotions["changed_at"]

    def select(self, since: int, till: int) -> Array:
        """Positions of promotions last changed in [since, till)."""
        return np.flatnonzero((self._changed_at >= since) & (self._changed_at < till))

    def numbers(self, rows: Array) -> Array:
        """Mindbox's numbers of the promotions."""
        return np.array([p.mindbox_id for p in self._world.promotions.rows])[rows]

    def render(self, rows: Array) -> pa.Array:
        """The promotions as JSON objects; descriptions are free text."""
        planted = self._world.planting.values(self.root, "description", rows)
        promotions = [self._world.promotions.rows[int(n)] for n in rows]
        return pa.array(
            [
                text.quoted(_facts(promotion, planted.get(place)))
                for place, promotion in enumerate(promotions)
            ],
            pa.string(),
        )


def _facts(promotion: Promotion, canary: str | None) -> dict[str, object]:
    facts: dict[str, object] = {
        "ids": {"mindboxId": promotion.mindbox_id, "externalId": promotion.external_id},
        "name": promotion.name,
        "description": f"{promotion.name}. Вопросы: {canary or 'контакт-центр'}",
        "startDateTimeUtc": text.stamp(promotion.starts_at),
        "state": promotion.state,
        "customFields": {},
        "pointsOfContact": [],
    }
    if promotion.ends_at < NEVER:
        facts["endDateTimeUtc"] = text.stamp(promotion.ends_at)
    elif promotion.mindbox_id % 2:
        facts["endDateTimeUtc"] = None
    return facts
