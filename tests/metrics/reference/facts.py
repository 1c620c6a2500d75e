"""What metrics count: facts with two dates, a person, a mailing and slices of their own."""

from dataclasses import dataclass, field
from datetime import date

from sandbox.mindbox.world import World, vocabulary
from sandbox.mindbox.world.mailings import FLOW_NAMES
from tests.metrics.reference.words import CHANNELS, TYPES, UNKNOWN

Words = str | tuple[str, ...]
"""The word of a slice, or all words of one with many."""


@dataclass(kw_only=True)
class Fact:
    """Something that happened.

    Attributes:
        sent_on: its date on the send basis.
        own_on: the date it happened on.
        person: who did it; None for somebody unknown.
        mailing: position of the mailing in the plan, -1 for none.
        at: ms UTC of what happened, None of what is known by the day.
        slices: what the fact itself says of slices.
    """

    sent_on: date
    own_on: date
    person: int | None
    mailing: int = -1
    at: int | None = None
    slices: dict[str, Words] = field(default_factory=dict)


def mailing_slices(world: World) -> list[dict[str, Words]]:
    """Slices of every mailing of the plan, by position; the last entry speaks for no mailing."""
    rows: list[dict[str, Words]] = [
        {
            "brand": vocabulary.BRANDS[mailing.brand].system_name,
            "mailing": mailing.name,
            "mailing_channel": CHANNELS[mailing.channel],
            "mailing_type": TYPES[mailing.mailing_type],
            "mailing_folder": mailing.folder,
            "mailing_topic": mailing.topic,
            "mailing_tag": mailing.tags,
            "mailing_source": FLOW_NAMES.get(mailing.occasion, UNKNOWN),
            "mailing_utm_campaign": mailing.utm_campaign,
        }
        for mailing in world.plan.mailings
    ]
    return [*rows, {}]
