from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sandbox.mindbox.world import World, WorldSettings

UNTIL = datetime(2025, 11, 12, 9, tzinfo=UTC)


@pytest.fixture(scope="session")
def world() -> World:
    """Large enough for shares to show, made in a second."""
    return World.generate(WorldSettings(customers=12_000, months=12, seed=5, until=UNTIL))


@pytest.fixture(scope="session")
def small_world() -> World:
    """Small enough for plain Python loops over every row."""
    return World.generate(WorldSettings(customers=900, months=5, seed=11, until=UNTIL))
