"""What is sold: slices of a product as its catalogue tells them."""

from decimal import Decimal

from sandbox.mindbox.world import World, vocabulary
from tests.metrics.reference.words import UNKNOWN, price_band

OF_CATALOGUE = (
    *("category", "category_level_1", "category_level_2", "category_level_3"),
    *("product_brand", "price_band"),
)


class Goods:
    """The catalogue of a world, as far as it is exported."""

    def __init__(self, world: World) -> None:
        self._catalogue = world.catalogue

    def key(self, product: int) -> str:
        """The product's id on the site."""
        return self._catalogue.external_id[product]

    def slices(self, product: int) -> dict[str, str]:
        """Slices of a product; one that was dropped from the catalogue has its name alone."""
        name = self._catalogue.name[product]
        if not self._catalogue.is_exported[product]:
            return {"product": name, **dict.fromkeys(OF_CATALOGUE, UNKNOWN)}
        category = vocabulary.CATEGORIES[int(self._catalogue.category[product])]
        levels = [*category.path.split("/"), UNKNOWN, UNKNOWN, UNKNOWN]
        return {
            "product": name,
            "category": category.name,
            "category_level_1": levels[0],
            "category_level_2": levels[1],
            "category_level_3": levels[2],
            "product_brand": vocabulary.VENDORS[int(self._catalogue.vendor[product])],
            "price_band": price_band(Decimal(int(self._catalogue.price[product])) / 100),
        }

    def category(self, number: int) -> dict[str, str]:
        """Slices of a category looked at as a whole."""
        category = vocabulary.CATEGORIES[number]
        levels = [*category.path.split("/"), UNKNOWN, UNKNOWN, UNKNOWN]
        return {
            "category": category.name,
            "category_level_1": levels[0],
            "category_level_2": levels[1],
            "category_level_3": levels[2],
        }
