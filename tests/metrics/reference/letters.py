"""Messages, one by one, with what was done with each: all from the statuses that are exported."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

from sandbox.mindbox.world import World, vocabulary
from sandbox.mindbox.world.messages import NOT_DELIVERED_REASONS, NOT_SENT_REASONS, STATUS_NAMES
from tests.metrics.reference.calendar import Clock
from tests.metrics.reference.facts import Fact, mailing_slices
from tests.metrics.reference.people import People
from tests.metrics.reference.words import (
    BOUNCES,
    DAY_MS,
    FAILURES,
    OPENS_ARE_REPORTED,
    UNKNOWN,
    WEEKDAYS,
    WINDOW_DAYS,
)

LINKS = (
    *("/", "/catalog/novinki", "/catalog/khity", "/akcii", "/product/1001", "/product/1017"),
    *("/bonus", "/magaziny", "/product/1042", "/catalog/podarki"),
)
MACHINE_MS = 10_000
MACHINE_OPENS, MACHINE_DAYS = 20, 180


@dataclass
class Letter:
    """One message; moments are in ms UTC, None for never.

    `clicks` and `opens` are all of them, as pairs of moment and link, and as moments.
    """

    number: int
    person: int
    mailing: int
    brand: str
    channel: str
    mailing_type: str
    at: int
    slices: dict[str, str]
    sent_at: int | None = None
    not_sent_at: int | None = None
    not_delivered_at: int | None = None
    opened_at: int | None = None
    clicked_at: int | None = None
    left_at: int | None = None
    failure: str = ""
    is_opened_by_machine: bool = False
    clicks: list[tuple[int, str]] = field(default_factory=list)
    opens: list[int] = field(default_factory=list)

    @property
    def is_sent(self) -> bool:
        """It went out; what was not delivered had been sent."""
        return self.sent_at is not None

    @property
    def is_delivered(self) -> bool:
        """It went out, and nothing says that it did not arrive."""
        return self.is_sent and self.not_delivered_at is None

    @property
    def is_bounced(self) -> bool:
        """It did not arrive since there is no such mailbox, or nobody uses it."""
        return self.not_delivered_at is not None and self.failure in BOUNCES

    @property
    def reports_opens(self) -> bool:
        """Its channel tells who opened."""
        return self.channel in OPENS_ARE_REPORTED


@dataclass(kw_only=True)
class LetterFact(Fact):
    """A message, or a reaction to it, as a fact with dates."""

    letter: Letter


@dataclass(kw_only=True)
class ClickFact(LetterFact):
    """One of possibly many clicks on a message."""

    link: str


class Letters:
    """All messages of a world."""

    def __init__(self, world: World, people: People, clock: Clock) -> None:
        self._world, self._people, self._clock = world, people, clock
        self.mailings = mailing_slices(world)
        self.all = [self._letter(n) for n in range(len(world.messages))]
        self._react()
        self._mark_machines()
        self.messages = [self._fact(letter, letter.at) for letter in self.all]
        self.opens = [self._fact(x, x.opened_at) for x in self.all if x.opened_at is not None]
        self.clicks = [self._fact(x, x.clicked_at) for x in self.all if x.clicked_at is not None]
        self.leavings = [self._fact(x, x.left_at) for x in self.all if x.left_at is not None]
        self.all_clicks = [
            self._click(letter, at, link) for letter in self.all for at, link in letter.clicks
        ]

    def _letter(self, n: int) -> Letter:
        messages = self._world.messages
        number = int(messages.mailing[n])
        mailing = self.mailings[number]
        person = self._people.of(int(messages.customer[n]))
        assert person is not None
        at = int(messages.participated_at[n])
        local, theirs = self._clock.local(at), self._theirs(person, at)
        return Letter(
            number=int(messages.message_id[n]),
            person=person,
            mailing=number,
            brand=str(mailing["brand"]),
            channel=str(mailing["mailing_channel"]),
            mailing_type=self._world.plan.mailings[number].mailing_type,
            at=at,
            slices={
                "mailing_variant": str(int(messages.variant[n])),
                "send_hour": str(local.hour),
                "send_weekday": WEEKDAYS[local.weekday()],
                **theirs,
            },
        )

    def _theirs(self, person: int, at: int) -> dict[str, str]:
        """Hour and weekday at the customer's, or at the shop's where that is unknown."""
        local = self._clock.local(at, self._people[person].time_zone)
        return {
            "customer_send_hour": str(local.hour),
            "customer_send_weekday": WEEKDAYS[local.weekday()],
        }

    def _react(self) -> None:
        statuses, messages = self._world.statuses, self._world.messages
        for n in range(len(statuses)):
            place = int(statuses.message[n])
            letter, at = self.all[place], int(statuses.at[n])
            kind = STATUS_NAMES[int(statuses.kind[n])]
            if kind == "Sent":
                letter.sent_at = _first(letter.sent_at, at)
            elif kind == "NotSent":
                letter.not_sent_at = _first(letter.not_sent_at, at)
                letter.failure = NOT_SENT_REASONS[int(messages.not_sent_reason[place])]
            elif kind == "NotDelivered":
                letter.not_delivered_at = _first(letter.not_delivered_at, at)
                letter.failure = NOT_DELIVERED_REASONS[int(messages.not_delivered_reason[place])]
            elif kind == "Opened":
                letter.opened_at = _first(letter.opened_at, at)
                letter.opens.append(at)
            elif kind == "Clicked":
                letter.clicked_at = _first(letter.clicked_at, at)
                letter.clicks.append((at, self._link(letter, int(statuses.link[n]))))
            elif kind == "Unsubscribe":
                letter.left_at = _first(letter.left_at, at)
        for letter in self.all:
            if letter.sent_at is None:
                letter.sent_at = letter.not_delivered_at
            letter.slices["failure_reason"] = FAILURES.get(letter.failure, UNKNOWN)

    def _link(self, letter: Letter, number: int) -> str:
        """Host and path: what is left of a link once its scheme and marks are cut off."""
        site = next(b.site for b in vocabulary.BRANDS if b.system_name == letter.brand)
        return f"{site}{LINKS[number % len(LINKS)]}".rstrip("/")

    def _mark_machines(self) -> None:
        """Opened sooner than a person can, or by somebody who opens much and never clicks."""
        opened: dict[int, list[int]] = defaultdict(list)
        clicked: dict[int, list[int]] = defaultdict(list)
        for letter in self.all:
            if letter.opened_at is not None:
                opened[letter.person].append(letter.opened_at)
            clicked[letter.person] += [at for at, _ in letter.clicks]
        for moments in (*opened.values(), *clicked.values()):
            moments.sort()
        for letter in self.all:
            if letter.opened_at is None:
                continue
            assert letter.sent_at is not None
            since = letter.opened_at - MACHINE_DAYS * DAY_MS
            opens = _between(opened[letter.person], since, letter.opened_at)
            clicks = _between(clicked[letter.person], since, letter.opened_at)
            letter.is_opened_by_machine = letter.opened_at - letter.sent_at < MACHINE_MS or (
                opens >= MACHINE_OPENS and clicks == 0
            )

    def _fact(self, letter: Letter, at: int | None) -> LetterFact:
        assert at is not None
        return LetterFact(
            sent_on=self._clock.day(letter.at),
            own_on=self._clock.day(at),
            person=letter.person,
            mailing=letter.mailing,
            slices={**letter.slices, **self._hours(at)},
            letter=letter,
        )

    def _click(self, letter: Letter, at: int, link: str) -> ClickFact:
        return ClickFact(
            sent_on=self._clock.day(letter.at),
            own_on=self._clock.day(at),
            person=letter.person,
            mailing=letter.mailing,
            slices={**letter.slices, **self._hours(at), "link": link},
            letter=letter,
            link=link,
        )

    def _hours(self, at: int) -> dict[str, str]:
        local = self._clock.local(at)
        return {"hour": str(local.hour), "weekday": WEEKDAYS[local.weekday()]}


def is_mature(letter_day: date, horizon: date) -> bool:
    """The attribution window of a message has passed by the last loaded day."""
    return (horizon - letter_day).days >= WINDOW_DAYS


def _first(known: int | None, at: int) -> int:
    return at if known is None else min(known, at)


def _between(moments: list[int], since: int, till: int) -> int:
    """How many of the sorted moments lie in (since, till]."""
    return bisect_right(moments, till) - bisect_left(moments, since + 1)
