"""Questions as they are asked of the reference."""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Question:
    """A metric over a period, in parts.

    Attributes:
        metric: its name in the catalogue.
        basis: `send` for the date of the message, `event` for the date of what happened.
        since, till: first and last day, both included.
        filters: words that a slice may have, by slice; all of them must hold.
        group: slices that the answer is cut by.
        grain: unit of the time axis (day, week, month, quarter, year), None without one.
        compared: the metric that campaigns are compared by, None for the default one.
    """

    metric: str
    basis: str
    since: date
    till: date
    filters: dict[str, set[str]] = field(default_factory=dict)
    group: tuple[str, ...] = ()
    grain: str | None = None
    compared: str | None = None

    @property
    def slices(self) -> frozenset[str]:
        """All slices that it names."""
        return frozenset(self.filters) | frozenset(self.group)

    def without(self, slices: frozenset[str]) -> "Question":
        """The same, deaf to some slices."""
        return replace(
            self,
            filters={name: words for name, words in self.filters.items() if name not in slices},
            group=tuple(name for name in self.group if name not in slices),
        )
