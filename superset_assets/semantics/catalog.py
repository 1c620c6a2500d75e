"""What can be asked for: the marts' columns, their types and slice groups."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

CATALOG = Path(__file__).with_name("catalog.json")
EVENTS, CUSTOMERS, STATES = "wide_events", "dim_customer", "mart_customer_states"
CHANNEL_STATES, LINES = "mart_channel_states", "mart_order_lines"
VISIT_ACTIONS = "mart_visit_actions"
PARTICIPANTS, HOLDOUT = "mart_experiment_participants", "mart_holdout_months"
SEGMENTS, DAYS = "mart_segment_memberships", "dim_date"
PURCHASE_MODELS, EXPECTED_ORDERS = "mart_purchase_models", "mart_expected_orders"
MARTS = (
    *(EVENTS, CUSTOMERS, LINES, VISIT_ACTIONS, STATES, CHANNEL_STATES),
    *(PARTICIPANTS, HOLDOUT, SEGMENTS),
)
"""The marts that questions are answered from; a slice is described where it comes first."""
HELPERS = (DAYS, PURCHASE_MODELS, EXPECTED_ORDERS)
"""What such questions look things up in, and do not count."""
RFM, RFM_AT_START = "rfm_segment", "rfm_segment_at_start"
"""The second is the first as it was when the row's bucket began, and no column of any mart."""
OF_THE_BASIS = frozenset({"send_hour", "send_weekday"})
"""Columns of events that stand in for `hour` and `weekday` when the date is the message's."""


@dataclass(frozen=True)
class Column:
    """A column of a mart.

    Attributes:
        type: ClickHouse's type.
        group: letter of the slice group in the catalogue of metrics, empty for what is no slice.
        families: families of events that the column belongs to, of `wide_events` alone.
    """

    type: str
    group: str = ""
    families: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The values of a closed list, in its order; none for any other type."""
        return tuple(re.findall(r"'([^']*)'\s*=", self.type)) if "Enum" in self.type else ()

    @property
    def is_array(self) -> bool:
        """Whether there may be several values at once."""
        return self.type.startswith("Array(")

    @property
    def is_number(self) -> bool:
        """Whether values are numbers and not words."""
        return self.type.startswith(("UInt", "Int", "Decimal", "Float"))


@dataclass(frozen=True)
class Catalog:
    """The marts.

    Attributes:
        tables: columns by mart.
        additivity: whether values of a metric add up: additive, semi_additive or non_additive.
        schema: database of the marts.
        compared: metrics that campaigns can be compared by, by the word that chooses them.
    """

    tables: Mapping[str, Mapping[str, Column]]
    additivity: Mapping[str, str]
    schema: str = "marts"
    compared: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path = CATALOG) -> "Catalog":
        """Read the generated catalogue."""
        return cls.of(json.loads(path.read_text(encoding="utf-8")))

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "Catalog":
        """Take the catalogue as it is written."""
        tables = {
            table: {
                name: Column(each["type"], each.get("group", ""), tuple(each.get("families", ())))
                for name, each in columns.items()
            }
            for table, columns in content["tables"].items()
        }
        return cls(tables, content["additivity"], content["schema"], content["compared"])

    @cached_property
    def slices(self) -> dict[str, Column]:
        """Everything to cut by, by the name it is offered under: `promotion` for `promotions`."""
        found: dict[str, Column] = {}
        for mart in MARTS:
            for name, column in self.tables.get(mart, {}).items():
                if column.group and name not in OF_THE_BASIS:
                    found.setdefault(singular(name) if column.is_array else name, column)
        if RFM in found:
            found[RFM_AT_START] = found[RFM]
        return found

    def column_of(self, table: str, slice_name: str) -> str | None:
        """The column of a mart that holds a slice, None if it has none."""
        columns = self.tables.get(table, {})
        for name in (slice_name, *_plurals(slice_name)):
            if name in columns and columns[name].group:
                return name
        return None

    def table(self, name: str) -> str:
        """A mart's name as SQL names it."""
        return f"{self.schema}.{name}"


def _plurals(name: str) -> tuple[str, ...]:
    return (f"{name}s", f"{name.removesuffix('y')}ies")


def singular(name: str) -> str:
    """What a slice of several values is offered as: `categories` holds values of `category`."""
    return f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s")
