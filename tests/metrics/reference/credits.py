"""Who gets the credit for an order, by every model: all touches of the person are looked at."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from sandbox.mindbox.world import World, vocabulary
from sandbox.mindbox.world.actions import FIRST_SOURCE, Template
from sandbox.mindbox.world.traffic import SOURCES
from tests.metrics.reference.facts import Fact
from tests.metrics.reference.letters import Letter, Letters
from tests.metrics.reference.people import People
from tests.metrics.reference.purchases import Order, Purchases
from tests.metrics.reference.words import DAY_MS, GRACE_MS, WINDOW_DAYS

HALF_LIFE_MS = 2 * DAY_MS
CHANNEL_DAYS = {
    "E-mail": 5,
    "SMS": 1,
    "Мобильный пуш": 1,
    "Веб-пуш": 1,
    "Viber": 1,
}


class Touch(NamedTuple):
    """A moment at which a message reached the person; larger ones are later."""

    at: int
    number: int
    letter: Letter


@dataclass
class Credit:
    """A part of an order that a message earned."""

    order: Order
    letter: Letter
    model: str
    weight: Decimal
    touched_at: int


@dataclass(frozen=True)
class History:
    """What may matter for one order: touches of the window before it, in order of time."""

    order: Order
    clicks: Sequence[Touch]
    reached: Sequence[Touch]
    delivered: Sequence[Touch]
    last_click: Touch | None
    visits: Sequence[int]


Shares = list[tuple[Touch, Fraction]]
ONE = Fraction(1)


def last_non_direct(history: History) -> Shares:
    """The last click before the order, if it is in the window and no visit from elsewhere follows."""
    touch = history.last_click
    if touch is None or history.order.at - touch.at > WINDOW_DAYS * DAY_MS:
        return []
    if any(touch.at < visit <= history.order.at for visit in history.visits):
        return []
    return [(touch, ONE)]


def last_click(history: History) -> Shares:
    """The last click of the window."""
    return [(touch, ONE) for touch in history.clicks[-1:]]


def last_click_per_channel(history: History) -> Shares:
    """The last of those clicks that are in the window of their own channel."""
    fresh = [
        touch
        for touch in history.clicks
        if history.order.at - touch.at <= CHANNEL_DAYS[touch.letter.channel] * DAY_MS
    ]
    return [(touch, ONE) for touch in fresh[-1:]]


def last_open_or_click(history: History) -> Shares:
    """The last opening or click of the window."""
    return [(touch, ONE) for touch in history.reached[-1:]]


def last_delivery(history: History) -> Shares:
    """The last message of the window that arrived."""
    return [(touch, ONE) for touch in history.delivered[-1:]]


def first_touch(history: History) -> Shares:
    """The first click of the window."""
    return [(touch, ONE) for touch in history.clicks[:1]]


def linear(history: History) -> Shares:
    """All clicks of the window alike."""
    return [(touch, Fraction(1, len(history.clicks))) for touch in history.clicks]


def position(history: History) -> Shares:
    """40 % to the first, 40 % to the last, the rest to those between."""
    clicks = history.clicks
    if len(clicks) <= 2:
        return linear(history)
    between = Fraction(1, 5) / (len(clicks) - 2)
    ends = Fraction(2, 5)
    weights = [ends, *[between] * (len(clicks) - 2), ends]
    return list(zip(clicks, weights, strict=True))


def time_decay(history: History) -> Shares:
    """Half as much for every two days that a click is older."""
    ages = [history.order.at - touch.at for touch in history.clicks]
    raw = [Fraction(0.5 ** (age / HALF_LIFE_MS)) for age in ages]
    whole = sum(raw, Fraction(0))
    return [(touch, part / whole) for touch, part in zip(history.clicks, raw, strict=True)]


MODELS: dict[str, Callable[[History], Shares]] = {
    "mb_last_non_direct": last_non_direct,
    "last_click": last_click,
    "last_click_per_channel": last_click_per_channel,
    "last_open_or_click": last_open_or_click,
    "last_delivery": last_delivery,
    "first_touch": first_touch,
    "linear": linear,
    "position_40_20_40": position,
    "time_decay": time_decay,
}
SINGLE_CREDIT = {
    *("mb_last_non_direct", "last_click", "last_click_per_channel", "last_open_or_click"),
    *("last_delivery", "first_touch"),
}
DEFAULT_MODEL = "mb_last_non_direct"


@dataclass(kw_only=True)
class CreditFact(Fact):
    """A credit with the dates of its message and of its order."""

    credit: Credit


@dataclass(kw_only=True)
class TouchFact(Fact):
    """A message clicked within the window before an order, credited for it or not."""

    order: Order
    letter: Letter
    model: str
    is_credited: bool


class Credits:
    """Credits of all orders of known people, by model.

    Attributes:
        all: every credit.
        taken_away: orders that a visit from elsewhere took from their last touch.
        clicks_before: clicks of the window before each order, by its position.
    """

    def __init__(
        self, world: World, people: People, letters: Letters, purchases: Purchases
    ) -> None:
        self._world, self._people = world, people
        self._clicks = _touches(letters, lambda letter: [at for at, _ in letter.clicks])
        self._opens = _touches(letters, lambda letter: letter.opens)
        self._deliveries = _touches(
            letters, lambda x: [x.sent_at] if x.is_delivered and x.sent_at is not None else []
        )
        self.visits = self._foreign_visits(letters)
        self.all: list[Credit] = []
        self.taken_away: list[Order] = []
        self.clicks_before: dict[int, Sequence[Touch]] = {}
        for order in purchases.in_goal:
            if order.person is not None:
                self._divide(self._history(order, order.person))

    def _divide(self, history: History) -> None:
        """Give every model's shares to the messages, those of one message put together."""
        self.clicks_before[history.order.position] = history.clicks
        for model, divide in MODELS.items():
            weights: dict[int, Fraction] = defaultdict(Fraction)
            last: dict[int, Touch] = {}
            for touch, share in divide(history):
                weights[touch.number] += share
                last[touch.number] = max(touch, last.get(touch.number, touch))
            for number, weight in weights.items():
                touch = last[number]
                self.all.append(
                    Credit(history.order, touch.letter, model, _decimal(weight), touch.at)
                )
                if model == DEFAULT_MODEL:
                    history.order.credited = touch.letter
        if history.order.credited is None and _is_fresh(history):
            self.taken_away.append(history.order)

    def _history(self, order: Order, person: int) -> History:
        whose = person, order.brand
        since = order.at - WINDOW_DAYS * DAY_MS
        clicks = [touch for touch in self._clicks[whose] if touch.at <= order.at]
        fresh = [touch for touch in clicks if touch.at >= since]
        opens = [touch for touch in self._opens[whose] if since <= touch.at <= order.at]
        arrived = [touch for touch in self._deliveries[whose] if since <= touch.at <= order.at]
        return History(
            order=order,
            clicks=fresh,
            reached=sorted([*fresh, *opens], key=lambda touch: touch[:2]),
            delivered=arrived,
            last_click=clicks[-1] if clicks else None,
            visits=self.visits[whose],
        )

    def _foreign_visits(self, letters: Letters) -> dict[tuple[int, str], list[int]]:
        """Visits by person and brand that are neither direct nor started by a mailing."""
        clicks: dict[tuple[int, str], list[int]] = defaultdict(list)
        for letter in letters.all:
            clicks[letter.person, letter.brand] += [at for at, _ in letter.clicks]
        actions = self._world.actions
        visits: dict[tuple[int, str], list[int]] = defaultdict(list)
        for n in range(len(actions)):
            if int(actions.template[n]) != Template.SITE_VISIT:
                continue
            source = SOURCES[int(actions.contact[n]) - FIRST_SOURCE].system_name
            if source == "Direct" or int(actions.mailing[n]) >= 0:
                continue
            person = self._people.of(int(actions.customer[n]))
            assert person is not None
            visitor = person, vocabulary.BRANDS[int(actions.brand[n])].system_name
            at = int(actions.at[n])
            if not any(0 <= at - click <= GRACE_MS for click in clicks[visitor]):
                visits[visitor].append(at)
        return visits


def _decimal(weight: Fraction) -> Decimal:
    return Decimal(weight.numerator) / Decimal(weight.denominator)


def _is_fresh(history: History) -> bool:
    touch = history.last_click
    return touch is not None and history.order.at - touch.at <= WINDOW_DAYS * DAY_MS


def _touches(
    letters: Letters, moments: Callable[[Letter], list[int]]
) -> dict[tuple[int, str], list[Touch]]:
    """Touches of mailings that may earn an order, by person and brand, in order of time."""
    touches: dict[tuple[int, str], list[Touch]] = defaultdict(list)
    for letter in letters.all:
        if letter.mailing_type != "transaction":
            touches[letter.person, letter.brand] += [
                Touch(at, letter.number, letter) for at in moments(letter)
            ]
    for found in touches.values():
        found.sort(key=lambda touch: touch[:2])
    return touches
