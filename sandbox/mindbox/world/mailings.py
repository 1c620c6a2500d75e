"""The mailing plan: every mass mailing with its moment, every trigger and transactional one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sandbox.mindbox.world import vocabulary
from sandbox.mindbox.world.chance import happens, stream
from sandbox.mindbox.world.clock import DAY, HOUR, MINUTE, NEVER, sales

if TYPE_CHECKING:
    from datetime import date

    from sandbox.mindbox.world.arrays import Array
    from sandbox.mindbox.world.clock import Calendar
    from sandbox.mindbox.world.settings import WorldSettings


class Channel(IntEnum):
    """Channel of a mailing; `CHANNEL_NAMES` are the API's spellings."""

    EMAIL = 0
    SMS = 1
    MOBILE_PUSH = 2
    WEB_PUSH = 3
    VIBER = 4


CHANNEL_NAMES = ("Email", "SMS", "MobilePush", "WebPush", "Viber")


OPEN_CAPABLE = frozenset({Channel.EMAIL, Channel.WEB_PUSH})
"""Channels that report opens; elsewhere reading shows by the click alone."""


class Occasion(IntEnum):
    """What makes a mailing go out."""

    CAMPAIGN = 0
    WELCOME = 1
    SECOND_LETTER = 2
    ABANDONED_CART = 3
    BIRTHDAY = 4
    POST_PURCHASE = 5
    REACTIVATION = 6
    ORDER_PLACED = 7
    ORDER_DELIVERED = 8


FLOW_NAMES = {
    Occasion.WELCOME: "Приветственная цепочка",
    Occasion.SECOND_LETTER: "Приветственная цепочка",
    Occasion.ABANDONED_CART: "Брошенная корзина",
    Occasion.BIRTHDAY: "День рождения",
    Occasion.POST_PURCHASE: "После покупки",
    Occasion.REACTIVATION: "Реактивация",
    Occasion.ORDER_PLACED: "Статусы заказа",
    Occasion.ORDER_DELIVERED: "Статусы заказа",
}
TRANSACTIONAL = frozenset({Occasion.ORDER_PLACED, Occasion.ORDER_DELIVERED})


@dataclass(frozen=True)
class Reactions:
    """How recipients of a mailing react, as probabilities per delivered message.

    Attributes:
        opened: opens (0 where the channel reports none).
        clicked_opened: clicks among the opened.
        clicked_blind: clicks among the delivered that were not (seen to be) opened.
        receipt_lift: probability of an extra order caused by the receipt alone.
        click_lift: probability of an extra order caused by the click.
    """

    opened: float
    clicked_opened: float
    clicked_blind: float
    receipt_lift: float
    click_lift: float


@dataclass(frozen=True)
class Mailing:
    """One mailing.

    Attributes:
        mailing_id: the API's id.
        subject: of an e-mail, empty in other channels.
        mailing_type: mass, trigger or transaction.
        occasion: what sends it.
        send_at: ms UTC of a mass mailing's start, NEVER for the rest.
        created_at: ms UTC; the mailing sends nothing before.
        changed_at: ms UTC of the last edit.
        reach: share of the eligible that the segment holds (mass mailings).
        control_share: size of its own control group.
        variants: number of A/B variants; 1 without a test.
    """

    mailing_id: int
    name: str
    subject: str
    system_name: str
    utm_campaign: str
    mailing_type: str
    occasion: Occasion
    channel: Channel
    brand: int
    topic: str
    folder: str
    tags: tuple[str, ...]
    send_at: int
    created_at: int
    changed_at: int
    reach: float
    control_share: float
    variants: int
    reactions: Reactions


_CAMPAIGN_REACTIONS = {
    Channel.EMAIL: Reactions(0.215, 0.088, 0.0022, 0.0006, 0.07),
    Channel.SMS: Reactions(0.0, 0.0, 0.027, 0.0012, 0.08),
    Channel.MOBILE_PUSH: Reactions(0.0, 0.0, 0.026, 0.0006, 0.07),
    Channel.WEB_PUSH: Reactions(0.09, 0.16, 0.001, 0.0002, 0.05),
    Channel.VIBER: Reactions(0.0, 0.0, 0.034, 0.0010, 0.08),
}
_HALVED_REACTIONS = Reactions(0.26, 0.14, 0.004, 0.009, 0.14)
"""Of e-mails tested half against half: offers worth a test move more people than the usual ones."""
_SALE_REACTIONS = Reactions(0.30, 0.18, 0.006, 0.03, 0.30)
"""Of the one among them that opens a sale: everybody buys more in those days, and readers most."""
_FLOW_REACTIONS = {
    Occasion.WELCOME: Reactions(0.44, 0.19, 0.004, 0.004, 0.13),
    Occasion.SECOND_LETTER: Reactions(0.33, 0.13, 0.004, 0.002, 0.10),
    Occasion.ABANDONED_CART: Reactions(0.40, 0.22, 0.030, 0.012, 0.26),
    Occasion.BIRTHDAY: Reactions(0.36, 0.16, 0.020, 0.008, 0.16),
    Occasion.POST_PURCHASE: Reactions(0.38, 0.12, 0.004, 0.002, 0.06),
    Occasion.REACTIVATION: Reactions(0.17, 0.10, 0.018, 0.003, 0.09),
    Occasion.ORDER_PLACED: Reactions(0.58, 0.10, 0.020, 0.0, 0.0),
    Occasion.ORDER_DELIVERED: Reactions(0.42, 0.06, 0.015, 0.0, 0.0),
}
_FLOWS = (
    (Occasion.WELCOME, Channel.EMAIL, "Добро пожаловать", 0.0),
    (Occasion.SECOND_LETTER, Channel.EMAIL, "Знакомство: второе письмо", 0.0),
    (Occasion.ABANDONED_CART, Channel.EMAIL, "Брошенная корзина, письмо", 0.10),
    (Occasion.ABANDONED_CART, Channel.MOBILE_PUSH, "Брошенная корзина, пуш", 0.10),
    (Occasion.BIRTHDAY, Channel.EMAIL, "С днём рождения, письмо", 0.0),
    (Occasion.BIRTHDAY, Channel.SMS, "С днём рождения, SMS", 0.05),
    (Occasion.POST_PURCHASE, Channel.EMAIL, "Оцените покупку", 0.0),
    (Occasion.REACTIVATION, Channel.EMAIL, "Мы скучаем, письмо", 0.10),
    (Occasion.REACTIVATION, Channel.SMS, "Мы скучаем, SMS", 0.10),
    (Occasion.ORDER_PLACED, Channel.EMAIL, "Заказ оформлен", 0.0),
    (Occasion.ORDER_DELIVERED, Channel.SMS, "Заказ доставлен", 0.0),
)


class Cadence(NamedTuple):
    """How often a brand's mass mailings of a channel go out, and to how many of the base."""

    channel: Channel
    every_days: float
    reach: float


_CADENCE = (
    Cadence(Channel.EMAIL, 6.0, 0.17),
    Cadence(Channel.SMS, 18.0, 0.09),
    Cadence(Channel.MOBILE_PUSH, 12.0, 0.24),
    Cadence(Channel.WEB_PUSH, 16.0, 0.30),
    Cadence(Channel.VIBER, 21.0, 0.14),
)
_HALVED_EVERY, _HALVED_FROM, _HALVED_REACH = 75 * DAY, 0.45, 0.95
"""Once in so many days, in the later part of history when the base has grown, nearly all of a
brand's readers take part in a test of half against half."""
_SALE_OPENS = 9 * HOUR
"""After midnight of a sale's first day."""
_CHANNEL_RU = {
    Channel.EMAIL: "письмо",
    Channel.SMS: "SMS",
    Channel.MOBILE_PUSH: "пуш",
    Channel.WEB_PUSH: "веб-пуш",
    Channel.VIBER: "Viber",
}


@dataclass(frozen=True)
class Plan:
    """All mailings, and the columns of them that the vectorized steps look up by index."""

    mailings: list[Mailing]

    def __post_init__(self) -> None:
        """Lay the numeric attributes out as arrays."""
        rows = self.mailings
        columns: dict[str, Array] = {
            "ids": np.array([m.mailing_id for m in rows], np.int64),
            "brand": np.array([m.brand for m in rows], np.uint8),
            "channel": np.array([m.channel for m in rows], np.uint8),
            "occasion": np.array([m.occasion for m in rows], np.uint8),
            "variants": np.array([m.variants for m in rows], np.uint8),
            "control_share": np.array([m.control_share for m in rows]),
            "transactional": np.array([m.mailing_type == "transaction" for m in rows]),
            "mass": np.array([m.mailing_type == "mass" for m in rows]),
            "opened": np.array(
                [m.reactions.opened if m.channel in OPEN_CAPABLE else 0.0 for m in rows]
            ),
            "clicked_opened": np.array([m.reactions.clicked_opened for m in rows]),
            "clicked_blind": np.array([m.reactions.clicked_blind for m in rows]),
            "receipt_lift": np.array([m.reactions.receipt_lift for m in rows]),
            "click_lift": np.array([m.reactions.click_lift for m in rows]),
        }
        object.__setattr__(self, "_columns", columns)

    def __getitem__(self, column: str) -> Array:
        """A numeric attribute of all mailings, by position."""
        columns: dict[str, Array] = self.__dict__["_columns"]
        return columns[column]

    def flow(self, occasion: Occasion, channel: Channel) -> Array:
        """Position of the flow mailing of every brand, in order of brands."""
        chosen = [
            n
            for n, mailing in enumerate(self.mailings)
            if mailing.occasion == occasion and mailing.channel == channel
        ]
        return np.array(sorted(chosen, key=lambda n: self.mailings[n].brand))


def generate(settings: WorldSettings, calendar: Calendar) -> Plan:
    """The plan of a world: mass mailings by brand and channel, and the flows of each brand."""
    rng = stream(settings.seed, "mailings")
    drafts = [
        draft
        for brand in range(settings.brands)
        for draft in (
            *_flows(settings, rng, brand),
            *_campaigns(settings, calendar, rng, brand),
            *_halved(settings, calendar, rng, brand),
        )
    ]
    drafts.sort(key=lambda m: (m.created_at, m.system_name))
    return Plan([replace(m, mailing_id=40_001 + 3 * n) for n, m in enumerate(drafts)])


def _flows(settings: WorldSettings, rng: np.random.Generator, brand: int) -> list[Mailing]:
    facts = vocabulary.BRANDS[brand]
    rows = []
    for occasion, channel, title, control in _FLOWS:
        # The shop moved to Mindbox at the start of history, so nothing is older than that.
        created = settings.since_ms
        # Flows are edited now and then, so a changed mailing is met in the middle of history.
        edited = rng.integers(created, settings.until_ms) if happens(rng, 0.5, 1)[0] else created
        transactional = occasion in TRANSACTIONAL
        key = f"{occasion.name.lower()}_{CHANNEL_NAMES[channel].lower()}"
        rows.append(
            Mailing(
                mailing_id=0,
                name=f"{title} ({facts.name})",
                subject=title.split(",")[0] if channel is Channel.EMAIL else "",
                system_name=f"{facts.system_name}_{key}",
                utm_campaign=f"{facts.system_name}_{key}",
                mailing_type="transaction" if transactional else "trigger",
                occasion=occasion,
                channel=channel,
                brand=brand,
                topic=vocabulary.TOPICS[2 if transactional else 1][1],
                folder=f"{facts.name} / {'Сервис' if transactional else 'Автоматические'}",
                tags=("сервис",) if transactional else ("цепочка", FLOW_NAMES[occasion].lower()),
                send_at=NEVER,
                created_at=created,
                changed_at=int(edited),
                reach=1.0,
                control_share=control,
                variants=1,
                reactions=_FLOW_REACTIONS[occasion],
            )
        )
    return rows


def _campaigns(
    settings: WorldSettings, calendar: Calendar, rng: np.random.Generator, brand: int
) -> list[Mailing]:
    rows = []
    for cadence in _CADENCE:
        every = cadence.every_days
        at = settings.since_ms + int(rng.random() * every * DAY)
        while at < settings.until_ms:
            day, moment = _moment(calendar, rng, at)
            if settings.since_ms <= moment < settings.until_ms:
                rows.append(_campaign(rng, brand, (day, moment), cadence, settings.since_ms))
            at += int(rng.gamma(9.0, every / 9.0) * DAY)
    return rows


def _halved(
    settings: WorldSettings, calendar: Calendar, rng: np.random.Generator, brand: int
) -> list[Mailing]:
    """E-mails to nearly all readers of a brand, half of whom are held back to compare with.

    Those nearest to the shop's sales open them: only then do enough people buy within a week for
    both halves to have a hundred buyers, in a shop as small as the demo's.
    """
    rows = []
    sale_days = sales(calendar, settings.since_ms, settings.until_ms)
    for day, moment in _halved_moments(settings, calendar, rng, sale_days):
        cadence = Cadence(Channel.EMAIL, _HALVED_EVERY / DAY, _HALVED_REACH)
        usual = _campaign(rng, brand, (day, moment), cadence, settings.since_ms)
        rows.append(
            replace(
                usual,
                system_name=f"{usual.system_name}_ab",
                utm_campaign=f"{usual.utm_campaign}_ab",
                tags=(*usual.tags, "тест 50/50"),
                reach=_HALVED_REACH,
                control_share=0.5,
                variants=1,
                reactions=_SALE_REACTIONS if day in sale_days else _HALVED_REACTIONS,
            )
        )
    return rows


def _halved_moments(
    settings: WorldSettings, calendar: Calendar, rng: np.random.Generator, sale_days: list[date]
) -> list[tuple[date, int]]:
    """When tests of half against half go out: regularly, and first thing in a sale."""
    found = []
    span = settings.until_ms - settings.since_ms
    at = settings.since_ms + int(span * _HALVED_FROM) + int(rng.integers(0, 20 * DAY))
    while at < settings.until_ms:
        found.append(_moment(calendar, rng, at))
        at += _HALVED_EVERY + int(rng.integers(0, 20 * DAY))
    found = [(day, moment) for day, moment in found if moment < settings.until_ms]
    for first in sale_days:
        opening = calendar.start_of(first) + _SALE_OPENS
        if found:
            nearest = min(range(len(found)), key=lambda n: abs(found[n][1] - opening))
            found[nearest] = first, opening
    return found


def _moment(calendar: Calendar, rng: np.random.Generator, at: int) -> tuple[date, int]:
    """The local date of a moment, and a quarter of an hour of it at which mailings go out."""
    day = calendar.dates[int(calendar.day_index(np.array([at]))[0])]
    moment = calendar.start_of(day) + int(rng.choice([9, 10, 11, 12, 17, 18, 19])) * HOUR
    return day, moment + int(rng.integers(0, 4)) * 15 * MINUTE


def _campaign(
    rng: np.random.Generator, brand: int, moment: tuple[date, int], cadence: Cadence, since_ms: int
) -> Mailing:
    channel, _, reach = cadence
    day, send_at = moment
    facts = vocabulary.BRANDS[brand]
    subject = str(rng.choice(vocabulary.CAMPAIGN_SUBJECTS))
    created = max(send_at - int(rng.integers(1, 9 * DAY)), since_ms)
    tested = happens(rng, 0.22 if channel is Channel.EMAIL else 0.06, 1)[0]
    usual = _CAMPAIGN_REACTIONS[channel]
    luck = float(rng.lognormal(0.0, 0.22))
    season = vocabulary.SEASON_FOLDERS[day.month - 1]
    tags = ["рассылка", str(rng.choice(["акция", "контент", "новинки"]))]
    key = f"{day:%y%m%d}_{CHANNEL_NAMES[channel].lower()}"
    return Mailing(
        mailing_id=0,
        subject=subject if channel is Channel.EMAIL else "",
        name=f"{subject}, {_CHANNEL_RU[channel]} {day:%d.%m.%Y} ({facts.name})",
        system_name=f"{facts.system_name}_{key}_{rng.integers(100, 1000)}",
        utm_campaign=f"{facts.system_name}_{key}",
        mailing_type="mass",
        occasion=Occasion.CAMPAIGN,
        channel=channel,
        brand=brand,
        topic=vocabulary.TOPICS[0 if "акция" in tags else 1][1],
        folder=f"{facts.name} / {season} {day.year}",
        tags=tuple(tags),
        send_at=send_at,
        created_at=created,
        changed_at=int(rng.integers(created, send_at + 1)),
        reach=float(np.clip(reach * rng.gamma(4.0, 0.25), 0.02, 0.95)),
        control_share=0.1 if happens(rng, 0.3, 1)[0] else 0.0,
        variants=int(rng.integers(2, 4)) if tested else 1,
        reactions=replace(
            usual, opened=usual.opened * luck, clicked_blind=usual.clicked_blind * luck
        ),
    )
