"""Repeatable chance: random streams by name, and uniform numbers that depend on ids alone."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Array, Bools, Floats

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def stream(seed: int, *name: str | int) -> np.random.Generator:
    """A random stream of its own for (seed, name): adding another never shifts this one."""
    keys = [zlib.crc32(part.encode()) if isinstance(part, str) else part for part in name]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *keys])))


def happens(rng: np.random.Generator, share: float | Floats, count: int) -> Bools:
    """Which of so many cases come true, each with the probability `share`."""
    return np.asarray(rng.random(count) < share)


def hashed(seed: int, name: str, *ids: Array | int) -> Array:
    """A 64-bit hash of the ids (splitmix64 rounds), the same whatever order rows come in."""
    state = np.asarray(np.uint64((seed << 32) ^ zlib.crc32(name.encode())))
    with np.errstate(over="ignore"):
        for part in ids:
            state = _mix(state + np.asarray(part).astype(np.uint64) * _GOLDEN + _GOLDEN)
    return state


def uniform(seed: int, name: str, *ids: Array | int) -> Floats:
    """`hashed` as a number in [0, 1)."""
    return np.asarray((hashed(seed, name, *ids) >> np.uint64(11)).astype(np.float64) * 2.0**-53)


def _mix(z: Array) -> Array:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))
