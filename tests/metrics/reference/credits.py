"""Who gets the credit for an order, by every model: all touches of the person are looked at."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction
from typing import NamedTuple

from sandbox.mindbox.world import World, vocabulary
from sandbox.mindbox.world.actions import FIRST_SOURCE, Template
from sandbox.mindbox.world.traffic import SOURCES
from tests.metrics.reference.letters import Letter, Letters
from tests.metrics.reference.people import People
from tests.metrics.reference.purchases import Order, Purchases
from tests.metrics.reference.words import DAY_MS, GRACE_MS, WINDOW_DAYS

HALF_LIFE_MS = 2 * DAY_MS
MILLION = 1_000_000
FOUR_DECIMALS = Decimal("0.0001")
CODE_GIVERS = {
    "WELCOME": ("welcome_email",),
    "BDAY": ("birthday_email", "birthday_sms"),
    "BACK": ("reactivation_email", "reactivation_sms"),
}
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
    amount: Decimal


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
    """The last click, if it is in the window and no visit from elsewhere follows."""
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


@dataclass(frozen=True)
class Path:
    """An order under one of the mailings that were clicked within the window before it.

    `letter` is the mailing's message that was clicked last, at `touched_at`; `touches` are the
    clicks on all of the mailings before the order, `is_assist` says that the default model credits
    another one.
    """

    order: Order
    letter: Letter
    touched_at: int
    touches: int
    is_assist: bool


class Credits:
    """Credits of all orders of known people, by model.

    Attributes:
        all: every credit.
        paths: orders under all mailings that were clicked within the window before them.
        taken_away: orders that a visit from elsewhere took from their last touch.
    """

    def __init__(
        self, world: World, people: People, letters: Letters, purchases: Purchases
    ) -> None:
        self._world, self._people, self._letters = world, people, letters
        self._of_person: dict[int, list[Letter]] = defaultdict(list)
        for letter in letters.all:
            self._of_person[letter.person].append(letter)
        self._clicks = _touches(letters, lambda letter: [at for at, _ in letter.clicks])
        self._opens = _touches(letters, lambda x: [] if x.opened_at is None else [x.opened_at])
        self._deliveries = _touches(
            letters, lambda x: [x.sent_at] if x.is_delivered and x.sent_at is not None else []
        )
        self._visits = self._foreign_visits(letters)
        self.all: list[Credit] = []
        self.paths: list[Path] = []
        self.taken_away: list[Order] = []
        for order in purchases.in_goal:
            if order.person is not None:
                self._divide(self._history(order, order.person))

    def _divide(self, history: History) -> None:
        """Credit the order by every model, and tell the path to it."""
        order = history.order
        for model, divide in MODELS.items():
            self._credit(order, model, divide(history))
        self._credit(order, "mb_imported", self._imported(order))
        self._credit(order, "promo_code", self._redeemed(order))
        if order.credited is None and _is_fresh(history):
            self.taken_away.append(order)
        last: dict[int, Touch] = {touch.letter.mailing: touch for touch in history.clicks}
        for mailing, touch in last.items():
            is_assist = order.credited is None or order.credited.mailing != mailing
            path = Path(order, touch.letter, touch.at, len(history.clicks), is_assist)
            self.paths.append(path)

    def _credit(self, order: Order, model: str, shares: Shares) -> None:
        """Put the shares of one message together, rounded so that they add up to the order.

        Weights have six decimals and amounts four; the last touch takes what rounding leaves.
        """
        millionths = {n: round(share * MILLION) for n, (_, share) in enumerate(shares)}
        latest = max(millionths, key=lambda n: shares[n][0][:2], default=0)
        if shares:
            millionths[latest] += MILLION - sum(millionths.values())
        weights: dict[int, Decimal] = defaultdict(Decimal)
        last: dict[int, Touch] = {}
        for n, (touch, _) in enumerate(shares):
            weights[touch.number] += Decimal(millionths[n]) / MILLION
            last[touch.number] = max(touch, last.get(touch.number, touch), key=lambda t: t[:2])
        amounts = {
            number: (order.amount * weight).quantize(FOUR_DECIMALS, ROUND_DOWN)
            for number, weight in weights.items()
        }
        if shares:
            amounts[shares[latest][0].number] += order.amount - sum(amounts.values())
        for number, weight in weights.items():
            touch = last[number]
            letter, at = touch.letter, touch.at
            self.all.append(Credit(order, letter, model, weight, at, amounts[number]))
            if model == DEFAULT_MODEL:
                order.credited = letter

    def _imported(self, order: Order) -> Shares:
        """The mailing that the order's own export names.

        Of its messages the one clicked last before the order, else the last one before it.
        """
        credited = int(self._world.orders.credited[order.position])
        if credited < 0 or order.person is None:
            return []
        mailing = int(self._world.messages.mailing[credited])
        mine = [x for x in self._of_person[order.person] if x.mailing == mailing]
        clicked = [Touch(at, x.number, x) for x in mine for at, _ in x.clicks]
        for touches in (clicked, [Touch(x.at, x.number, x) for x in mine]):
            before = [touch for touch in touches if touch.at <= order.at]
            if before:
                return [(max(before, key=lambda touch: touch[:2]), ONE)]
        return []

    def _redeemed(self, order: Order) -> Shares:
        """The last message that gave out promo codes like the one that the order was paid with."""
        place = int(self._world.orders.code_promotion[order.position])
        if place < 0 or order.person is None:
            return []
        prefix = self._world.promotions.rows[place].pool.split("-")[0]
        givers = [
            Touch(letter.sent_at, letter.number, letter)
            for letter in self._of_person[order.person]
            if letter.is_delivered
            and letter.sent_at is not None
            and letter.sent_at <= order.at
            and letter.brand == order.brand
            and self._world.plan.mailings[letter.mailing].system_name
            in {f"{order.brand}_{name}" for name in CODE_GIVERS.get(prefix, ())}
        ]
        return [(max(givers, key=lambda touch: touch[:2]), ONE)] if givers else []

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
            visits=self._visits[whose],
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
                Touch(at, letter.number, letter) for at in set(moments(letter))
            ]
    for found in touches.values():
        found.sort(key=lambda touch: touch[:2])
    return touches
