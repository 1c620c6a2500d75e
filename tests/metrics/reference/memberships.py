"""Who was in which segment: what every load of the segmentations found, day by day."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sandbox.mindbox.world.segments import OUT, SEGMENTATIONS, SEGMENTS
from sandbox.mindbox.world.segments import Memberships as Found
from tests.metrics.reference.calendar import Clock
from tests.metrics.reference.words import EVER

Load = tuple[datetime, Found]
"""When customers were looked at, and where they stood."""


@dataclass(frozen=True)
class Stay:
    """An unbroken stay of a person in a segment.

    Attributes:
        since: its first day; EVER where the first load that knew the person found it begun.
        till: the day on which it was over, None while it lasts.
    """

    person: int
    segmentation: str
    segment: str
    since: date
    till: date | None

    def covers(self, day: date) -> bool:
        """The person is in the segment at the end of the day."""
        return self.since <= day and (self.till is None or day < self.till)

    @property
    def name(self) -> str:
        """The segment with its segmentation."""
        return f"{self.segmentation}: {self.segment}"


class Memberships:
    """Stays in segments. Of somebody whom a load does not mention nothing has changed."""

    def __init__(self, loads: Sequence[Load], clock: Clock) -> None:
        seen: dict[tuple[int, int], list[tuple[date, int]]] = defaultdict(list)
        for at, found in sorted(loads, key=lambda load: load[0]):
            day = clock.day(int(at.timestamp() * 1000))
            for n in range(len(found)):
                who = int(found.customer[n]), int(found.segmentation[n])
                seen[who].append((day, int(found.segment[n])))
        self.stays = [
            stay for (person, number), days in seen.items() for stay in _stays(person, number, days)
        ]
        self._of_person: dict[int, list[Stay]] = defaultdict(list)
        for stay in self.stays:
            self._of_person[stay.person].append(stay)

    def names(self, person: int, day: date) -> tuple[str, ...]:
        """Segments of a person at the end of a day."""
        mine = self._of_person.get(person, ())
        return tuple(sorted(stay.name for stay in mine if stay.covers(day)))

    def days(self, person: int) -> set[date]:
        """Days on which the segments of a person change."""
        mine = self._of_person.get(person, ())
        return {day for stay in mine for day in (stay.since, stay.till) if day} - {EVER}


def _stays(person: int, number: int, days: Sequence[tuple[date, int]]) -> list[Stay]:
    positions = list(dict(days).items())
    turns = [turn for n, turn in enumerate(positions) if n == 0 or turn[1] != positions[n - 1][1]]
    ends = [*(day for day, _ in turns[1:]), None]
    return [
        Stay(
            person,
            SEGMENTATIONS[number][1],
            SEGMENTS[number][segment][1],
            EVER if n == 0 else day,
            end,
        )
        for n, ((day, segment), end) in enumerate(zip(turns, ends, strict=True))
        if segment != OUT
    ]
