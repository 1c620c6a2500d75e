"""What is true of everybody at the end of a day: asked of the day itself, fact by fact.

Nothing happens to a person between two days on which something changes, so a state is found once
for all days up to the next change.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property

from sandbox.mindbox.world import World, vocabulary
from sandbox.mindbox.world.actions import NO_CONTACT, Template
from sandbox.mindbox.world.customers import NO_DOMAIN
from sandbox.mindbox.world.mailings import Channel
from tests.metrics.reference.calendar import Clock
from tests.metrics.reference.letters import Letters
from tests.metrics.reference.memberships import Memberships
from tests.metrics.reference.people import People, Person
from tests.metrics.reference.purchases import Order, Purchases
from tests.metrics.reference.rfm import Rfm
from tests.metrics.reference.words import (
    ALL_BRANDS,
    AT_RISK_DAYS,
    CHANNELS,
    CHURN_DAYS,
    EVER,
    NO_ORDERS,
    OFFLINE,
    OFFLINE_POINTS,
    ONLINE,
)

CHANNEL_ORDER = (
    *(Channel.EMAIL, Channel.SMS, Channel.VIBER),
    *(Channel.MOBILE_PUSH, Channel.WEB_PUSH),
)
NO_CHANNELS = "Нет"
ENGAGEMENT = ((30, "0–30"), (90, "31–90"), (180, "91–180"))
LONG_IDLE, NEVER_ENGAGED = "180+", "Не было"
ENGAGED_DAYS = 90
SUBSCRIBING = {
    Template.SUBSCRIBED_EMAIL: Channel.EMAIL,
    Template.SUBSCRIBED_SMS: Channel.SMS,
    Template.SUBSCRIBED_MOBILE_PUSH: Channel.MOBILE_PUSH,
    Template.SUBSCRIBED_WEB_PUSH: Channel.WEB_PUSH,
    Template.SUBSCRIBED_VIBER: Channel.VIBER,
}
LEAVING = {
    Template.LEFT_EMAIL: Channel.EMAIL,
    Template.LEFT_SMS: Channel.SMS,
    Template.LEFT_MOBILE_PUSH: Channel.MOBILE_PUSH,
    Template.LEFT_WEB_PUSH: Channel.WEB_PUSH,
    Template.LEFT_VIBER: Channel.VIBER,
}
VERDICTS = {
    Template.EMAIL_INVALID: ("email", True),
    Template.EMAIL_VALID: ("email", False),
    Template.PHONE_INVALID: ("phone", True),
    Template.PHONE_VALID: ("phone", False),
}
CONTACT_OF = {Channel.EMAIL: "email", Channel.SMS: "phone", Channel.VIBER: "phone"}


@dataclass(frozen=True)
class ChannelState:
    """How a channel stands at the end of a day."""

    is_contact: bool
    is_invalid: bool
    is_subscribed: bool
    is_unsubscribed: bool

    @property
    def is_reachable(self) -> bool:
        """The customer may be written to, and a message would arrive."""
        return self.is_contact and self.is_subscribed and not self.is_invalid


NOTHING_KNOWN = ChannelState(
    is_contact=False, is_invalid=False, is_subscribed=False, is_unsubscribed=False
)


@dataclass(frozen=True)
class State:
    """What is true of a person at the end of a day, over all brands or in one."""

    is_customer: bool
    channels: dict[str, ChannelState]
    is_online: bool
    is_offline: bool
    is_active: bool
    is_at_risk: bool
    is_engaged: bool
    orders: int
    amount: Decimal
    first_order: date | None
    last_order: date | None
    slices: dict[str, str | tuple[str, ...]]

    @property
    def is_contact(self) -> bool:
        return any(channel.is_contact for channel in self.channels.values())

    @property
    def is_reachable(self) -> bool:
        return any(channel.is_reachable for channel in self.channels.values())

    @property
    def is_invalid(self) -> bool:
        return any(channel.is_invalid for channel in self.channels.values())

    @property
    def is_buyer(self) -> bool:
        return self.orders > 0


@dataclass(frozen=True)
class Registration:
    """When and where somebody came into the base."""

    day: date
    point: str
    kind: str


class Life:
    """All that happened to a person, over all brands or in one.

    Attributes:
        registered_on: the first day in the base; EVER for one before history.
        known_from: the first day on which the person has a state.
        days: of goal orders, one for each order.
    """

    def __init__(
        self,
        person: Person,
        brand: str,
        *,
        orders: Sequence[Order],
        said: "Said",
        registered_on: date,
        rfm: Rfm,
    ) -> None:
        self.person, self.brand = person, brand
        self.orders, self._said, self._rfm = orders, said, rfm
        self.days = [order.day for order in orders]
        self.registered_on = registered_on
        self.known_from = min([registered_on, *self.days[:1]])
        self._deeds = sorted({*said.deeds, *self.days})
        self._attended = {*self._deeds, *said.openings}
        self._found: dict[int, State] = {}

    @cached_property
    def intervals(self) -> list[tuple[date, date]]:
        """Stretches of activity: the first day of each and the day on which it is over."""
        found: list[tuple[date, date]] = []
        for day in self.days:
            over = day + timedelta(days=CHURN_DAYS + 1)
            if found and day < found[-1][1]:
                found[-1] = (found[-1][0], over)
            else:
                found.append((day, over))
        return found

    def is_active(self, day: date) -> bool:
        """The day lies in a stretch of activity."""
        return any(since <= day < over for since, over in self.intervals)

    def at(self, day: date) -> State | None:
        """The state at the end of a day; None before anything is known."""
        if day < self.known_from:
            return None
        place = bisect_right(self.changes, day)
        if place not in self._found:
            self._found[place] = self._state(day)
        return self._found[place]

    def channel(self, channel: Channel, day: date) -> ChannelState:
        """How a channel stands at the end of a day."""
        if day < self.registered_on:
            return NOTHING_KNOWN
        is_subscribed, was_said = self._said.subscription(channel, day)
        contact = CONTACT_OF.get(channel)
        if contact is None:
            has_contact, is_invalid = is_subscribed, False
        else:
            has_contact = self.person.has_email if contact == "email" else self.person.has_phone
            is_invalid = has_contact and self._said.is_invalid(contact, day)
        return ChannelState(
            is_contact=has_contact,
            is_invalid=is_invalid,
            is_subscribed=is_subscribed,
            is_unsubscribed=was_said and not is_subscribed,
        )

    @cached_property
    def changes(self) -> list[date]:
        """Days on which something may change."""
        days = {self.registered_on, self.known_from, *self._said.days, *self._deeds}
        days |= self._rfm.months | self._said.segments.days(self.person.number)
        for day in self.days:
            days |= {day + timedelta(days=n + 1) for n in (AT_RISK_DAYS, CHURN_DAYS)}
        for day in self._deeds:
            days |= {day + timedelta(days=limit + 1) for limit, _ in ENGAGEMENT}
        days |= self._attended | {day + timedelta(ENGAGED_DAYS + 1) for day in self._attended}
        return sorted(days)

    def _state(self, day: date) -> State:
        before = [order for order in self.orders if order.day <= day]
        last = before[-1].day if before else None
        recency = None if last is None else (day - last).days
        is_active = recency is not None and recency <= CHURN_DAYS
        is_at_risk = is_active and recency is not None and recency > AT_RISK_DAYS
        channels = {CHANNELS[c]: self.channel(c, day) for c in CHANNEL_ORDER}
        return State(
            is_customer=day >= self.registered_on,
            channels=channels,
            is_online=self._said.is_online,
            is_offline=self._said.is_offline,
            is_active=is_active,
            is_at_risk=is_at_risk,
            is_engaged=any(0 <= (day - on).days <= ENGAGED_DAYS for on in self._attended),
            orders=len(before),
            amount=sum((order.amount for order in before), Decimal(0)),
            first_order=before[0].day if before else None,
            last_order=last,
            slices={
                "lifecycle_stage": self._stage(day, len(before), is_active, is_at_risk),
                "rfm_segment": self._rfm.segment(self.person.number, self.brand, day),
                "reachable_set": _reachable(channels),
                "subscription_state": _subscription(channels),
                "engagement_band": self._engagement(day),
                "customer_segment": self._said.segments.names(self.person.number, day),
            },
        )

    def _stage(self, day: date, orders: int, is_active: bool, is_at_risk: bool) -> str:
        if not orders:
            return NO_ORDERS
        if not is_active:
            return "Отток"
        if is_at_risk:
            return "Предотток"
        begun = sum(since <= day for since, _ in self.intervals)
        if begun > 1:
            return "Реактивирован"
        return "Новый" if orders == 1 else "Активный"

    def _engagement(self, day: date) -> str:
        place = bisect_right(self._deeds, day)
        if not place:
            return NEVER_ENGAGED
        idle = (day - self._deeds[place - 1]).days
        return next((name for limit, name in ENGAGEMENT if idle <= limit), LONG_IDLE)


@dataclass
class Said:
    """What actions and the export say of a person, over all brands or in one.

    Attributes:
        subscriptions: by brand and channel, what was said on which day, the last word of the day;
            EVER is the time before history.
        verdicts: by contact, whether it was found dead, by day; only of the account that lives on.
        marks: whether the export calls a contact dead.
        deeds: days of clicks and visits.
        openings: days on which a message was opened, by no machine.
    """

    subscriptions: dict[tuple[str, Channel], dict[date, bool]]
    verdicts: dict[str, dict[date, bool]]
    marks: dict[str, bool]
    deeds: set[date]
    openings: set[date]
    is_online: bool
    is_offline: bool
    segments: Memberships

    @property
    def days(self) -> set[date]:
        """Days on which something was said."""
        told = [*self.subscriptions.values(), *self.verdicts.values()]
        return {day for days in told for day in days}

    def subscription(self, channel: Channel, day: date) -> tuple[bool, bool]:
        """Whether somebody is subscribed in any of the brands, and whether anything was said."""
        words = [
            _last_word(said, day)
            for (_, kind), said in self.subscriptions.items()
            if kind == channel
        ]
        return any(word for word in words if word), any(word is not None for word in words)

    def is_invalid(self, contact: str, day: date) -> bool:
        """The contact is dead: by the last action, or by the export where no action ever speaks."""
        verdicts = self.verdicts.get(contact)
        return bool(_last_word(verdicts, day)) if verdicts else self.marks[contact]


class States:
    """The lives of everybody, over all brands and in each brand of theirs."""

    def __init__(
        self,
        world: World,
        people: People,
        clock: Clock,
        letters: Letters,
        purchases: Purchases,
        *,
        rfm: Rfm,
        memberships: Memberships,
    ) -> None:
        self._world, self._people, self._clock = world, people, clock
        self._purchases, self._rfm = purchases, rfm
        self._read_actions()
        for fact in letters.all_clicks:
            for brand in (ALL_BRANDS, fact.letter.brand):
                self._deeds[fact.letter.person, brand].add(fact.own_on)
        self._openings: dict[tuple[int, str], set[date]] = defaultdict(set)
        for opened in letters.opens:
            if not opened.letter.is_opened_by_machine:
                for brand in (ALL_BRANDS, opened.letter.brand):
                    self._openings[opened.letter.person, brand].add(opened.own_on)
        self._memberships = memberships
        self.lives: dict[str, dict[int, Life]] = defaultdict(dict)
        for person in people.everybody():
            self._live(person)

    def at(self, person: int, brand: str, day: date) -> State | None:
        """The state of a person at the end of a day, None where none is known."""
        life = self.lives[brand].get(person)
        return None if life is None else life.at(day)

    def registered(self, person: int) -> Registration | None:
        """The first registration of any account; None where none is known."""
        moments = self._registrations.get(person)
        if not moments:
            return None
        at, _, contact = moments[0]
        return Registration(
            day=self._clock.day(at),
            point=vocabulary.ORDER_CHANNELS[contact].name,
            kind=OFFLINE if _is_offline(contact) else ONLINE,
        )

    def _read_actions(self) -> None:
        actions = self._world.actions
        self._registrations: dict[int, list[tuple[int, str, int]]] = defaultdict(list)
        self._subscriptions: dict[int, dict[tuple[str, Channel], list[tuple[int, bool]]]] = (
            defaultdict(lambda: defaultdict(list))
        )
        self._verdicts: dict[int, dict[str, list[tuple[int, bool]]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self._deeds: dict[tuple[int, str], set[date]] = defaultdict(set)
        for n in range(len(actions)):
            template, at = Template(int(actions.template[n])), int(actions.at[n])
            customer = int(actions.customer[n])
            person = self._people.of(customer)
            assert person is not None
            brand = vocabulary.BRANDS[int(actions.brand[n])].system_name
            if template == Template.REGISTRATION:
                self._registrations[person].append((at, brand, int(actions.contact[n])))
            elif template in SUBSCRIBING:
                self._subscriptions[person][brand, SUBSCRIBING[template]].append((at, True))
            elif template in LEAVING:
                self._subscriptions[person][brand, LEAVING[template]].append((at, False))
            elif template in VERDICTS and customer == person:
                contact, is_dead = VERDICTS[template]
                self._verdicts[person][contact].append((at, is_dead))
            elif template in (Template.SITE_VISIT, Template.APP_LAUNCH):
                for name in (ALL_BRANDS, brand):
                    self._deeds[person, name].add(self._clock.day(at))
        for moments in self._registrations.values():
            moments.sort()

    def _live(self, person: Person) -> None:
        subscriptions = self._said_of(person)
        registrations = self._registrations.get(person.number, [])
        first = self._clock.day(registrations[0][0]) if registrations else EVER
        history = self._purchases.histories.get(person.number, [])
        signs: dict[str, list[date]] = defaultdict(list)
        for at, brand, _ in registrations:
            signs[brand].append(self._clock.day(at))
        for (brand, _), said in subscriptions.items():
            signs[brand].append(min(said))
        for order in history:
            signs[order.brand].append(order.day)
        contact = registrations[0][2] if registrations else NO_CONTACT
        signs[ALL_BRANDS] = [first]
        for brand, days in signs.items():
            of_brand = [x for x in history if brand in (ALL_BRANDS, x.brand)]
            told = Said(
                subscriptions={
                    key: words
                    for key, words in subscriptions.items()
                    if brand in (ALL_BRANDS, key[0])
                },
                verdicts={
                    kind: self._by_day(told) for kind, told in self._verdicts[person.number].items()
                },
                marks={
                    "email": int(self._world.customers.email_invalid_at[person.number])
                    < self._world.settings.until_ms,
                    "phone": int(self._world.customers.phone_invalid_at[person.number])
                    < self._world.settings.until_ms,
                },
                deeds=self._deeds[person.number, brand],
                openings=self._openings[person.number, brand],
                is_online=contact != NO_CONTACT and not _is_offline(contact),
                is_offline=contact != NO_CONTACT and _is_offline(contact),
                segments=self._memberships,
            )
            self.lives[brand][person.number] = Life(
                person,
                brand,
                orders=of_brand,
                said=told,
                registered_on=max(min(days), first),
                rfm=self._rfm,
            )

    def _said_of(self, person: Person) -> dict[tuple[str, Channel], dict[date, bool]]:
        """Subscriptions by day; the time before the first word was the contrary of it."""
        told: dict[tuple[str, Channel], dict[date, bool]] = {}
        for key, words in self._subscriptions[person.number].items():
            by_day = self._by_day(words)
            _, first = min(words)
            told[key] = by_day if first else {EVER: True, **by_day}
        for key, is_subscribed in self._exported(person).items():
            told.setdefault(key, {EVER: is_subscribed})
        return told

    def _exported(self, person: Person) -> dict[tuple[str, Channel], bool]:
        """Subscriptions as the customer's export has them, of the account that lives on."""
        customers, number = self._world.customers, person.number
        reached = {
            Channel.EMAIL: int(customers.email_domain[number]) != NO_DOMAIN,
            Channel.SMS: int(customers.phone[number]) > 0,
            Channel.MOBILE_PUSH: bool(customers.has_app[number]),
            Channel.WEB_PUSH: bool(customers.has_web_push[number]),
            Channel.VIBER: bool(customers.has_viber[number]),
        }
        told = {}
        for n in range(self._world.settings.brands):
            if not int(customers.brands[number]) >> n & 1:
                continue
            left_at = int(customers.unsubscribed_at[number, n])
            for channel in Channel:
                has_left = channel == Channel.EMAIL and left_at < self._world.settings.until_ms
                if reached[channel]:
                    told[vocabulary.BRANDS[n].system_name, channel] = not has_left
        return told

    def _by_day(self, words: Iterable[tuple[int, bool]]) -> dict[date, bool]:
        """The last word of each day."""
        return {self._clock.day(at): word for at, word in sorted(words)}


def _last_word(said: dict[date, bool], day: date) -> bool | None:
    before = [told for told in said if told <= day]
    return said[max(before)] if before else None


def _is_offline(contact: int) -> bool:
    return vocabulary.ORDER_CHANNELS[contact].external_id in OFFLINE_POINTS


def _reachable(channels: dict[str, ChannelState]) -> str:
    return " + ".join(name for name, x in channels.items() if x.is_reachable) or NO_CHANNELS


def _subscription(channels: dict[str, ChannelState]) -> str:
    known = channels.values()
    if any(channel.is_subscribed for channel in known):
        return "Подписан"
    if any(channel.is_unsubscribed for channel in known):
        return "Отписан"
    return "Не подписан" if any(channel.is_contact for channel in known) else "Нет контакта"
