"""A deterministic shop: customers, mailings, messages, orders, merges, and what is true of them."""

from sandbox.mindbox.world.settings import WorldSettings
from sandbox.mindbox.world.world import World

__all__ = ["World", "WorldSettings"]
