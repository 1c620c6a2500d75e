"""Visits told again from the world's own actions, one after the other: no SQL, no window."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

import numpy as np

from sandbox.mindbox.world import World
from sandbox.mindbox.world.actions import FIRST_SOURCE, TRACKED, Template
from sandbox.mindbox.world.clock import DAY, MINUTE, SECOND
from sandbox.mindbox.world.messages import Status
from sandbox.mindbox.world.orders import ANONYMOUS
from sandbox.mindbox.world.traffic import NO_AD, Source
from sandbox.mindbox.world.vocabulary import APP, ONLINE_CHANNELS

TIMEOUT = 30 * MINUTE
GRACE = 300 * SECOND
ARRIVALS = (Template.SITE_VISIT, Template.APP_LAUNCH)
CART = (Template.CART_ADD, Template.CART_REMOVE, Template.CART_SET, Template.CART_CLEAR)
STEPS = {
    Template.CATEGORY_VIEW: "category",
    Template.PRODUCT_VIEW: "product",
    Template.CHECKOUT_START: "checkout",
}
IN_ORDER = ("category", "product", "cart", "checkout", "order")

Visitor = tuple[int, int]
"""Person and brand."""
Mark = tuple[object, ...] | None
"""What tells one source from another; None for a direct arrival, which brings none."""


class Action(NamedTuple):
    """One tracked action; `at` in ms UTC, `number` its position in the world."""

    at: int
    is_no_arrival: bool
    key: str
    number: int
    template: Template
    source: Mark
    mailing: int


class Order(NamedTuple):
    """One order of a known person at an online point, or at any."""

    at: int
    key: str
    is_app: bool
    is_online: bool
    is_goal: bool
    kopecks: int


@dataclass
class Visit:
    """One visit.

    Attributes:
        key: id of its first action.
        mailing: position of the mailing that started it, -1 for none.
        steps: time and name of each step, in the order of their happening.
        left: kopecks in the cart after its last change.
        cart: which of the customer's carts that is.
    """

    key: str
    visitor: Visitor
    is_app: bool
    started_at: int
    ended_at: int = 0
    source: Mark = None
    mailing: int = -1
    has_arrival: bool = False
    steps: list[tuple[int, str]] = field(default_factory=list)
    kopecks: int = 0
    last_added_at: int = 0
    left: int = 0
    cart: int = -1
    is_mature: bool = False
    is_abandoned: bool = False
    abandoned: int = 0

    def has(self, step: str) -> bool:
        """Whether the step was taken at all."""
        return any(name == step for _, name in self.steps)

    def reached(self) -> int:
        """How many of the steps were taken in order."""
        since = self.started_at
        for number, wanted in enumerate(IN_ORDER):
            moments = [at for at, name in self.steps if name == wanted and at >= since]
            if not moments:
                return number
            since = min(moments)
        return len(IN_ORDER)


class Sightings:
    """All visits of a world, with the orders that none of them holds."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.of_key: dict[str, Visit] = {}
        self.additions = 0
        self._of_action: dict[int, Visit] = {}
        self._of_visitor: dict[Visitor, list[Visit]] = defaultdict(list)
        self._actions = self._tracked()
        self._orders = self._all_orders()
        for visitor, actions in self._actions.items():
            for is_app in (False, True):
                self._cut(visitor, [a for a in actions if self._is_app(a) == is_app], is_app)
        self._fill_carts()
        self.outside = list(self._left_over())
        self._judge_carts()

    @property
    def all(self) -> list[Visit]:
        """Every visit."""
        return list(self.of_key.values())

    def _tracked(self) -> dict[Visitor, list[Action]]:
        world, actions = self._world, self._world.actions
        clicks = self._clicks()
        found: dict[Visitor, list[Action]] = defaultdict(list)
        for n in np.flatnonzero(np.isin(actions.template, TRACKED)).tolist():
            template = Template(int(actions.template[n]))
            visitor = int(world.customers.person[actions.customer[n]]), int(actions.brand[n])
            at, mailing, source = int(actions.at[n]), -1, None
            if template in ARRIVALS:
                mailing = self._mailing(n, at, clicks[visitor])
                source = self._source(n, mailing)
            key = str(actions.action_id[n])
            action = Action(at, template not in ARRIVALS, key, n, template, source, mailing)
            found[visitor].append(action)
        for several in found.values():
            several.sort()
        return found

    def _clicks(self) -> dict[Visitor, list[tuple[int, int, int]]]:
        """Clicks by person and brand: when, on which message, of which mailing."""
        world = self._world
        found: dict[Visitor, list[tuple[int, int, int]]] = defaultdict(list)
        for n in np.flatnonzero(world.statuses.kind == Status.CLICKED).tolist():
            message = int(world.statuses.message[n])
            mailing = int(world.messages.mailing[message])
            person = int(world.customers.person[world.messages.customer[message]])
            click = int(world.statuses.at[n]), int(world.messages.message_id[message]), mailing
            found[person, int(world.plan["brand"][mailing])].append(click)
        return found

    def _mailing(self, n: int, at: int, clicks: Sequence[tuple[int, int, int]]) -> int:
        before = [click for click in clicks if at - click[0] >= 0]
        if before and at - max(before)[0] <= GRACE:
            return max(before)[2]
        return int(self._world.actions.mailing[n])

    def _source(self, n: int, mailing: int) -> Mark:
        actions = self._world.actions
        if mailing >= 0:
            return ("mailing", mailing)
        if int(actions.template[n]) == Template.APP_LAUNCH:
            return None
        source, ad = Source(int(actions.contact[n]) - FIRST_SOURCE), int(actions.ad[n])
        return None if source == Source.DIRECT else (source, ad if ad != NO_AD else None)

    def _is_app(self, action: Action) -> bool:
        is_launch = action.template == Template.APP_LAUNCH
        return is_launch or int(self._world.actions.contact[action.number]) == APP

    def _cut(self, visitor: Visitor, actions: Sequence[Action], is_app: bool) -> None:
        visit: Visit | None = None
        for action in actions:
            if visit is None or action.at - visit.ended_at > TIMEOUT or _turns(visit, action):
                visit = Visit(action.key, visitor, is_app, action.at)
                self.of_key[visit.key] = visit
                self._of_visitor[visitor].append(visit)
            if not action.is_no_arrival and not visit.has_arrival:
                visit.has_arrival = True
                visit.source, visit.mailing = action.source, action.mailing
            visit.ended_at = action.at
            self._of_action[action.number] = visit
            if action.template in STEPS:
                visit.steps.append((action.at, STEPS[action.template]))

    def _all_orders(self) -> dict[Visitor, list[Order]]:
        world, facts = self._world, self._world.truth.orders
        found: dict[Visitor, list[Order]] = defaultdict(list)
        for n, key in enumerate(world.truth.order_ids()):
            if int(facts.person[n]) == ANONYMOUS:
                continue
            channel = int(world.orders.channel[n])
            order = Order(
                at=int(world.orders.ordered_at[n]),
                key=key,
                is_app=channel == APP,
                is_online=channel in ONLINE_CHANNELS,
                is_goal=bool(facts.in_goal[n]),
                kopecks=int(facts.amount[n]),
            )
            found[int(facts.person[n]), int(world.orders.brand[n])].append(order)
        return found

    def _left_over(self) -> Iterator[Order]:
        """Put orders into their visits, and tell those that none was open for."""
        for visitor, orders in self._orders.items():
            for order in orders:
                if not (order.is_goal and order.is_online):
                    continue
                open_then = [
                    visit
                    for visit in self._of_visitor[visitor]
                    if visit.started_at <= order.at <= visit.ended_at + TIMEOUT
                ]
                if not open_then:
                    yield order
                    continue
                visit = max(open_then, key=lambda v: (v.is_app == order.is_app, v.started_at))
                visit.steps.append((order.at, "order"))
                visit.kopecks += order.kopecks

    def _fill_carts(self) -> None:
        for visitor, actions in self._actions.items():
            changes: list[tuple[int, bool, str, Action | None]] = [
                (a.at, False, a.key, a) for a in actions if a.template in CART
            ]
            changes += [(o.at, True, o.key, None) for o in self._orders[visitor] if o.is_online]
            changes.sort(key=lambda change: change[:3])
            cart: dict[int, int] = {}
            prices: dict[int, int] = {}
            number = 0
            for *_, action in changes:
                added = self._change(cart, prices, action)
                number += not cart
                if action is None:
                    continue
                visit = self._of_action[action.number]
                visit.left, visit.cart = _worth(cart, prices), number
                self.additions += added
                if added:
                    visit.last_added_at = max(visit.last_added_at, action.at)
                    visit.steps.append((action.at, "cart"))

    def _change(self, cart: dict[int, int], prices: dict[int, int], action: Action | None) -> int:
        """Do to the cart what the action does, and tell how many products there are more of."""
        if action is None or action.template == Template.CART_CLEAR:
            cart.clear()
            return 0
        items, actions = self._world.items, self._world.actions
        first = int(actions.first_item[action.number])
        places = range(first, first + int(actions.item_count[action.number]))
        before = dict(cart)
        if action.template == Template.CART_SET:
            cart.clear()
        sign = -1 if action.template == Template.CART_REMOVE else 1
        for place in places:
            product = int(items.product[place])
            prices[product] = int(items.price[place])
            left = cart.get(product, 0) + sign * int(items.quantity_milli[place])
            if left > 0:
                cart[product] = left
            else:
                cart.pop(product, None)
        return sum(amount > before.get(product, 0) for product, amount in cart.items())

    def _judge_carts(self) -> None:
        known_till = self._last_day_begins()
        last: dict[tuple[Visitor, int], Visit] = {}
        for visit in sorted(self.all, key=lambda v: (v.ended_at, v.key)):
            if not visit.has("cart"):
                continue
            judged_at = visit.ended_at + DAY
            visit.is_mature = judged_at <= known_till
            visit.is_abandoned = visit.is_mature and not any(
                order.is_goal and visit.last_added_at <= order.at <= judged_at
                for order in self._orders[visit.visitor]
            )
            if visit.is_abandoned:
                last[visit.visitor, visit.cart] = visit
        for visit in last.values():
            visit.abandoned = visit.left

    def _last_day_begins(self) -> int:
        world = self._world
        moments = (world.orders.ordered_at, world.statuses.at, world.actions.at)
        latest = np.array([max(int(each.max()) for each in moments)])
        return int(world.calendar.starts[int(world.calendar.day_index(latest)[0])])


def _turns(visit: Visit, action: Action) -> bool:
    """Whether the action brings another source than its visit came from."""
    return visit.has_arrival and action.source is not None and action.source != visit.source


def _worth(cart: dict[int, int], prices: dict[int, int]) -> int:
    """Kopecks in the cart, each product rounded."""
    return sum(
        int((Decimal(milli) * prices[product] / 1000).quantize(Decimal(1), ROUND_HALF_UP))
        for product, milli in cart.items()
    )
