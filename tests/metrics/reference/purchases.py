"""Orders and their lines, one by one, with every order's place in its customer's history."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sandbox.mindbox.world import World, vocabulary
from sandbox.mindbox.world.customers import NO_REGION
from sandbox.mindbox.world.orders import LINE_STATUS_IDS, line_status
from tests.metrics.reference.calendar import Clock
from tests.metrics.reference.goods import LEVELS, OF_CATALOGUE, Goods
from tests.metrics.reference.letters import Letter
from tests.metrics.reference.people import People
from tests.metrics.reference.tills import Tills
from tests.metrics.reference.words import (
    CHURN_DAYS,
    DELIVERY,
    GOAL,
    LINE_STATUSES,
    OFFLINE_POINTS,
    UNKNOWN,
    WEEKDAYS,
    order_number_band,
)

NOTHING = Decimal(0)
YEAR_DAYS = 365
_FURTHER = ("Cancelled", "Returned", "CheckedOut", "Paid", "Delivered")


@dataclass
class Line:
    """One line, or the fee for delivery as a line of its own."""

    position: int
    product: str
    status: str
    quantity: Decimal
    price: Decimal
    slices: dict[str, str]

    @property
    def in_goal(self) -> bool:
        """It counts: checked out, paid or delivered."""
        return self.status in GOAL

    @property
    def amount(self) -> Decimal:
        """What is left of it in the goal."""
        return self.price if self.in_goal else NOTHING


@dataclass
class Place:
    """Where an order stands among the goal orders of a person, in all brands or in one."""

    number: int
    previous: "Order | None"
    following: "Order | None"
    first: "Order"
    history: "list[Order]"

    def days_since_previous(self, day: date) -> int | None:
        """Days from the order before to a day of this one, None for the first."""
        return None if self.previous is None else (day - self.previous.day).days


@dataclass
class Order:
    """One order.

    Attributes:
        position: in the world; orders stand in order of time.
        person: None for somebody unknown.
        at: ms UTC of the first action.
        place, place_in_brand: its place in the customer's history; None outside the goal and for
            somebody unknown.
    """

    position: int
    key: str
    person: int | None
    brand: str
    at: int
    day: date
    lines: list[Line]
    is_online: bool
    is_offline: bool
    slices: dict[str, str | tuple[str, ...]]
    place: Place | None = None
    place_in_brand: Place | None = None
    credited: Letter | None = None
    amount: Decimal = field(init=False)
    in_goal: bool = field(init=False)

    def __post_init__(self) -> None:
        self.in_goal = any(line.in_goal for line in self.lines)
        self.amount = sum((line.amount for line in self.lines), NOTHING)

    def standing(self, *, in_brand: bool) -> Place | None:
        """Its place in the history in its brand, or in the whole one."""
        return self.place_in_brand if in_brand else self.place


class Purchases:
    """All orders of a world, in the goal or not."""

    def __init__(self, world: World, people: People, clock: Clock, horizon: date) -> None:
        self._world, self._people, self._clock = world, people, clock
        self._tills = Tills(world)
        self.goods = self._goods(clock, horizon)
        lines = self._lines()
        self.all = [self._order(n, lines[n]) for n in range(len(world.orders))]
        self.in_goal = [order for order in self.all if order.in_goal]
        self.histories = self._numbered()

    def _goods(self, clock: Clock, horizon: date) -> Goods:
        """The catalogue, which knows what was sold in the year that ends with the last day."""
        lines, orders = self._world.lines, self._world.orders
        states = line_status(orders, lines)
        sold: dict[str, Decimal] = defaultdict(Decimal)
        prices: dict[str, Decimal] = {}
        for n in range(len(lines)):
            key = self._world.catalogue.external_id[int(lines.product[n])]
            day = clock.day(int(orders.ordered_at[int(lines.order[n])]))
            prices[key] = Decimal(int(lines.base_price[n])) / 100
            if LINE_STATUS_IDS[int(states[n])] in GOAL and (horizon - day).days < YEAR_DAYS:
                sold[key] += Decimal(int(lines.amount[n])) / 100
        return Goods(self._world, sold, prices)

    def _lines(self) -> dict[int, list[Line]]:
        goods = self.goods
        lines, states = self._world.lines, line_status(self._world.orders, self._world.lines)
        rows: dict[int, list[Line]] = defaultdict(list)
        for n in range(len(lines)):
            product = int(lines.product[n])
            quantity = Decimal(int(lines.quantity_milli[n])) / 1000
            status = LINE_STATUS_IDS[int(states[n])]
            rows[int(lines.order[n])].append(
                Line(
                    position=product,
                    product=self._world.catalogue.external_id[product],
                    status=status,
                    quantity=quantity,
                    price=Decimal(int(lines.amount[n])) / 100,
                    slices={**goods.slices(product), "order_status": LINE_STATUSES[status]},
                )
            )
        return rows

    def _order(self, n: int, lines: list[Line]) -> Order:
        orders = self._world.orders
        at = int(orders.ordered_at[n])
        local = self._clock.local(at)
        point = vocabulary.ORDER_CHANNELS[int(orders.channel[n])]
        fee = Decimal(int(orders.delivery_cost[n])) / 100
        if fee and lines:
            lines = [*lines, _delivery(fee, lines)]
        order = Order(
            position=n,
            key=str(int(orders.order_id[n])),
            person=self._people.of(int(orders.customer[n])),
            brand=vocabulary.BRANDS[int(orders.brand[n])].system_name,
            at=at,
            day=local.date(),
            lines=lines,
            is_online=point.external_id not in OFFLINE_POINTS,
            is_offline=point.external_id in OFFLINE_POINTS,
            slices={"hour": str(local.hour), "weekday": WEEKDAYS[local.weekday()]},
        )
        region = int(orders.region[n])
        if region != NO_REGION:
            order.slices["region"] = vocabulary.REGIONS[region].name
        order.slices |= self._tills.slices(n, order.amount, in_goal=order.in_goal)
        return order

    def _numbered(self) -> dict[int, list[Order]]:
        histories: dict[int, list[Order]] = defaultdict(list)
        for order in sorted(self.in_goal, key=lambda x: (x.at, x.key)):
            if order.person is not None:
                histories[order.person].append(order)
        for history in histories.values():
            for order, place in _places(history):
                order.place = place
            for brand in {order.brand for order in history}:
                for order, place in _places([x for x in history if x.brand == brand]):
                    order.place_in_brand = place
        return histories


def is_reactivation(order: Order, place: Place | None) -> bool:
    """It comes after more days than a customer may stay away."""
    days = None if place is None else place.days_since_previous(order.day)
    return days is not None and days > CHURN_DAYS


def number_band(place: Place | None) -> str:
    """The band of the order's number in the history."""
    return order_number_band(0 if place is None else place.number)


def _places(history: list[Order]) -> Iterable[tuple[Order, Place]]:
    for n, order in enumerate(history):
        yield (
            order,
            Place(
                number=n + 1,
                previous=history[n - 1] if n else None,
                following=history[n + 1] if n + 1 < len(history) else None,
                first=history[0],
                history=history,
            ),
        )


def _delivery(fee: Decimal, lines: list[Line]) -> Line:
    """The fee as a line: it fares as the line that got furthest, and is owed while any is left."""
    status = max((line.status for line in lines), key=_FURTHER.index)
    words = dict.fromkeys(("product", "category", *LEVELS), DELIVERY)
    words["order_status"] = LINE_STATUSES[status]
    return Line(
        position=-1,
        product="",
        status=status,
        quantity=NOTHING,
        price=fee,
        slices={**dict.fromkeys(OF_CATALOGUE, UNKNOWN), **words},
    )
