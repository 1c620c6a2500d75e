"""Export of the changes of a customer segmentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sandbox.mindbox.serving import json_text as text
from sandbox.mindbox.world.chance import hashed
from sandbox.mindbox.world.segments import OUT, SEGMENTATIONS, SEGMENTS

if TYPE_CHECKING:
    import pyarrow as pa

    from sandbox.mindbox.world.arrays import Array
    from sandbox.mindbox.world.world import World


class SegmentRows:
    """`customerSegments` of one segmentation: where those stand who moved since a moment."""

    root = "customerSegments"

    def __init__(self, world: World, segmentation: int) -> None:
        self._seed = world.settings.seed
        self._segmentation = segmentation
        everyone = world.truth.segments
        self._memberships = everyone.take(everyone.segmentation == segmentation)
        self._mindbox_id = world.customers.mindbox_id[self._memberships.customer]

    def select(self, since: int, till: int) -> Array:
        """Positions of those who entered, left or moved in [since, till)."""
        at = self._memberships.changed_at
        return np.flatnonzero((at >= since) & (at < till))

    def numbers(self, rows: Array) -> Array:
        """Mindbox ids of the customers."""
        return self._mindbox_id[rows]

    def render(self, rows: Array) -> pa.Array:
        """The memberships as JSON objects; there is no segment where a customer is out."""
        segment = self._memberships.segment[rows]
        ids = self._mindbox_id[rows]
        luck = hashed(self._seed, "segment row", ids, self._segmentation)
        names = [name for name, _ in SEGMENTS[self._segmentation]]
        inside = text.pick(
            [f',"inSegmentation":true,"segment":{text.quoted(_ids(n))}' for n in names],
            np.maximum(segment, 0),
        )
        outside = text.either(
            luck % 3 == 0, ',"inSegmentation":false,"segment":null', ',"inSegmentation":false'
        )
        return text.join(
            '{"customer":{"ids":{"mindboxId":',
            text.loosely(text.integers(ids), luck % 2 == 0),
            "}}",
            text.either(segment == OUT, outside, inside),
            "}",
        )


def of_world(world: World) -> dict[str, SegmentRows]:
    """The rows of every segmentation by its external id."""
    return {name: SegmentRows(world, n) for n, (name, _) in enumerate(SEGMENTATIONS)}


def _ids(external_id: str) -> dict[str, object]:
    return {"ids": {"externalId": external_id}}
