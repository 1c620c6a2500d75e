"""What else an order says of itself: where it was made, how it was paid, what promoted it."""

from collections import defaultdict
from decimal import Decimal

from sandbox.mindbox.world import World, vocabulary
from sandbox.mindbox.world.chance import hashed
from sandbox.mindbox.world.clock import NEVER
from sandbox.mindbox.world.points import Kind as Movement
from sandbox.mindbox.world.promotions import Kind
from tests.metrics.reference.words import (
    MIXED_PAYMENT,
    NOTHING_LEFT,
    OFFLINE,
    OFFLINE_POINTS,
    ONLINE,
    PAYMENTS,
    UNKNOWN,
    VALUE_BANDS,
    band,
)

WAYS = ("card", "sbp", "cash")
ONLINE_SHARES, SHOP_SHARES = (60, 85, 100), (55, 75, 100)


class Tills:
    """Slices of orders, as their export tells them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._luck = hashed(world.settings.seed, "order row", world.orders.order_id)
        self._earned, self._spent = self._points()
        self._promotions = self._applied()

    def slices(self, n: int, amount: Decimal, *, in_goal: bool) -> dict[str, str | tuple[str, ...]]:
        """Slices of the n-th order, of which so much is left in the goal."""
        point = vocabulary.ORDER_CHANNELS[int(self._world.orders.channel[n])]
        is_offline = point.external_id in OFFLINE_POINTS
        return {
            "order_channel": point.name,
            "contact_point_type": OFFLINE if is_offline else ONLINE,
            "store": point.name if is_offline else ONLINE,
            "order_value_band": band(amount, VALUE_BANDS) if in_goal else NOTHING_LEFT,
            "payment_type": self._payment(n, amount, point.external_id.startswith("shop-")),
            "promotion": tuple(sorted(self._promotions[n])),
        }

    def _payment(self, n: int, amount: Decimal, is_shop: bool) -> str:
        """The way by which more than half was paid, of money once it was paid and of points.

        Which of the ways of paying with money an order went by is told by nothing but its export.
        """
        points = Decimal(self._spent[n]) / 100
        money = Decimal(0)
        if int(self._world.orders.paid_at[n]) < NEVER:
            money = max(amount - Decimal(int(self._world.orders.points_paid[n])) / 100, money)
        if not money and points <= 0:
            return UNKNOWN
        if money == points:
            return MIXED_PAYMENT
        if points > money:
            return PAYMENTS["bonus"]
        luck = int(self._luck[n]) // 64 % 100
        shares = SHOP_SHARES if is_shop else ONLINE_SHARES
        return PAYMENTS[WAYS[sum(share <= luck for share in shares)]]

    def _points(self) -> tuple[dict[int, int], dict[int, int]]:
        """Hundredths of points that orders earned and that were spent on them."""
        movements = self._world.movements
        earned: dict[int, int] = defaultdict(int)
        spent: dict[int, int] = defaultdict(int)
        for n in range(len(movements)):
            order, amount = int(movements.order[n]), int(movements.amount[n])
            if order >= 0 and int(movements.kind[n]) == Movement.RETAIL_ORDER_BONUS:
                earned[order] += amount
            if order >= 0 and int(movements.kind[n]) == Movement.RETAIL_ORDER_PAYMENT:
                spent[order] -= amount
        return earned, spent

    def _applied(self) -> dict[int, set[str]]:
        """Names of all promotions of each order: of its lines, its delivery, its points, a gift."""
        rows, orders, lines = self._world.promotions.rows, self._world.orders, self._world.lines
        standing = {p.kind: p.name for p in rows}
        names: dict[int, set[str]] = defaultdict(set)
        for n in range(len(lines)):
            if int(lines.promotion[n]) >= 0:
                names[int(lines.order[n])].add(rows[int(lines.promotion[n])].name)
        for n in range(len(orders)):
            for place in (int(orders.delivery_promotion[n]), int(orders.issued_by[n])):
                if place >= 0:
                    names[n].add(rows[place].name)
            if self._earned[n] > 0:
                names[n].add(standing[Kind.POINTS_EARNED])
            if self._spent[n] > 0:
                names[n].add(standing[Kind.POINTS_SPENT])
        return names
