"""Visits to the site and the application, cut from the actions, and what was done in them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from sandbox.mindbox.world import World, vocabulary
from sandbox.mindbox.world.actions import FIRST_SOURCE, Template
from sandbox.mindbox.world.traffic import ADS, NO_AD, SOURCES
from sandbox.mindbox.world.vocabulary import APP
from tests.metrics.reference.calendar import Clock
from tests.metrics.reference.letters import Letter, Letters
from tests.metrics.reference.people import People
from tests.metrics.reference.purchases import Order, Purchases
from tests.metrics.reference.words import DAY_MS, GRACE_MS, SESSION_MS, UNKNOWN

SITE_NAME, APP_NAME = "Сайт", "Приложение"
SOURCE_NAMES = {
    "Direct": "Прямой переход",
    "OrganicSearch": "Органический поиск",
    "Email": "E-mail",
    "Social": "Социальные сети",
    "PaidSocial": "Реклама в соцсетях",
    "PaidSearch": "Поисковая реклама",
    "Display": "Медийная реклама",
    "OtherAds": "Другая реклама",
    "Referral": "Переход с другого сайта",
}
ARRIVALS = {Template.SITE_VISIT, Template.APP_LAUNCH}
CART = {Template.CART_ADD, Template.CART_REMOVE, Template.CART_SET, Template.CART_CLEAR}
LOOKS = {Template.CATEGORY_VIEW, Template.PRODUCT_VIEW, Template.CHECKOUT_START}
KOPECK = Decimal("0.01")
BUYING_DAYS = 7
STEPS = ("category", "product", "cart", "checkout", "order")
STEP_OF = {
    Template.CATEGORY_VIEW: "category",
    Template.PRODUCT_VIEW: "product",
    Template.CHECKOUT_START: "checkout",
}
Who = tuple[int, str]


@dataclass(frozen=True)
class Arrival:
    """How somebody came: the words of the source, its marks, the mailing that began it.

    `marks` tells sources apart; None for a direct arrival, and for the launch of an application.
    """

    source: str
    utm: dict[str, str]
    marks: tuple[str, ...] | None
    mailing: int
    letter: Letter | None

    @property
    def is_mailing(self) -> bool:
        """A mailing began it."""
        return self.mailing >= 0


@dataclass
class Act:
    """Something done on the site or in the application."""

    number: int
    template: Template
    at: int
    who: Who
    is_app: bool
    products: list[tuple[int, Decimal, Decimal]]
    category: int
    arrival: Arrival | None


@dataclass(frozen=True)
class Step:
    """A step of the funnel that was made in a visit, with the goods that it was made with.

    `product` is a position in the catalogue, `category` one of the categories; -1 for neither.
    `amount` is what came in for goods ordered, or what goods left in a cart are worth. A look at a
    product is mature once it is known whether the product was bought soon.
    """

    kind: str
    at: int
    number: str
    product: int = -1
    category: int = -1
    amount: Decimal = Decimal(0)
    is_delivery: bool = False
    is_mature: bool = False
    is_bought: bool = False


@dataclass
class Visit:
    """One visit.

    Attributes:
        key: number of its first action.
        steps: all that was done, bought and left in the cart.
        reached: how many steps of the funnel were made one after the other.
    """

    key: int
    who: Who
    is_app: bool
    started_at: int
    ended_at: int
    arrival: Arrival | None
    acts: list[Act]
    orders: list[Order] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    left: list[Step] = field(default_factory=list)
    reached: int = 0
    is_first: bool = False
    is_first_in_brand: bool = False
    has_cart: bool = False
    is_cart_mature: bool = False
    is_cart_abandoned: bool = False

    def has(self, kind: str) -> bool:
        """A step of the kind was made."""
        return any(step.kind == kind for step in self.steps)


@dataclass
class Change:
    """What a change of the cart left behind."""

    at: int
    act: Act | None
    added: list[int]
    is_added: bool
    content: dict[int, Decimal]
    worth: dict[int, Decimal]
    cart: int

    @property
    def amount(self) -> Decimal:
        """What the whole cart is worth."""
        return sum(self.worth.values(), Decimal(0))


class Visits:
    """All visits of a world.

    Attributes:
        all: the visits.
        strays: online orders of the goal that were made in none of them.
        of_order: the visit of every online order that was made in one, by the order's position.
    """

    def __init__(
        self,
        world: World,
        people: People,
        clock: Clock,
        letters: Letters,
        purchases: Purchases,
        *,
        horizon: date,
    ) -> None:
        self._world, self._people, self._clock = world, people, clock
        self._purchases = purchases
        self._known_till = _milliseconds(datetime.combine(horizon, datetime.min.time(), clock.zone))
        self._clicks: dict[Who, list[tuple[int, int, Letter]]] = defaultdict(list)
        for letter in letters.all:
            for at, _ in letter.clicks:
                self._clicks[letter.person, letter.brand].append((at, letter.number, letter))
        self._marked = self._mailings_by_mark()
        self._bought = self._purchases_of_products()
        acts = self._acts()
        self.all = self._cut(acts)
        self._number()
        self.strays: list[Order] = []
        self.of_order: dict[int, Visit] = {}
        self._give_orders()
        self._fill_carts()
        for visit in self.all:
            visit.reached = _in_order(visit)

    def _mailings_by_mark(self) -> dict[str, int]:
        """The mailing of a campaign's mark; of several the one made last."""
        mailings = self._world.plan.mailings
        in_order = sorted(
            range(len(mailings)),
            key=lambda n: (mailings[n].created_at, str(mailings[n].mailing_id)),
        )
        return {mailings[n].utm_campaign: n for n in in_order}

    def _acts(self) -> list[Act]:
        actions, items = self._world.actions, self._world.items
        acts = []
        for n in range(len(actions)):
            template = Template(int(actions.template[n]))
            if template not in ARRIVALS | CART | LOOKS:
                continue
            person = self._people.of(int(actions.customer[n]))
            assert person is not None
            who = person, vocabulary.BRANDS[int(actions.brand[n])].system_name
            first, count = int(actions.first_item[n]), int(actions.item_count[n])
            products = [
                (
                    int(items.product[i]),
                    Decimal(int(items.quantity_milli[i])) / 1000,
                    Decimal(int(items.price[i])) / 100,
                )
                for i in range(first, first + count)
            ]
            is_site_visit = template == Template.SITE_VISIT
            acts.append(
                Act(
                    number=int(actions.action_id[n]),
                    template=template,
                    at=int(actions.at[n]),
                    who=who,
                    is_app=not is_site_visit and int(actions.contact[n]) == APP,
                    products=products,
                    category=int(actions.category[n]),
                    arrival=self._arrival(n, template, who) if template in ARRIVALS else None,
                )
            )
        return acts

    def _arrival(self, n: int, template: Template, who: Who) -> Arrival:
        """What began a visit: a click within the grace time, else a mark, else the source."""
        actions, at = self._world.actions, int(self._world.actions.at[n])
        clicked = max(
            (c for c in self._clicks[who] if c[0] <= at), key=lambda c: c[:2], default=None
        )
        letter = clicked[2] if clicked and at - clicked[0] <= GRACE_MS else None
        if template == Template.APP_LAUNCH:
            utm: dict[str, str] = {}
            source = ""
        else:
            source = SOURCES[int(actions.contact[n]) - FIRST_SOURCE].system_name
            utm = self._utm(n)
        mailing = letter.mailing if letter else -1
        if letter is None and utm.get("utm_source") == "mindbox":
            mailing = self._marked.get(utm["utm_campaign"], -1)
        marks: tuple[str, ...] | None = None
        if mailing >= 0:
            marks = ("mailing", str(mailing))
        elif source not in ("", "Direct"):
            marks = (source, *(f"{name}={word}" for name, word in sorted(utm.items())))
        return Arrival(
            source=SOURCE_NAMES.get(source, UNKNOWN),
            utm=utm,
            marks=marks,
            mailing=mailing,
            letter=letter,
        )

    def _utm(self, n: int) -> dict[str, str]:
        """The marks that tell where a visit came from, as far as they matter here."""
        actions = self._world.actions
        if int(actions.mailing[n]) >= 0:
            mailing = self._world.plan.mailings[int(actions.mailing[n])]
            medium = {"EMAIL": "email", "SMS": "sms", "MOBILE_PUSH": "push"}
            medium |= {"WEB_PUSH": "webpush", "VIBER": "viber"}
            return {
                "utm_source": "mindbox",
                "utm_medium": medium[mailing.channel.name],
                "utm_campaign": mailing.utm_campaign,
            }
        if int(actions.ad[n]) != NO_AD:
            ad = ADS[int(actions.ad[n])]
            told = {
                "utm_source": ad.utm_source,
                "utm_medium": ad.utm_medium,
                "utm_campaign": ad.utm_campaign,
                "utm_content": ad.utm_content,
                "utm_term": ad.utm_term,
            }
            return {name: word for name, word in told.items() if word}
        return {}

    def _cut(self, acts: Iterable[Act]) -> list[Visit]:
        """A visit ends with a pause, or with an arrival from another source."""
        by_place: dict[tuple[Who, bool], list[Act]] = defaultdict(list)
        for act in acts:
            by_place[act.who, act.is_app].append(act)
        visits: list[Visit] = []
        for (who, is_app), mine in by_place.items():
            mine.sort(key=lambda act: (act.at, act.arrival is None, str(act.number)))
            for part in _parts(mine):
                arrival = next((act.arrival for act in part if act.arrival is not None), None)
                visits.append(
                    Visit(
                        key=part[0].number,
                        who=who,
                        is_app=is_app,
                        started_at=part[0].at,
                        ended_at=part[-1].at,
                        arrival=arrival,
                        acts=part,
                        steps=[self._judged(who, x) for act in part for x in _looks(act)],
                    )
                )
        return visits

    def _purchases_of_products(self) -> dict[tuple[Who, int], list[int]]:
        """When somebody bought what, of orders and lines that count."""
        bought: dict[tuple[Who, int], list[int]] = defaultdict(list)
        for person, orders in self._purchases.histories.items():
            for order in orders:
                for line in order.lines:
                    if line.in_goal:
                        bought[(person, order.brand), line.position].append(order.at)
        return bought

    def _judged(self, who: Who, step: Step) -> Step:
        """A look at a product, with what became of it; any other step as it is."""
        till = step.at + BUYING_DAYS * DAY_MS
        if step.kind != "product" or step.product < 0 or till > self._known_till:
            return step
        bought = any(step.at <= at <= till for at in self._bought.get((who, step.product), ()))
        return replace(step, is_mature=True, is_bought=bought)

    def _number(self) -> None:
        """Mark the first visit of everybody, over all brands and in each."""
        seen: set[object] = set()
        for visit in sorted(self.all, key=lambda visit: (visit.started_at, str(visit.key))):
            visit.is_first = visit.who[0] not in seen
            visit.is_first_in_brand = visit.who not in seen
            seen |= {visit.who[0], visit.who}

    def _give_orders(self) -> None:
        """Find the visits that online orders were made in; those of the goal are their steps."""
        visits: dict[Who, list[Visit]] = defaultdict(list)
        for visit in self.all:
            visits[visit.who].append(visit)
        for order in self._purchases.all:
            if not order.is_online:
                continue
            if order.person is None:
                self._keep(order, None)
                continue
            is_app = self.is_app(order)
            open_then = [
                visit
                for visit in visits[order.person, order.brand]
                if visit.started_at <= order.at <= visit.ended_at + SESSION_MS
            ]
            # Of the visits on one platform the latest, and only if it is still open.
            places = {
                platform: _latest(visits[order.person, order.brand], platform, order.at)
                for platform in (True, False)
            }
            candidates = [places[is_app], places[not is_app]]
            chosen = next((v for v in candidates if v is not None and v in open_then), None)
            self._keep(order, chosen)

    def _keep(self, order: Order, visit: Visit | None) -> None:
        """Remember where an order was made."""
        if visit is not None:
            self.of_order[order.position] = visit
        if visit is not None and order.in_goal:
            visit.orders.append(order)
            visit.steps += _bought(order)
        elif order.in_goal:
            self.strays.append(order)

    def is_app(self, order: Order) -> bool:
        """Whether an order was made in the application."""
        return int(self._world.orders.channel[order.position]) == APP

    def _fill_carts(self) -> None:
        """Follow every cart, and tell the visits what was put in and what was left."""
        visit_of = {act.number: visit for visit in self.all for act in visit.acts}
        last: dict[int, Change] = {}
        last_added: dict[int, int] = {}
        for changes in self._carts().values():
            for change in changes:
                if change.act is None:
                    continue
                visit = visit_of[change.act.number]
                last[visit.key] = change
                if change.is_added:
                    visit.has_cart = True
                    last_added[visit.key] = change.at
                    visit.steps += [
                        Step("cart", change.at, f"{change.act.number}-{product}", product)
                        for product in change.added or [-1]
                    ]
        left: dict[tuple[Who, int], list[Visit]] = defaultdict(list)
        for visit in self.all:
            if visit.has_cart:
                self._judge_cart(visit, last_added[visit.key])
                if visit.is_cart_abandoned:
                    left[visit.who, last[visit.key].cart].append(visit)
        # A cart left in several visits is worth its money once: in the last of them.
        for visits in left.values():
            visit = max(visits, key=lambda visit: (visit.ended_at, str(visit.key)))
            worth = last[visit.key].worth
            visit.left = [
                Step("cart_left", visit.ended_at, f"{visit.key}-{product}", product, amount=amount)
                for product, amount in worth.items()
                if amount
            ]

    def _judge_cart(self, visit: Visit, last_added_at: int) -> None:
        visit.is_cart_mature = visit.ended_at + DAY_MS <= self._known_till
        person, brand = visit.who
        later = [
            order.at
            for order in self._purchases.histories.get(person, [])
            if order.brand == brand and order.at >= last_added_at
        ]
        is_bought = bool(later) and min(later) <= visit.ended_at + DAY_MS
        visit.is_cart_abandoned = visit.is_cart_mature and not is_bought

    def _carts(self) -> dict[Who, list[Change]]:
        """Every change of the cart that somebody has with a brand, in order of time."""
        events: dict[Who, list[tuple[int, bool, str, Act | None]]] = defaultdict(list)
        for visit in self.all:
            for act in visit.acts:
                if act.template in CART:
                    events[act.who].append((act.at, False, str(act.number), act))
        for order in self._purchases.all:
            if order.person is not None and order.is_online:
                events[order.person, order.brand].append((order.at, True, order.key, None))
        return {
            who: list(_followed(sorted(told, key=lambda e: e[:3]))) for who, told in events.items()
        }


def _followed(events: Sequence[tuple[int, bool, str, Act | None]]) -> Iterator[Change]:
    """What each change makes of the cart."""
    content: dict[int, Decimal] = {}
    prices: dict[int, Decimal] = {}
    cart = 0
    for at, _, _, act in events:
        before = dict(content)
        added: list[int] = []
        is_added = False
        if act is None or act.template in (Template.CART_CLEAR, Template.CART_SET):
            content, prices = {}, {}
        if act is not None and act.template != Template.CART_CLEAR:
            sign = -1 if act.template == Template.CART_REMOVE else 1
            for product, quantity, price in act.products:
                content[product] = max(
                    content.get(product, Decimal(0)) + sign * quantity, Decimal(0)
                )
                prices[product] = price
            if sign > 0:
                added = [p for p, _, _ in act.products if content[p] > before.get(p, Decimal(0))]
                is_added = bool(added) or (act.template == Template.CART_ADD and not act.products)
        if not sum(content.values(), Decimal(0)):
            cart += 1
        worth = {
            product: (quantity * prices[product]).quantize(KOPECK, ROUND_HALF_UP)
            for product, quantity in content.items()
        }
        yield Change(at, act, sorted(set(added)), is_added, dict(content), worth, cart)


def _parts(acts: Sequence[Act]) -> Iterator[list[Act]]:
    """Cut the actions of one person at one place into visits."""
    part: list[Act] = []
    marks: tuple[str, ...] | None = None
    has_arrived = False
    for act in acts:
        if part and act.at - part[-1].at > SESSION_MS:
            yield part
            part, marks, has_arrived = [], None, False
        if act.arrival is not None and act.arrival.marks is not None:
            if has_arrived and act.arrival.marks != marks:
                yield part
                part = []
            marks = act.arrival.marks
        has_arrived = has_arrived or act.arrival is not None
        part.append(act)
    if part:
        yield part


def _looks(act: Act) -> Iterator[Step]:
    """Views of categories and products, and the beginning of a checkout."""
    kind = STEP_OF.get(act.template)
    if kind is None:
        return
    if kind == "product" and act.products:
        for product in dict.fromkeys(product for product, _, _ in act.products):
            yield Step(kind, act.at, f"{act.number}-{product}", product)
    else:
        category = act.category if kind == "category" else -1
        yield Step(kind, act.at, str(act.number), category=category)


def _bought(order: Order) -> Iterator[Step]:
    """What is left of an order, product by product, its delivery too."""
    amounts: dict[int, Decimal] = defaultdict(Decimal)
    for line in order.lines:
        if line.in_goal:
            amounts[line.position] += line.amount
    for product, amount in amounts.items():
        number = f"{order.key}-{product}"
        yield Step("order", order.at, number, product, amount=amount, is_delivery=product < 0)


def _in_order(visit: Visit) -> int:
    """How many steps of the funnel were made one after the other, from the first action on."""
    reached, since = 0, visit.started_at
    for kind in STEPS:
        later = [step.at for step in visit.steps if step.kind == kind and step.at >= since]
        if not later:
            break
        reached, since = reached + 1, min(later)
    return reached


def _latest(visits: Iterable[Visit], is_app: bool, at: int) -> Visit | None:
    """The visit on a platform that began last before the moment."""
    before = [v for v in visits if v.is_app == is_app and v.started_at <= at]
    return max(before, key=lambda visit: visit.started_at, default=None)


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
