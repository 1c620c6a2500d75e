"""Runs that are compared: taken in turns, so that a busy machine slows both alike."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Spread:
    """Seconds of several runs of one thing."""

    runs: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.runs)

    def as_json(self) -> dict[str, float | int]:
        """Least, median and most, rounded to the millisecond."""
        return {
            "min": round(min(self.runs), 3),
            "median": round(self.median, 3),
            "max": round(max(self.runs), 3),
            "runs": len(self.runs),
        }


def in_turns(
    candidates: Mapping[str, Callable[[], None]], times: int, between: Callable[[], None]
) -> dict[str, Spread]:
    """Wall seconds of every candidate, run one after another so many times.

    Args:
        candidates: what is run, by name.
        times: how often each.
        between: called before every run, unmeasured; it puts things back.
    """
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(times):
        for name, run in candidates.items():
            between()
            started = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - started)
    return {name: Spread(tuple(runs)) for name, runs in seconds.items()}


def ratio_of_pairs(ours: Spread, peer: Spread) -> Spread:
    """How many times as long ours took, pair by pair: neighbours in time share the weather."""
    return Spread(tuple(a / b for a, b in zip(ours.runs, peer.runs, strict=True)))
