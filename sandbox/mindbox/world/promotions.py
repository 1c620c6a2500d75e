"""Promotions of the shop: sales, promo codes, gifts, free delivery, and the loyalty programme.

At most one promotion of a kind runs at a time for a brand, so the one that an order meets is found
by its moment alone. How often and how deep is an own assumption.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sandbox.mindbox.world import vocabulary
from sandbox.mindbox.world.chance import happens, stream
from sandbox.mindbox.world.clock import DAY, NEVER
from sandbox.mindbox.world.mailings import Occasion

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Array, Ints
    from sandbox.mindbox.world.settings import WorldSettings

NONE = -1
"""Stands where an order or a line has no promotion."""
WHOLE_SHOP = -1
"""Stands for a brand or a category where a promotion is bound to none."""


class Kind(IntEnum):
    """What a promotion does."""

    SALE = 0
    MASS_CODE = 1
    GIFT = 2
    FREE_DELIVERY = 3
    WELCOME_CODE = 4
    BIRTHDAY_CODE = 5
    REACTIVATION_CODE = 6
    NEXT_ORDER_COUPON = 7
    POINTS_EARNED = 8
    POINTS_SPENT = 9


CODE_OF_OCCASION = {
    Occasion.WELCOME: Kind.WELCOME_CODE,
    Occasion.BIRTHDAY: Kind.BIRTHDAY_CODE,
    Occasion.REACTIVATION: Kind.REACTIVATION_CODE,
}
"""Mailings that give every recipient a promo code of their own."""


@dataclass(frozen=True)
class Promotion:
    """One promotion.

    Attributes:
        external_id: the project's id of it.
        mindbox_id: the API's.
        kind: what it does.
        brand: index in vocabulary.BRANDS, WHOLE_SHOP for all.
        category: index in vocabulary.CATEGORIES, WHOLE_SHOP for all goods.
        percent: off the goods that it is for.
        starts_at, ends_at: ms UTC; NEVER for one without an end.
        changed_at: ms UTC of the last change before the world's `until`.
        state: Execution, Paused or Archived, at the world's `until`.
        pool: external id of its promo codes, empty without codes.
        code: the code that everybody uses, empty where everyone has one of their own.
    """

    external_id: str
    mindbox_id: int
    kind: Kind
    name: str
    brand: int
    category: int
    percent: int
    starts_at: int
    ends_at: int
    changed_at: int
    state: str
    pool: str = ""
    code: str = ""


class _Rhythm(NamedTuple):
    """How a brand's promotions of a kind follow each other; spans are in days."""

    kind: Kind
    pause: tuple[int, int]
    length: tuple[int, int]
    percents: tuple[int, ...]


_RHYTHMS = (
    _Rhythm(Kind.SALE, (10, 24), (4, 12), (10, 15, 20, 25, 30, 40)),
    _Rhythm(Kind.MASS_CODE, (15, 30), (8, 20), (5, 7, 10, 15)),
    _Rhythm(Kind.GIFT, (70, 110), (7, 16), (100,)),
    _Rhythm(Kind.FREE_DELIVERY, (25, 45), (3, 7), (100,)),
)
_STANDING = (
    (Kind.WELCOME_CODE, "Промокод за знакомство", 10, "WELCOME"),
    (Kind.BIRTHDAY_CODE, "Промокод ко дню рождения", 15, "BDAY"),
    (Kind.REACTIVATION_CODE, "Промокод «Мы скучаем»", 20, "BACK"),
    (Kind.NEXT_ORDER_COUPON, "Купон на следующий заказ", 10, "NEXT"),
)
_WHOLE_SALE_SHARE = 0.35
_PAUSED_SHARE = 0.15
_CODE_WORDS = ("LETO", "OSEN", "ZIMA", "VESNA", "PODAROK", "UYUT", "BONUS", "HIT")


@dataclass(frozen=True)
class Promotions:
    """All promotions of a world, and the columns of them that are looked up by index."""

    rows: list[Promotion]

    def __post_init__(self) -> None:
        """Lay the attributes out as arrays."""
        columns: dict[str, Array] = {
            "kind": np.array([p.kind for p in self.rows], np.uint8),
            "brand": np.array([p.brand for p in self.rows], np.int64),
            "category": np.array([p.category for p in self.rows], np.int64),
            "percent": np.array([p.percent for p in self.rows], np.int64),
            "starts_at": np.array([p.starts_at for p in self.rows], np.int64),
            "ends_at": np.array([p.ends_at for p in self.rows], np.int64),
            "changed_at": np.array([p.changed_at for p in self.rows], np.int64),
        }
        object.__setattr__(self, "_columns", columns)

    def __getitem__(self, column: str) -> Array:
        """A numeric attribute of all promotions, by position."""
        columns: dict[str, Array] = self.__dict__["_columns"]
        return columns[column]

    def running(self, kind: Kind, brand: Array, at: Ints) -> Array:
        """Position of each brand's promotion of a kind at each moment, NONE without one."""
        stride = 2 * int(max(at.max(initial=0), self["starts_at"].max())) + 1
        mine = np.flatnonzero(self["kind"] == kind)
        if len(mine) == 0:
            return np.full(len(at), NONE)
        keys = self["brand"][mine] * stride + self["starts_at"][mine]
        mine = mine[np.argsort(keys)]
        keys.sort()
        wanted = brand.astype(np.int64) * stride + at
        place = mine[np.maximum(np.searchsorted(keys, wanted, side="right") - 1, 0)]
        runs = (self["brand"][place] == brand) & (self["starts_at"][place] <= at)
        runs &= at < self["ends_at"][place]
        return np.where(runs, place, NONE)


def generate(settings: WorldSettings) -> Promotions:
    """The promotions of a world, in order of their beginning."""
    rng = stream(settings.seed, "promotions")
    drafts = [*_programme(settings)]
    for brand in range(settings.brands):
        drafts += _standing(settings, rng, brand)
        for rhythm in _RHYTHMS:
            drafts += _passing(settings, rng, brand, rhythm)
    drafts.sort(key=lambda p: p.starts_at)
    return Promotions(
        [
            replace(
                p,
                external_id=f"promo-{1001 + n}",
                mindbox_id=500 + 7 * n,
                pool=p.pool and f"{p.pool}-{1001 + n}",
            )
            for n, p in enumerate(drafts)
        ]
    )


def _programme(settings: WorldSettings) -> list[Promotion]:
    named = (
        (Kind.POINTS_EARNED, "Баллы за покупку"),
        (Kind.POINTS_SPENT, "Оплата баллами"),
    )
    return [_draft(settings, kind, name, WHOLE_SHOP) for kind, name in named]


def _standing(settings: WorldSettings, rng: np.random.Generator, brand: int) -> list[Promotion]:
    rows = []
    for kind, title, percent, pool in _STANDING:
        draft = _draft(settings, kind, f"{title} ({vocabulary.BRANDS[brand].name})", brand)
        edited = int(rng.integers(settings.since_ms, settings.until_ms))
        rows.append(replace(draft, percent=percent, pool=pool, changed_at=edited))
    return rows


def _draft(settings: WorldSettings, kind: Kind, name: str, brand: int) -> Promotion:
    """A promotion that runs all through history."""
    return Promotion(
        external_id="",
        mindbox_id=0,
        kind=kind,
        name=name,
        brand=brand,
        category=WHOLE_SHOP,
        percent=0,
        starts_at=settings.since_ms,
        ends_at=NEVER,
        changed_at=settings.since_ms,
        state="Execution",
    )


def _passing(
    settings: WorldSettings, rng: np.random.Generator, brand: int, rhythm: _Rhythm
) -> list[Promotion]:
    """Promotions with an end, one after the other over history."""
    rows = []
    at = settings.since_ms + int(rng.integers(0, rhythm.pause[1] * DAY))
    while at < settings.until_ms:
        end = at + int(rng.integers(rhythm.length[0], rhythm.length[1] + 1)) * DAY
        percent = int(rng.choice(rhythm.percents))
        category = _category(rng, brand) if rhythm.kind is Kind.SALE else WHOLE_SHOP
        number = int(rng.integers(10, 100))
        word = str(rng.choice(_CODE_WORDS))
        has_code = rhythm.kind is Kind.MASS_CODE
        state, changed_at = _ended(settings, rng, at, end)
        rows.append(
            replace(
                _draft(settings, rhythm.kind, _name(rhythm.kind, percent, category), brand),
                category=category,
                percent=percent,
                starts_at=at,
                ends_at=end,
                pool="MASS" if has_code else "",
                code=f"{word}{number}" if has_code else "",
                state=state,
                changed_at=changed_at,
            )
        )
        at = end + int(rng.integers(rhythm.pause[0] * DAY, rhythm.pause[1] * DAY))
    return rows


def _ended(
    settings: WorldSettings, rng: np.random.Generator, starts_at: int, ends_at: int
) -> tuple[str, int]:
    """State at the end of history (archived, paused by hand or running), and its last change."""
    archived = ends_at + int(rng.integers(0, 20 * DAY))
    if archived < settings.until_ms:
        return "Archived", archived
    edited = int(rng.integers(starts_at, min(ends_at, settings.until_ms)))
    paused = ends_at < settings.until_ms or bool(happens(rng, _PAUSED_SHARE, 1)[0])
    return "Paused" if paused else "Execution", edited


def _category(rng: np.random.Generator, brand: int) -> int:
    if happens(rng, _WHOLE_SALE_SHARE, 1)[0]:
        return WHOLE_SHOP
    words = vocabulary.PRODUCT_WORDS[vocabulary.BRANDS[brand].weighed][0]
    of_brand = [n for n, c in enumerate(vocabulary.CATEGORIES) if c.word in words]
    return int(rng.choice(of_brand))


def _name(kind: Kind, percent: int, category: int) -> str:
    goods = "весь каталог" if category == WHOLE_SHOP else vocabulary.CATEGORIES[category].name
    return {
        Kind.SALE: f"−{percent} % на {goods.lower()}",
        Kind.MASS_CODE: f"Промокод на {percent} %",
        Kind.GIFT: "Товар в подарок",
        Kind.FREE_DELIVERY: "Бесплатная доставка",
    }[kind]
