"""What every step in the life of one block of people needs at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from sandbox.mindbox.world.catalogue import Catalogue
    from sandbox.mindbox.world.clock import Calendar, Demand
    from sandbox.mindbox.world.customers import Customers
    from sandbox.mindbox.world.mailings import Plan
    from sandbox.mindbox.world.outage import Outage
    from sandbox.mindbox.world.promotions import Promotions
    from sandbox.mindbox.world.settings import WorldSettings


@dataclass(frozen=True)
class Stage:
    """The world that all blocks share."""

    settings: WorldSettings
    calendar: Calendar
    demand: Demand
    catalogue: Catalogue
    plan: Plan
    promotions: Promotions
    outage: Outage


@dataclass(frozen=True)
class Scene(Stage):
    """One block of people with their random stream; tables count positions inside the block."""

    customers: Customers
    rng: np.random.Generator
