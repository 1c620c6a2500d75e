"""Export of mailings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sandbox.mindbox.serving import json_text as text
from sandbox.mindbox.serving.statuses import UTM_MEDIUM
from sandbox.mindbox.world.mailings import CHANNEL_NAMES
from sandbox.mindbox.world.vocabulary import BRANDS

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Array
    from sandbox.mindbox.world.mailings import Mailing
    from sandbox.mindbox.world.world import World


class MailingRows:
    """`mailings`: current state of those created or changed in a window."""

    root = "mailings"

    def __init__(self, world: World) -> None:
        self._until = world.settings.until_ms
        self._mailings = world.plan.mailings
        self._texts = pa.array([text.quoted(_facts(m)) for m in self._mailings], pa.string())
        self._created_at = np.array([m.created_at for m in self._mailings])
        self._changed_at = np.array([m.changed_at for m in self._mailings])

    def select(self, since: int, till: int) -> Array:
        """Positions of mailings created or last changed in [since, till)."""
        till = min(till, self._until)
        created = (self._created_at >= since) & (self._created_at < till)
        changed = (self._changed_at >= since) & (self._changed_at < till)
        return np.flatnonzero(created | changed)

    def numbers(self, rows: Array) -> Array:
        """Mailing ids."""
        return np.array([m.mailing_id for m in self._mailings])[rows]

    def render(self, rows: Array) -> pa.Array:
        """The mailings as JSON objects."""
        return text.pick(self._texts, rows)


def _facts(mailing: Mailing) -> dict[str, object]:
    facts: dict[str, object] = {
        "ids": {"id": str(mailing.mailing_id), "systemName": mailing.system_name},
        "name": mailing.name,
        "mailingUtmName": mailing.utm_campaign,
        "type": mailing.mailing_type,
        "channel": CHANNEL_NAMES[mailing.channel],
        "creationDateTimeUtc": text.stamp(mailing.created_at),
        "lastChangedDateTimeUtc": text.stamp(mailing.changed_at),
        "subscriptionTopic": mailing.topic,
        "folder": mailing.folder,
        "brand": BRANDS[mailing.brand].system_name,
        "utm": {
            "utmSource": "mindbox",
            "utmMedium": UTM_MEDIUM[mailing.channel],
            "utmCampaign": mailing.utm_campaign,
        },
        "tags": list(mailing.tags),
    }
    if mailing.mailing_id % 2:
        facts["isArchived"] = False
    return facts
