"""A question as a board asks it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from superset_assets.semantics.calendar import Period

SEND, EVENT = "send", "event"


class QuestionError(ValueError):
    """The question cannot be put: it names what does not exist, or in a way that has no answer."""


@dataclass(frozen=True)
class Filter:
    """A condition on one slice.

    Attributes:
        slice: name of the slice.
        operator: Superset's operator: IN, NOT IN, ==, !=, LIKE, NOT LIKE, ILIKE, IS NULL, …
        value: what it is compared with; a sequence for IN and NOT IN.
    """

    slice: str
    operator: str
    value: Any = None


@dataclass(frozen=True)
class Window:
    """Which buckets up to its own a figure of the time axis is of.

    Attributes:
        buckets: how many, the figure's own among them; None for all since the period's beginning.
    """

    buckets: int | None = None


@dataclass(frozen=True)
class Question:
    """Metrics, by slices, where filters hold, over a period.

    Attributes:
        measures: columns that the metrics are made of.
        grouped: slices that rows are cut by.
        mentioned: further slices that must be there because a condition names them.
        filters: conditions on slices.
        period: days asked for, None for everything there is.
        grain: day, week, month, quarter or year of the time axis, None without one.
        basis: whose date counts, that of the message (`send`) or the event's own (`event`).
        attribution_model: label of the chosen model, None for the default.
        restricted_to_brands: the asker may see some brands only.
        is_detailed: rows are shown one by one, so that several values of a slice stand in one row.
        window: the buckets that a figure is of, None for its own alone.
    """

    measures: frozenset[str]
    grouped: tuple[str, ...] = ()
    mentioned: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    period: Period | None = None
    grain: str | None = None
    basis: str = SEND
    attribution_model: str | None = None
    restricted_to_brands: bool = False
    is_detailed: bool = False
    window: Window | None = None

    @property
    def is_by_brand(self) -> bool:
        """Whether histories and states are those within a brand."""
        return self.restricted_to_brands or "brand" in self.slices

    @property
    def shown(self) -> tuple[str, ...]:
        """The slices that the answer's rows carry, in a fixed order."""
        return tuple(dict.fromkeys((*self.grouped, *self.mentioned)))

    @property
    def slices(self) -> tuple[str, ...]:
        """All slices that are asked about, those that are filtered by among them."""
        return tuple(dict.fromkeys((*self.shown, *(each.slice for each in self.filters))))


def period_of(since: str | None, till: str | None) -> Period | None:
    """The days between two moments as Superset writes them, the second excluded.

    Raises:
        QuestionError: there is one end only.
    """
    if since is None and till is None:
        return None
    if since is None or till is None:
        raise QuestionError("a period needs a beginning and an end")
    first, last = date.fromisoformat(since[:10]), date.fromisoformat(till[:10])
    midnight = till[10:] in ("", "T00:00:00")
    return Period(first, date.fromordinal(last.toordinal() - 1) if midnight else last)


def filters_of(given: Sequence[Mapping[str, Any]]) -> tuple[Filter, ...]:
    """Superset's filters on plain columns; those on the period are not among them."""
    return tuple(
        Filter(str(each["col"]), str(each["op"]).upper(), each.get("val"))
        for each in given
        if isinstance(each["col"], str) and str(each["op"]).upper() != "TEMPORAL_RANGE"
    )
