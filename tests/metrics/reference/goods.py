"""What is sold: slices of a product as its catalogue tells them."""

from collections.abc import Mapping
from decimal import Decimal

from sandbox.mindbox.world import World, vocabulary
from tests.metrics.reference.words import PRICE_BANDS, UNKNOWN, band

LEVELS = ("category_level_1", "category_level_2", "category_level_3")
OF_CATALOGUE = ("category", *LEVELS, "product_brand", "price_band", "abc_class")
A_SHARE, B_SHARE = Decimal("0.8"), Decimal("0.95")


class Goods:
    """The catalogue of a world, as far as it is exported; what is sold beside it has a name alone.

    What was only looked at or put into a cart beside it has its key for a name.

    `sold` says what came in for a product over the last 365 days, and `latest_price` at what base
    price it was ordered last, both by the product's key.
    """

    def __init__(
        self, world: World, sold: Mapping[str, Decimal], latest_price: Mapping[str, Decimal]
    ) -> None:
        self._catalogue, self._latest_price = world.catalogue, latest_price
        known = [self._key(n) for n in range(len(self._catalogue.name)) if self._is_known(n)]
        self._classes = _classes({key: sold.get(key, Decimal(0)) for key in known})
        self._slices = [self._of(n) for n in range(len(self._catalogue.name))]

    def slices(self, product: int) -> dict[str, str]:
        """Slices of a product by its position in the catalogue."""
        return self._slices[product]

    def category(self, number: int) -> dict[str, str]:
        """Slices of a category looked at as a whole."""
        category = vocabulary.CATEGORIES[number]
        levels = [*category.path.split("/"), UNKNOWN, UNKNOWN, UNKNOWN]
        return {"category": category.name, **dict(zip(LEVELS, levels, strict=False))}

    def _key(self, product: int) -> str:
        return self._catalogue.external_id[product]

    def _is_known(self, product: int) -> bool:
        return bool(self._catalogue.is_exported[product]) or self._key(product) in (
            self._latest_price
        )

    def _of(self, product: int) -> dict[str, str]:
        slices = dict.fromkeys(OF_CATALOGUE, UNKNOWN)
        slices["product"] = (
            self._catalogue.name[product] if self._is_known(product) else self._key(product)
        )
        slices["abc_class"] = self._classes.get(self._key(product), UNKNOWN)
        price = self._latest_price.get(self._key(product))
        if self._catalogue.is_exported[product]:
            price = Decimal(int(self._catalogue.price[product])) / 100
            slices |= self.category(int(self._catalogue.category[product]))
            vendor = int(self._catalogue.vendor[product])
            slices["product_brand"] = vocabulary.VENDORS[vendor]
        if price is not None:
            slices["price_band"] = band(price, PRICE_BANDS)
        return slices


def _classes(sold: Mapping[str, Decimal]) -> dict[str, str]:
    """ABC: products of most money first; A up to 80 % of all of it, B up to 95 %, C the rest."""
    whole, before = sum(sold.values(), Decimal(0)), Decimal(0)
    classes = {}
    for key in sorted(sold, key=lambda key: (-sold[key], key)):
        if sold[key] <= 0 or before >= whole * B_SHARE:
            classes[key] = "C"
        else:
            classes[key] = "A" if before < whole * A_SHARE else "B"
        before += sold[key]
    return classes
