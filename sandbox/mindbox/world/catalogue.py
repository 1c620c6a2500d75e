"""The product catalogue: names, categories, vendors, prices and popularity by brand.

Margins by category are an own assumption of the usual order for household goods and tea.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from sandbox.mindbox.world import vocabulary
from sandbox.mindbox.world.chance import happens, stream
from sandbox.mindbox.world.clock import DAY, HOUR, NEVER

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Array, Bools, Floats, Ints
    from sandbox.mindbox.world.settings import WorldSettings

_PRICE_CHANGES = 3
_NEW_SHARE, _NEVER_SOLD_SHARE, _DROPPED_SHARE = 0.3, 0.06, 0.03
_WITHOUT_COST_SHARE, _CROSSED_OUT_SHARE, _AVAILABLE_SHARE = 0.04, 0.3, 0.9
_TRIES = 4


@dataclass(frozen=True)
class Catalogue:
    """Products of all brands, a brand's own ones side by side. Money is in kopecks.

    Attributes:
        external_id: id of the product on the site, as lines of orders carry it.
        name: Russian name.
        brand: index in vocabulary.BRANDS.
        category: index in vocabulary.CATEGORIES.
        vendor: index in vocabulary.VENDORS.
        price: of a unit at the end of history.
        old_price: crossed out beside it, 0 without one.
        cost: what a unit costs the shop, 0 if the shop has not said.
        is_available: in stock at the end of history.
        is_exported: still in the catalogue that the export gives; orders know the rest as well.
        created_at, changed_at: ms UTC of its appearance and of its last change.
        first: position of each brand's first product, and the end (brands + 1 numbers).
        popularity: cumulative share within its brand, 1.0 at the brand's last product.
        steps: ms UTC of price changes (second axis), NEVER for those that there were not.
        levels: the price before each change, and the present one last.
    """

    external_id: list[str]
    name: list[str]
    brand: Array
    category: Array
    vendor: Array
    price: Ints
    old_price: Ints
    cost: Ints
    is_available: Bools
    is_exported: Bools
    created_at: Ints
    changed_at: Ints
    first: Ints
    popularity: Floats
    steps: Ints
    levels: Ints

    def draw(self, rng: np.random.Generator, brand: Array, at: Ints) -> Ints:
        """A product of each brand that existed at the moment, popular ones more often."""
        # Popularity ascends over the whole catalogue once each brand is shifted by its number.
        low = brand.astype(np.float64)
        picked = self._pick(low + rng.random(len(brand)), brand)
        for _ in range(_TRIES):
            early = np.flatnonzero(self.created_at[picked] > at)
            picked[early] = self._pick(low[early] + rng.random(len(early)), brand[early])
        # A brand's first product is as old as the shop.
        return np.where(self.created_at[picked] > at, self.first[brand], picked)

    def price_at(self, products: Array, at: Ints) -> Ints:
        """Prices of products at the moments, in kopecks."""
        passed = (self.steps[products] <= at[:, None]).sum(axis=1)
        return np.asarray(self.levels[products, passed])

    def _pick(self, share: Floats, brand: Array) -> Ints:
        picked = np.searchsorted(self.popularity, share, side="right")
        return np.clip(picked, self.first[brand], self.first[brand + 1] - 1)


def generate(settings: WorldSettings) -> Catalogue:
    """The catalogue of a world; Zipf-like popularity, log-normal prices ending in 0 or 9 ₽."""
    rng = stream(settings.seed, "catalogue")
    ids: list[str] = []
    names: list[str] = []
    brand_of: list[int] = []
    category = []
    prices = []
    popularity = []
    first = [0]
    places = {c.word: n for n, c in enumerate(vocabulary.CATEGORIES)}
    for number, brand in enumerate(vocabulary.BRANDS[: settings.brands]):
        kinds = list(product(*vocabulary.PRODUCT_WORDS[brand.weighed]))
        rng.shuffle(kinds)
        names += [" ".join(words) for words in kinds]
        category += [places[words[0]] for words in kinds]
        ids += [f"{brand.system_name}-{1000 + n}" for n in range(len(kinds))]
        brand_of += [number] * len(kinds)
        median = 490 if brand.weighed else 1190
        roubles = np.maximum(np.round(rng.lognormal(np.log(median), 0.75, len(kinds)), -1), 50)
        prices.append((roubles.astype(np.int64) - happens(rng, 0.6, len(kinds))) * 100)
        share = 1 / np.arange(2, len(kinds) + 2) ** 0.85
        share[1:] *= ~happens(rng, _NEVER_SOLD_SHARE, len(kinds) - 1)
        popularity.append(number + np.cumsum(share) / share.sum())
        first.append(len(names))
    count = len(names)
    price = np.concatenate(prices)
    created = _created(settings, rng, count, first)
    steps, levels = _price_history(settings, rng, price, created)
    margin = np.array([vocabulary.CATEGORIES[n].margin for n in category])
    cost = price * (1 - margin * rng.uniform(0.75, 1.2, count))
    known = ~happens(rng, _WITHOUT_COST_SHARE, count)
    raised = np.round(price / 100 * rng.uniform(1.1, 1.6, count), -1).astype(np.int64) * 100
    last_step = np.where(steps < NEVER, steps, 0).max(axis=1)
    # Stock comes and goes: half of the products changed in that way after their last price.
    touched = np.maximum(created, last_step)
    stock = touched + (rng.random(count) * (settings.until_ms - 1 - touched)).astype(np.int64)
    return Catalogue(
        external_id=ids,
        name=names,
        brand=np.array(brand_of, np.uint8),
        category=np.array(category, np.uint8),
        vendor=rng.integers(0, len(vocabulary.VENDORS), count).astype(np.uint8),
        price=price,
        old_price=np.where(happens(rng, _CROSSED_OUT_SHARE, count), raised, 0),
        cost=np.where(known, np.round(cost).astype(np.int64), 0),
        is_available=happens(rng, _AVAILABLE_SHARE, count),
        is_exported=~happens(rng, _DROPPED_SHARE, count),
        created_at=created,
        changed_at=np.where(happens(rng, 0.5, count), stock, touched),
        first=np.array(first),
        popularity=np.concatenate(popularity),
        steps=steps,
        levels=levels,
    )


def _created(
    settings: WorldSettings, rng: np.random.Generator, count: int, first: list[int]
) -> Ints:
    """Most products come with the first import, the rest appear over history."""
    span = settings.until_ms - settings.since_ms
    created = settings.since_ms + (rng.random(count) * HOUR).astype(np.int64)
    new = happens(rng, _NEW_SHARE, count)
    created = np.where(new, created + (rng.random(count) * (span - DAY)).astype(np.int64), created)
    created[first[:-1]] = settings.since_ms
    return np.asarray(created)


def _price_history(
    settings: WorldSettings, rng: np.random.Generator, price: Ints, created: Ints
) -> tuple[Ints, Ints]:
    """Up to three changes of each price, most of them upwards, told backwards from the present."""
    shape = (len(price), _PRICE_CHANGES)
    room = (settings.until_ms - created)[:, None]
    steps = created[:, None] + (rng.random(shape) * room).astype(np.int64)
    took_place = (
        np.arange(_PRICE_CHANGES) < rng.integers(0, _PRICE_CHANGES + 1, len(price))[:, None]
    )
    steps = np.sort(np.where(took_place, steps, NEVER), axis=1)
    levels = np.repeat(price[:, None], _PRICE_CHANGES + 1, axis=1)
    ratio = rng.normal(1.06, 0.06, shape)
    for n in reversed(range(_PRICE_CHANGES)):
        before = np.round(levels[:, n + 1] / ratio[:, n] / 1000).astype(np.int64) * 1000
        changed = steps[:, n] < NEVER
        levels[:, n] = np.where(changed, np.maximum(before, 40_00), levels[:, n + 1])
    return steps, levels
