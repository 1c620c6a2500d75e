"""What else an order says of itself: where it was made, how it was paid, what promoted it."""

from decimal import Decimal

from sandbox.mindbox.world import World, vocabulary
from tests.metrics.reference.words import OFFLINE_POINTS, UNKNOWN, value_band


class Tills:
    """Slices of orders."""

    def __init__(self, world: World) -> None:
        self._world = world

    def slices(self, n: int, amount: Decimal) -> dict[str, str | tuple[str, ...]]:
        """Slices of the n-th order, whose amount in the goal is known."""
        point = vocabulary.ORDER_CHANNELS[int(self._world.orders.channel[n])]
        is_offline = point.external_id in OFFLINE_POINTS
        return {
            "order_channel": point.name,
            "contact_point_type": "Офлайн" if is_offline else "Онлайн",
            "store": point.name if is_offline else UNKNOWN,
            "order_value_band": value_band(amount),
        }
