"""The metrics counted row by row from the world's own facts: no SQL, no arithmetic shared with it.

Definitions are read off the catalogue of metrics, not off the models.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sandbox.mindbox.world import World, vocabulary
from sandbox.mindbox.world.actions import FIRST_SOURCE, Template
from sandbox.mindbox.world.mailings import FLOW_NAMES, Channel
from sandbox.mindbox.world.messages import NOT_DELIVERED_REASONS, STATUS_NAMES
from sandbox.mindbox.world.orders import LINE_STATUS_IDS, line_status
from sandbox.mindbox.world.traffic import SOURCES

Value = Decimal | None

UNKNOWN = "Не указано"
GOAL = {"CheckedOut", "Paid", "Delivered"}
WINDOW = timedelta(days=7)
GRACE = timedelta(seconds=300)
ACTIVE = timedelta(days=255)
BOUNCES = {"EmailNonExistingAddress", "EmailInactiveAccount"}
GENDERS = {1: "Мужской", 2: "Женский"}
CHANNELS = {
    Channel.EMAIL: "E-mail",
    Channel.SMS: "SMS",
    Channel.MOBILE_PUSH: "Мобильный пуш",
    Channel.WEB_PUSH: "Веб-пуш",
    Channel.VIBER: "Viber",
}
TYPES = {"mass": "Массовая", "trigger": "Автоматическая", "transaction": "Транзакционная"}
WEEKDAYS = ("Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс")
DOMAINS = {
    "mail.ru": "Mail.ru",
    "bk.ru": "Mail.ru",
    "list.ru": "Mail.ru",
    "inbox.ru": "Mail.ru",
    "yandex.ru": "Яндекс",
    "ya.ru": "Яндекс",
    "gmail.com": "Gmail",
    "icloud.com": "iCloud",
    "rambler.ru": "Рамблер",
}


@dataclass
class Message:
    """One message with what happened to it; times are aware, None for never."""

    number: int
    person: int
    mailing: int
    at: datetime
    first: dict[str, datetime] = field(default_factory=dict)
    clicks: list[datetime] = field(default_factory=list)
    failure: str = ""


@dataclass
class Order:
    """One order in the goal; `person` is None for an anonymous one."""

    person: int | None
    brand: str
    at: datetime
    amount: Decimal
    slices: dict[str, str]
    credited: Message | None = None


@dataclass(frozen=True)
class Fact:
    """Something that a metric may count: what it is, its two dates and its slices."""

    kind: str
    send_date: date
    event_date: date
    person: int | None
    slices: dict[str, str]
    amount: Decimal = Decimal(0)
    sequence: int = 0

    def day(self, basis: str) -> date:
        """The date on the send or the event basis."""
        return self.send_date if basis == "send" else self.event_date


class Reference:
    """All facts of a world.

    Attributes:
        messages, orders: one by one, with what is to be known of each.
        taken_away: orders that a visit from elsewhere took from their last touch.
        facts: everything that a metric may count.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._zone = ZoneInfo(world.settings.time_zone)
        self.messages = self._messages()
        self.orders = self._orders()
        self.taken_away: list[Order] = []
        self._credit()
        self._first_orders = self._rank()
        self.facts = [*self._message_facts(), *self._order_facts()]

    def _at(self, milliseconds: int) -> datetime:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(milliseconds))

    def _date(self, moment: datetime) -> date:
        return moment.astimezone(self._zone).date()

    def _person(self, customer: int) -> int:
        """The customer after all mergings."""
        into = self._world.customers.merged_into
        while into[customer] >= 0:
            customer = int(into[customer])
        return customer

    def _messages(self) -> list[Message]:
        world = self._world
        messages = [
            Message(
                number=int(world.messages.message_id[n]),
                person=self._person(int(world.messages.customer[n])),
                mailing=int(world.messages.mailing[n]),
                at=self._at(world.messages.participated_at[n]),
                failure=NOT_DELIVERED_REASONS[int(world.messages.not_delivered_reason[n])],
            )
            for n in range(len(world.messages))
        ]
        for n in range(len(world.statuses)):
            message = messages[int(world.statuses.message[n])]
            kind = STATUS_NAMES[int(world.statuses.kind[n])]
            at = self._at(world.statuses.at[n])
            message.first[kind] = min(at, message.first.get(kind, at))
            if kind == "Clicked":
                message.clicks.append(at)
        return messages

    def _orders(self) -> list[Order]:
        world = self._world
        states = line_status(world.orders, world.lines)
        amounts: dict[int, list[Decimal]] = defaultdict(list)
        for n in range(len(world.lines)):
            if LINE_STATUS_IDS[int(states[n])] in GOAL:
                amounts[int(world.lines.order[n])].append(Decimal(int(world.lines.amount[n])))
        orders = []
        for n, left in sorted(amounts.items()):
            customer = int(world.orders.customer[n])
            at = self._at(world.orders.ordered_at[n])
            person = self._person(customer) if customer >= 0 else None
            brand = vocabulary.BRANDS[int(world.orders.brand[n])].system_name
            region = int(world.orders.region[n])
            slices = {
                **self._customer_slices(person),
                "brand": brand,
                "order_channel": vocabulary.ORDER_CHANNELS[int(world.orders.channel[n])].name,
                "weekday": WEEKDAYS[at.astimezone(self._zone).weekday()],
            }
            if region < len(vocabulary.REGIONS):
                slices["region"] = vocabulary.REGIONS[region].name
            amount = (sum(left) + int(world.orders.delivery_cost[n])) / Decimal(100)
            orders.append(Order(person, brand, at, amount, slices))
        return orders

    def _credit(self) -> None:
        """Give every order to its last touch, looking at all clicks and visits of the person."""
        clicked: dict[int, list[Message]] = defaultdict(list)
        for message in self.messages:
            if message.clicks and self._mailing_type(message) != "transaction":
                clicked[message.person].append(message)
        visits = self._foreign_visits()
        for order in self.orders:
            if order.person is None:
                continue
            touches = [
                (click, message.number, message)
                for message in clicked[order.person]
                if self._mailing_brand(message) == order.brand
                for click in message.clicks
                if click <= order.at
            ]
            if touches:
                touched_at, _, message = max(touches, key=lambda touch: touch[:2])
                if order.at - touched_at > WINDOW:
                    continue
                later = (v for v in visits[order.person, order.brand] if touched_at < v <= order.at)
                if any(later):
                    self.taken_away.append(order)
                else:
                    order.credited = message

    def _foreign_visits(self) -> dict[tuple[int, str], list[datetime]]:
        """Visits by person and brand that are neither direct nor started by a mailing."""
        clicks: dict[tuple[int, str], list[datetime]] = defaultdict(list)
        for message in self.messages:
            clicks[message.person, self._mailing_brand(message)] += message.clicks
        actions = self._world.actions
        visits: dict[tuple[int, str], list[datetime]] = defaultdict(list)
        for n in range(len(actions)):
            if int(actions.template[n]) != Template.SITE_VISIT:
                continue
            source = SOURCES[int(actions.contact[n]) - FIRST_SOURCE].system_name
            if source == "Direct" or int(actions.mailing[n]) >= 0:
                continue
            at = self._at(actions.at[n])
            brand = vocabulary.BRANDS[int(actions.brand[n])].system_name
            visitor = self._person(int(actions.customer[n])), brand
            if not any(timedelta() <= at - click <= GRACE for click in clicks[visitor]):
                visits[visitor].append(at)
        return visits

    def _rank(self) -> dict[int, datetime]:
        """Number the orders of every person; first orders by person."""
        histories: dict[int, list[Order]] = defaultdict(list)
        for order in self.orders:
            if order.person is not None:
                histories[order.person].append(order)
        first = {}
        for person, history in histories.items():
            history.sort(key=lambda order: order.at)
            first[person] = history[0].at
            for number, order in enumerate(history, start=1):
                bands = {1: "1", 2: "2", 3: "3–5", 4: "3–5", 5: "3–5"}
                order.slices["order_seq_group"] = bands.get(number, "6+")
                order.slices["_number"] = str(number)
        return first

    def _mailing_type(self, message: Message) -> str:
        return self._world.plan.mailings[message.mailing].mailing_type

    def _mailing_brand(self, message: Message) -> str:
        return vocabulary.BRANDS[self._world.plan.mailings[message.mailing].brand].system_name

    def _customer_slices(self, person: int | None) -> dict[str, str]:
        if person is None:
            return {}
        customers = self._world.customers
        slices = {"gender": GENDERS.get(int(customers.sex[person]), UNKNOWN)}
        region = int(customers.region[person])
        if region < len(vocabulary.REGIONS):
            slices["region"] = vocabulary.REGIONS[region].name
        domain = int(customers.email_domain[person])
        if domain < len(vocabulary.EMAIL_DOMAINS):
            name, _ = vocabulary.EMAIL_DOMAINS[domain]
            slices["email_domain_group"] = DOMAINS.get(name, "Другой домен")
        return slices

    def _cohort(self, person: int | None) -> dict[str, str]:
        if person is None:
            return {}
        first = self._first_orders.get(person)
        return {"cohort_month": f"{self._date(first):%Y-%m}" if first else "Без покупок"}

    def _mailing_slices(self, message: Message) -> dict[str, str]:
        mailing = self._world.plan.mailings[message.mailing]
        return {
            **self._customer_slices(message.person),
            **self._cohort(message.person),
            "brand": vocabulary.BRANDS[mailing.brand].system_name,
            "mailing": mailing.name,
            "mailing_channel": CHANNELS[mailing.channel],
            "mailing_type": TYPES[mailing.mailing_type],
            "mailing_folder": mailing.folder,
            "mailing_topic": mailing.topic,
            "mailing_source": FLOW_NAMES.get(mailing.occasion, UNKNOWN),
        }

    def _message_facts(self) -> Iterator[Fact]:
        for message in self.messages:
            slices, happened = self._mailing_slices(message), message.first
            sent_on = self._date(message.at)
            kinds = ["message"]
            if "Sent" in happened:
                kinds += ["sent", "not delivered" if "NotDelivered" in happened else "delivered"]
            if "NotDelivered" in happened and message.failure in BOUNCES:
                kinds.append("bounced")
            if "NotSent" in happened:
                kinds.append("not sent")
            if slices["mailing_channel"] in {"E-mail", "Веб-пуш"} and "delivered" in kinds:
                kinds.append("delivered, opens known")
            if slices["mailing_channel"] == "E-mail" and "delivered" in kinds:
                kinds.append("delivered e-mail")
            local = message.at.astimezone(self._zone)
            now = {**slices, "weekday": WEEKDAYS[local.weekday()]}
            for kind in kinds:
                yield Fact(kind, sent_on, sent_on, message.person, now)
            for kind in ("Opened", "Clicked", "Unsubscribe"):
                if kind in happened:
                    local = happened[kind].astimezone(self._zone)
                    then = {**slices, "weekday": WEEKDAYS[local.weekday()]}
                    yield Fact(kind, sent_on, local.date(), message.person, then)

    def _order_facts(self) -> Iterator[Fact]:
        for order in self.orders:
            day = self._date(order.at)
            slices = {**order.slices, **self._cohort(order.person)}
            number = int(slices.get("_number", 0))
            yield Fact("order", day, day, order.person, slices, order.amount, number)
            if order.credited is not None:
                credit = {**slices, **self._mailing_slices(order.credited)}
                if "region" in order.slices:
                    credit["region"] = order.slices["region"]
                sent_on = self._date(order.credited.at)
                yield Fact("credit", sent_on, day, order.person, credit, order.amount)

    def active_customers(self, day: date, chosen: dict[str, str], *, ever: bool = False) -> Value:
        """Persons with an order in the days that end with this one, or at any time before."""
        end = datetime.combine(day + timedelta(days=1), datetime.min.time(), self._zone)
        slices = {k: v for k, v in chosen.items() if k != "brand"}
        people = {
            order.person
            for order in self.orders
            if order.person is not None
            and order.at < end
            and (ever or order.at >= end - ACTIVE)
            and chosen.get("brand", order.brand) == order.brand
            and all(
                self._customer_slices(order.person).get(name, UNKNOWN) == value
                for name, value in slices.items()
            )
        }
        return Decimal(len(people))


def number_of(*kinds: str, reporting_opens: bool = False) -> Callable[[Sequence[Fact]], Value]:
    """Counts facts of the kinds."""
    channels = {"E-mail", "Веб-пуш"}

    def count(facts: Sequence[Fact]) -> Value:
        return Decimal(
            sum(
                fact.kind in kinds
                and (not reporting_opens or fact.slices["mailing_channel"] in channels)
                for fact in facts
            )
        )

    return count


def sum_of(kind: str, *, known: bool = False) -> Callable[[Sequence[Fact]], Value]:
    """Adds up the amounts of facts of the kind."""

    def add(facts: Sequence[Fact]) -> Value:
        wanted = (f.amount for f in facts if f.kind == kind and (f.person is not None or not known))
        return sum(wanted, Decimal(0))

    return add


def people_of(kind: str, least: int = 0) -> Callable[[Sequence[Fact]], Value]:
    """Counts known persons behind facts of the kind, from the n-th order on."""

    def count(facts: Sequence[Fact]) -> Value:
        people = {f.person for f in facts if f.kind == kind and f.sequence >= least}
        return Decimal(len(people - {None}))

    return count


def known_orders(facts: Sequence[Fact]) -> Value:
    """Counts orders of known persons."""
    return Decimal(sum(f.kind == "order" and f.person is not None for f in facts))


def opens(facts: Sequence[Fact]) -> Value:
    """Counts opened messages; nothing where no channel reports opens."""
    opened = number_of("Opened")(facts)
    return opened if opened or number_of("delivered, opens known")(facts) else None


def share(
    part: Callable[[Sequence[Fact]], Value], whole: Callable[[Sequence[Fact]], Value]
) -> Callable[[Sequence[Fact]], Value]:
    """A ratio of two metrics; nothing where the second is 0."""

    def divide(facts: Sequence[Fact]) -> Value:
        above, below = part(facts), whole(facts)
        return None if not below or above is None else above / below

    return divide


orders, revenue = number_of("order"), sum_of("order")
known_revenue, buyers = sum_of("order", known=True), people_of("order")
delivered, clicks = number_of("delivered"), number_of("Clicked")
mail_orders, mail_revenue = number_of("credit"), sum_of("credit")

METRICS: dict[str, Callable[[Sequence[Fact]], Value]] = {
    "buyers": buyers,
    "repeat_buyers": people_of("order", least=2),
    "repeat_buyer_share": share(people_of("order", least=2), buyers),
    "orders": orders,
    "orders_identified": known_orders,
    "revenue": revenue,
    "revenue_identified": known_revenue,
    "aov": share(revenue, orders),
    "purchase_frequency": share(known_orders, buyers),
    "revenue_per_buyer": share(known_revenue, buyers),
    "messages_total": number_of("message"),
    "sent": number_of("sent"),
    "not_sent": number_of("not sent"),
    "delivered": delivered,
    "not_delivered": number_of("not delivered"),
    "bounces": number_of("bounced"),
    "opens": opens,
    "clicks": clicks,
    "unsubscribes": number_of("Unsubscribe"),
    "recipients": people_of("delivered"),
    "mail_orders": mail_orders,
    "mail_revenue": mail_revenue,
    "revenue_per_message": share(mail_revenue, delivered),
    "delivery_rate": share(delivered, number_of("sent")),
    "open_rate": share(number_of("Opened"), number_of("delivered, opens known")),
    "click_rate": share(clicks, delivered),
    "ctor": share(number_of("Clicked", reporting_opens=True), number_of("Opened")),
    "unsubscribe_rate": share(number_of("Unsubscribe"), number_of("delivered e-mail")),
    "mail_order_conversion": share(mail_orders, delivered),
    "mail_aov": share(mail_revenue, mail_orders),
}


def within(
    facts: Iterable[Fact], basis: str, since: date, till: date, slices: dict[str, str]
) -> list[Fact]:
    """Facts of the days from `since` to `till`, both included, that lie in all the slices."""
    return [
        fact
        for fact in facts
        if since <= fact.day(basis) <= till
        and all(fact.slices.get(name, UNKNOWN) == value for name, value in slices.items())
    ]
