"""Customer merges, for the paged operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sandbox.mindbox.serving.json_text import stamp

if TYPE_CHECKING:
    from sandbox.mindbox.world.world import World


class MergePages:
    """Mergings of a window; the merged-away ids of one execution stand in one entry."""

    def __init__(self, world: World) -> None:
        merges, customers = world.merges, world.customers
        keys = np.stack([merges.at, merges.resulting.astype(np.int64)], axis=1)
        pairs, entry = np.unique(keys, axis=0, return_inverse=True)
        self._at = pairs[:, 0]
        self._resulting = [int(i) for i in customers.mindbox_id[pairs[:, 1]]]
        self._merged: list[list[int]] = [[] for _ in pairs]
        for place, merged in zip(entry.ravel(), merges.merged, strict=True):
            self._merged[place].append(int(customers.mindbox_id[merged]))

    def page(
        self, since: int, till: int, skip: int, count: int
    ) -> tuple[list[dict[str, Any]], int]:
        """Entries executed in [since, till), `count` of them after `skip`; and how many there are.

        Ids come as numbers where odd and as strings where even, as mixed files have them.
        """
        first, last = (int(n) for n in np.searchsorted(self._at, [since, till]))
        chosen = range(min(first + skip, last), min(first + skip + count, last))
        return [self._entry(n) for n in chosen], last - first

    def _entry(self, place: int) -> dict[str, Any]:
        return {
            "resultingCustomer": {
                "ids": {"mindboxId": _loosely(self._resulting[place])},
                "changeDateTimeUtc": stamp(int(self._at[place])),
            },
            "mergedCustomers": [{"ids": {"mindboxId": _loosely(i)}} for i in self._merged[place]],
        }


def _loosely(number: int) -> int | str:
    return number if number % 2 else str(number)
