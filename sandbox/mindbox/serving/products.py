"""Export of products: a CSV table, as Mindbox's product export is by default."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sandbox.mindbox.serving.csv_text import as_csv, money
from sandbox.mindbox.serving.json_text import stamp
from sandbox.mindbox.world.vocabulary import BRANDS, CATEGORIES, VENDORS

if TYPE_CHECKING:
    from sandbox.mindbox.world.world import World

COLUMNS = (
    "ProductIdsWebsite",
    "ProductName",
    "ProductVendorName",
    "ProductBrandSystemName",
    "ProductCategoryIdsWebsite",
    "ProductCategoryName",
    "ProductCategoryPath",
    "ProductPrice",
    "ProductOldPrice",
    "ProductIsAvailable",
    "ProductCustomFieldsCost",
    "ProductCreationDateTimeUtc",
    "ProductChangeDateTimeUtc",
)


class ProductTable:
    """The catalogue as it stands at the end of history; goods dropped from it are absent."""

    def __init__(self, world: World) -> None:
        self._world = world

    def csv(self, since: int, till: int) -> bytes:
        """The file of products created or last changed in [since, till), ms UTC."""
        goods = self._world.catalogue
        created = (goods.created_at >= since) & (goods.created_at < till)
        changed = (goods.changed_at >= since) & (goods.changed_at < till)
        chosen = np.flatnonzero(goods.is_exported & (created | changed))
        return as_csv([self._row(int(n)) for n in chosen], COLUMNS)

    def _row(self, n: int) -> dict[str, str]:
        goods, comma = self._world.catalogue, self._world.settings.decimal_comma
        category = CATEGORIES[goods.category[n]]
        old_price, cost = int(goods.old_price[n]), int(goods.cost[n])
        return {
            "ProductIdsWebsite": goods.external_id[n],
            "ProductName": goods.name[n],
            "ProductVendorName": VENDORS[goods.vendor[n]],
            "ProductBrandSystemName": BRANDS[goods.brand[n]].system_name,
            "ProductCategoryIdsWebsite": category.external_id,
            "ProductCategoryName": category.name,
            "ProductCategoryPath": category.path,
            "ProductPrice": money(int(goods.price[n]), comma=comma),
            "ProductOldPrice": money(old_price, comma=comma) if old_price else "",
            "ProductIsAvailable": "true" if goods.is_available[n] else "false",
            "ProductCustomFieldsCost": money(cost, comma=comma) if cost else "",
            "ProductCreationDateTimeUtc": stamp(int(goods.created_at[n])),
            "ProductChangeDateTimeUtc": stamp(int(goods.changed_at[n])),
        }
