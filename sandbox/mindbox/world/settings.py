"""What a world is made from: the same settings always give the same world."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

GENERATOR_VERSION = 7
"""Raised whenever the generator would answer the same settings with another world."""

LARGEST_BRAND_COUNT = 5
BLOCK_PEOPLE = 50_000
"""People generated at once: bounds the memory of a step, not of the world."""


@dataclass(frozen=True)
class WorldSettings:
    """Settings of a world.

    Attributes:
        customers: people known to the shop at the end (a person who was merged counts once).
        people_before: people of the same shop who are in other worlds: the first of a slice, a
            multiple of the size of a block. Ids of slices are apart; mailings and goods are shared.
        months: whole calendar months before the month of `until` that history covers.
        brands: brands of the shop, 1 to 5.
        seed: start of every random stream.
        until: the world's "now"; nothing happens at or after it. Timezone-aware.
        time_zone: the project's IANA zone: shop hours, months of the global control group
            and the dates of reports follow it.
        attribution_window_days: a click earns an order at most this many times 24 h later.
        canaries: plant unique personal values, listed by `World.canaries`.
        decimal_comma: reports write numbers with a comma, as a Russian project does by default.
    """

    customers: int = 12_000
    months: int = 24
    brands: int = 2
    seed: int = 1
    until: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    time_zone: str = "Europe/Moscow"
    attribution_window_days: int = 7
    canaries: bool = False
    decimal_comma: bool = True
    people_before: int = 0

    def __post_init__(self) -> None:
        """Refuse what no world can be made from."""
        if self.customers < 1 or self.months < 1:
            raise ValueError("a world needs at least one customer and one month")
        if self.people_before % BLOCK_PEOPLE:
            raise ValueError(f"a slice of a shop begins at a multiple of {BLOCK_PEOPLE} people")
        if not 1 <= self.brands <= LARGEST_BRAND_COUNT:
            raise ValueError(f"brands must be 1 to {LARGEST_BRAND_COUNT}, not {self.brands}")
        if self.until.tzinfo is None:
            raise ValueError("until must carry a time zone")

    @property
    def until_ms(self) -> int:
        """`until` in milliseconds since the epoch."""
        return round(self.until.timestamp() * 1000)

    @property
    def since_ms(self) -> int:
        """The first moment of history: project-local midnight of a month's first day, in ms."""
        local = self.until.astimezone(ZoneInfo(self.time_zone))
        month = local.year * 12 + local.month - 1 - self.months
        first = datetime(month // 12, month % 12 + 1, 1, tzinfo=ZoneInfo(self.time_zone))
        return round(first.timestamp() * 1000)

    def as_json(self) -> dict[str, Any]:
        """The settings as plain JSON values, `until` as ISO 8601 in UTC."""
        values = asdict(self)
        values["until"] = self.until.astimezone(UTC).isoformat()
        return values

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> WorldSettings:
        """The inverse of `as_json`."""
        return cls(**{**values, "until": datetime.fromisoformat(values["until"])})

    def fingerprint(self) -> str:
        """A short name for the world: equal settings and generator give an equal one."""
        text = json.dumps({"generator": GENERATOR_VERSION, **self.as_json()}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
