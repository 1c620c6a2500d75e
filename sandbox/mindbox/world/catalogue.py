"""The product catalogue: names, prices and popularity by brand."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from sandbox.mindbox.world import vocabulary
from sandbox.mindbox.world.chance import happens, stream

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Array, Floats, Ints
    from sandbox.mindbox.world.settings import WorldSettings


@dataclass(frozen=True)
class Catalogue:
    """Products of all brands, a brand's own ones side by side.

    Attributes:
        external_id: id of the product on the site, as lines of orders carry it.
        name: Russian name.
        price: base price of a unit in kopecks.
        first: position of each brand's first product, and the end (brands + 1 numbers).
        popularity: cumulative share within its brand, 1.0 at the brand's last product.
    """

    external_id: list[str]
    name: list[str]
    price: Ints
    first: Ints
    popularity: Floats

    def draw(self, rng: np.random.Generator, brand: Array) -> Ints:
        """A product of each brand, popular ones more often."""
        # Popularity ascends over the whole catalogue once each brand is shifted by its number.
        low = brand.astype(np.float64)
        picked = np.searchsorted(self.popularity, low + rng.random(len(brand)), side="right")
        return np.clip(picked, self.first[brand], self.first[brand + 1] - 1)


def generate(settings: WorldSettings) -> Catalogue:
    """The catalogue of a world; Zipf-like popularity, log-normal prices ending in 0 or 9 ₽."""
    rng = stream(settings.seed, "catalogue")
    ids: list[str] = []
    names: list[str] = []
    prices = []
    popularity = []
    first = [0]
    for number, brand in enumerate(vocabulary.BRANDS[: settings.brands]):
        kinds = [" ".join(words) for words in product(*vocabulary.PRODUCT_WORDS[brand.weighed])]
        rng.shuffle(kinds)
        names += kinds
        ids += [f"{brand.system_name}-{1000 + n}" for n in range(len(kinds))]
        median = 490 if brand.weighed else 1190
        roubles = np.maximum(np.round(rng.lognormal(np.log(median), 0.75, len(kinds)), -1), 50)
        prices.append((roubles.astype(np.int64) - happens(rng, 0.6, len(kinds))) * 100)
        share = 1 / np.arange(2, len(kinds) + 2) ** 0.85
        popularity.append(number + np.cumsum(share) / share.sum())
        first.append(len(names))
    return Catalogue(
        external_id=ids,
        name=names,
        price=np.concatenate(prices),
        first=np.array(first),
        popularity=np.concatenate(popularity),
    )
