"""Messages, one by one, with what was done with each: all from the statuses that are exported."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

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
    pressure_band,
)

LINKS = (
    *("/", "/catalog/novinki", "/catalog/khity", "/akcii", "/product/1001", "/product/1017"),
    *("/bonus", "/magaziny", "/product/1042", "/catalog/podarki"),
)
MACHINE_MS = 10_000
BOT_MS, BURST_MS, BURST_LINKS = 3_000, 5_000, 3
MACHINE_OPENS, MACHINE_DAYS = 20, 180
PRESSURE_DAYS = 7
READING_DAYS = 90


@dataclass
class Letter:
    """One message; moments are in ms UTC, None for never.

    `clicks` and `opens` are all of them, as pairs of moment and link, and as moments.
    """

    number: int
    account: int
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
    is_to_reader: bool = False
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

    def link_at(self, at: int) -> str:
        """The link that was clicked at a moment; the word for "not given" where none was."""
        return next((link for moment, link in sorted(self.clicks) if moment == at), UNKNOWN)

    @property
    def is_of_flow(self) -> bool:
        """A scenario sent it: all but mass mailings name one as their source."""
        return self.mailing_type != "mass"

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
    """One of possibly many clicks on a message.

    `is_first_human` says that no click of a person's on the message came before it.
    """

    link: str
    is_first_human: bool


class Letters:
    """All messages of a world."""

    def __init__(self, world: World, people: People, clock: Clock) -> None:
        self._world, self._people, self._clock = world, people, clock
        self.mailings = mailing_slices(world)
        self.all = [self._letter(n) for n in range(len(world.messages))]
        self._react()
        self._mark_machines()
        self._mark_readers()
        self._measure_pressure()
        self.messages = [self._fact(letter, letter.at) for letter in self.all]
        self.opens = [self._fact(x, x.opened_at) for x in self.all if x.opened_at is not None]
        self.clicks = [self._fact(x, x.clicked_at) for x in self.all if x.clicked_at is not None]
        self.leavings = [self._fact(x, x.left_at) for x in self.all if x.left_at is not None]
        self.complaints = [
            self._complaint(letter)
            for n, letter in enumerate(self.all)
            if letter.left_at is not None and world.messages.is_spam[n]
        ]
        self.all_clicks = [fact for letter in self.all for fact in self._clicks_of(letter)]

    def _letter(self, n: int) -> Letter:
        messages = self._world.messages
        number = int(messages.mailing[n])
        mailing = self.mailings[number]
        person = self._people.of(int(messages.customer[n]))
        assert person is not None
        at = int(messages.participated_at[n])
        local = self._clock.local(at)
        return Letter(
            number=int(messages.message_id[n]),
            account=int(messages.customer[n]),
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
                "mailing_subject": self._world.plan.mailings[number].subject or UNKNOWN,
            },
        )

    def _theirs(self, letter: Letter) -> dict[str, str]:
        """Hour and weekday of sending at the customer's, or at the shop's where that is unknown."""
        at = letter.at if letter.sent_at is None else letter.sent_at
        local = self._clock.local(at, self._people[letter.person].time_zone)
        weekday, hour = WEEKDAYS[local.weekday()], f"{local.hour:02d}"
        return {
            "customer_send_hour": hour,
            "customer_send_weekday": weekday,
            "send_slot": f"{weekday} {hour}",
        }

    def _measure_pressure(self) -> None:
        """How many marketing messages reached the customer in the week before each message."""
        received: dict[int, list[int]] = defaultdict(list)
        for letter in self.all:
            if letter.is_delivered and letter.mailing_type != "transaction":
                received[letter.person].append(letter.at)
        for letter in self.all:
            since = letter.at - PRESSURE_DAYS * DAY_MS
            before = sum(since <= at < letter.at for at in received[letter.person])
            letter.slices["pressure_band"] = pressure_band(before)

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
            letter.slices |= self._theirs(letter)

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

    def _mark_readers(self) -> None:
        """Sent to somebody who, not long before, clicked or himself opened anything."""
        reactions: dict[int, list[int]] = defaultdict(list)
        for letter in self.all:
            reactions[letter.person] += [at for at, _ in letter.clicks]
            if letter.opened_at is not None and not letter.is_opened_by_machine:
                reactions[letter.person].append(letter.opened_at)
        for letter in self.all:
            since = letter.at - READING_DAYS * DAY_MS
            letter.is_to_reader = any(since <= at < letter.at for at in reactions[letter.person])

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

    def _clicks_of(self, letter: Letter) -> Iterator[ClickFact]:
        """All clicks on a message; those too fast for a person are of bots."""
        clicks = sorted(letter.clicks)
        by_people = [at for at, _ in clicks if not _is_of_bot(letter, at)]
        has_been = False
        for at, link in clicks:
            is_first = not has_been and at in by_people[:1]
            has_been = has_been or is_first
            yield ClickFact(
                sent_on=self._clock.day(letter.at),
                own_on=self._clock.day(at),
                person=letter.person,
                mailing=letter.mailing,
                slices={**letter.slices, **self._hours(at), "link": link},
                letter=letter,
                link=link,
                is_first_human=is_first,
            )

    def _complaint(self, letter: Letter) -> LetterFact:
        """A complaint as the reports count it: by mailing and day of participation, of nobody."""
        day = self._clock.day(letter.at)
        slices = {"mailing_variant": letter.slices["mailing_variant"], "hour": "0"}
        subject = letter.slices["mailing_subject"]
        return LetterFact(
            sent_on=day,
            own_on=day,
            person=None,
            mailing=letter.mailing,
            slices={**slices, "mailing_subject": subject, "weekday": WEEKDAYS[day.weekday()]},
            letter=letter,
        )

    def _hours(self, at: int) -> dict[str, str]:
        local = self._clock.local(at)
        return {"hour": str(local.hour), "weekday": WEEKDAYS[local.weekday()]}


def _is_of_bot(letter: Letter, at: int) -> bool:
    """Sooner after sending than a person can, or one of many links within seconds."""
    if letter.sent_at is not None and at < letter.sent_at + BOT_MS:
        return True
    for first, _ in letter.clicks:
        burst = {link for moment, link in letter.clicks if first <= moment <= first + BURST_MS}
        if len(burst) >= BURST_LINKS and first <= at <= first + BURST_MS:
            return True
    return False


def _first(known: int | None, at: int) -> int:
    return at if known is None else min(known, at)


def _between(moments: list[int], since: int, till: int) -> int:
    """How many of the sorted moments lie in (since, till]."""
    return bisect_right(moments, till) - bisect_left(moments, since + 1)
