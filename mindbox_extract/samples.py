"""What a sample of a dataset's rows is like: which fields occur, and which names of the project.

Only names, counts and hours are kept; a value that could be somebody's is never among them.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from .drift import CSV_DELIMITER, json_rows
from .payload import Part, chunks
from .spec import DatasetSpec, Field, Format
from .values import AMOUNT, SURE_AMOUNT

_ROWS_LOOKED_AT = 20_000
# As in `values`: ten and more digits, however grouped, may be somebody's number.
_NAME = re.compile(r"(?!.*\d(?:[\s()._+-]*\d){9})\w[\w .:/+-]{0,63}")
_OWN_NAMES = ("ids", "customFields")
_DECIMAL = re.compile(r"-?\d+([.,])\d+")


class Name(StrEnum):
    """Kinds of names that a project makes up, and that its project file has to map."""

    TEMPLATE = "action template"
    LINE_STATUS = "order line status"
    POINT_OF_CONTACT = "point of contact"
    VISIT_SOURCE = "source of visits"
    PRODUCT_ID_SYSTEM = "product id system"
    CUSTOM_FIELD = "custom field of actions"
    SEGMENTATION = "segmentation"
    TIME_ZONE = "customers' time zone"


@dataclass
class Sample:
    """What was seen of one dataset.

    Attributes:
        rows: that were looked at.
        paths: that had a value, without the brackets of arrays.
        names: how often each was seen, by kind.
        separators: how often a number was written with a dot, and with a comma.
        hours: moments at which people did something, by hour of the project's day.
        fields_of_templates: custom fields that had a value, by the template of their actions.
    """

    rows: int = 0
    paths: set[str] = field(default_factory=set)
    names: dict[Name, Counter[str]] = field(default_factory=lambda: {n: Counter() for n in Name})
    separators: Counter[str] = field(default_factory=Counter)
    hours: Counter[int] = field(default_factory=Counter)
    fields_of_templates: dict[str, Counter[str]] = field(default_factory=dict)

    def look(
        self, part: Part, spec: DatasetSpec, zone: ZoneInfo, visits: frozenset[str], where: str
    ) -> None:
        """Add the first rows of a part.

        Args:
            part: as downloaded.
            spec: of its dataset, with the project's own names.
            zone: of the project.
            visits: templates whose channel is the source of a visit.
            where: the part in words.

        Raises:
            PayloadError: the part cannot be read.
        """
        rows = csv_rows(part, where) if spec.format is Format.CSV else None
        for row in islice(rows or json_rows(part, spec.root, where), _ROWS_LOOKED_AT):
            self.rows += 1
            self.paths.update(_paths(row, ()))
            if spec.format is Format.CSV:
                self._count_separators(row, spec)
            elif spec.name == "orders":
                self._look_at_order(row, zone)
            elif spec.name == "customer_actions":
                self._look_at_action(row, zone, visits)
            elif spec.name == "customers":
                self._look_at_customer(row)

    def has(self, item: Field, prefix: str = "") -> bool:
        """Whether a field, of a list that begins at the prefix, had a value in any row."""
        return any(_normal(f"{prefix}{path}") in self.paths for path in item.paths)

    def _count_separators(self, row: dict[str, Any], spec: DatasetSpec) -> None:
        for item in spec.fields:
            if isinstance(item, Field) and item.value in (AMOUNT, SURE_AMOUNT):
                found = _DECIMAL.fullmatch(str(row.get(item.path) or ""))
                if found:
                    self.separators[found[1]] += 1

    def _look_at_order(self, order: dict[str, Any], zone: ZoneInfo) -> None:
        self._count(Name.POINT_OF_CONTACT, _id_of(_at(order, "firstAction", "channel")))
        self._note_hour(_at(order, "firstAction", "dateTimeUtc"), zone)
        for line in _objects(order.get("lines")):
            self._count(Name.LINE_STATUS, _at(line, "status", "ids", "externalId"))
            self._note_product(_at(line, "product"))

    def _look_at_action(
        self, action: dict[str, Any], zone: ZoneInfo, visits: frozenset[str]
    ) -> None:
        template = _at(action, "actionTemplate", "ids", "systemName")
        self._count(Name.TEMPLATE, template)
        kind = Name.VISIT_SOURCE if template in visits else Name.POINT_OF_CONTACT
        self._count(kind, _id_of(_at(action, "channel")))
        if template in visits:
            self._note_hour(action.get("dateTimeUtc"), zone)
        for product in _objects(action.get("products")):
            self._note_product(product)
        custom = action.get("customFields")
        if isinstance(custom, dict) and isinstance(template, str):
            fields = [name[:1].lower() + name[1:] for name, value in custom.items() if value]
            self.fields_of_templates.setdefault(template, Counter()).update(fields)
            for name in fields:
                self._count(Name.CUSTOM_FIELD, name)

    def _look_at_customer(self, customer: dict[str, Any]) -> None:
        self._count(Name.TIME_ZONE, customer.get("ianaTimeZone"))
        for segmentation in _objects(customer.get("segmentations")):
            self._count(Name.SEGMENTATION, _at(segmentation, "ids", "externalId"))

    def _note_product(self, product: Any) -> None:
        ids = _at(product, "ids")
        for system in ids if isinstance(ids, dict) else ():
            self._count(Name.PRODUCT_ID_SYSTEM, system[:1].lower() + system[1:])

    def _note_hour(self, moment: Any, zone: ZoneInfo) -> None:
        try:
            read = datetime.fromisoformat(str(moment).strip())
        except ValueError:
            return
        aware = read if read.tzinfo else read.replace(tzinfo=UTC)
        self.hours[aware.astimezone(zone).hour] += 1

    def _count(self, kind: Name, name: Any) -> None:
        if name not in (None, ""):
            self.names[kind][shown(str(name))] += 1


def shown(name: str) -> str:
    """A name as it may be printed: what is not written like a system's name stays hidden."""
    return name if _NAME.fullmatch(name) else "(not shown: not written like a name)"


def csv_rows(part: Part, where: str) -> Iterator[dict[str, Any]]:
    """Rows of a CSV part by column.

    Raises:
        PayloadError: the part is packed and damaged.
    """
    lines = io.TextIOWrapper(
        io.BufferedReader(_Chunks(chunks(part, where))), encoding="utf-8", errors="replace"
    )
    yield from csv.DictReader(lines, delimiter=CSV_DELIMITER)


class _Chunks(io.RawIOBase):
    """Chunks as a stream."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self._source = source
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._left = self._left or next(self._source, b"")
        count = min(len(buffer), len(self._left))
        buffer[:count], self._left = self._left[:count], self._left[count:]
        return count


def _paths(value: Any, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, (*path, _spelt(str(key), path)))
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner, path)
    elif value not in (None, ""):
        yield ".".join(path)


def _normal(path: str) -> str:
    keys: tuple[str, ...] = ()
    for key in path.split("."):
        keys = (*keys, _spelt(key, keys))
    return ".".join(keys)


def _spelt(key: str, parents: tuple[str, ...]) -> str:
    """A project's own name as answers write it: with a small letter, whatever it was."""
    is_own = bool(parents) and parents[-1] in _OWN_NAMES
    return key[:1].lower() + key[1:] if is_own else key


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _id_of(channel: Any) -> Any:
    ids = _at(channel, "ids") or {}
    found = (_at(ids, name) for name in ("externalId", "systemName", "mindboxId"))
    return next((name for name in found if name), None)
