"""The language that datasets are described in.

A dataset is a table, an operation and a list of fields; the engines do the rest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from .values import CATEGORY_TYPE, Value


class Kind(StrEnum):
    """What a re-run may do to rows that are already there."""

    EVENT = "event"
    """A window is the truth for its rows: whole days are replaced."""
    ENTITY = "entity"
    """Versions are only ever added."""
    SNAPSHOT = "snapshot"
    """What the source said on a day; the same day's earlier saying is replaced."""


class Protocol(StrEnum):
    """How Mindbox hands the rows over."""

    EXPORT = "export"
    PAGED = "paged"


class Filter(StrEnum):
    """How a request says its window."""

    UTC_TIMES = "sinceDateTimeUtc/tillDateTimeUtc"
    UTC_SINCE = "sinceDateTimeUtc"
    """Only where it begins: the answer is the present state of what has changed since."""
    LOCAL_DATES = "sinceDate/tillDate"


class Format(StrEnum):
    """How a downloaded part is written."""

    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True)
class Field:
    """One allow-listed value of a row.

    Attributes:
        column: the raw table's column.
        path: where the value is, dots between keys. A path that starts with the dataset's
            `unnest` array counts from its element. Empty when the project has no such field: then
            the column has its empty value.
        value: how it is read, and the column's type.
        required: a row without it goes to quarantine.
        fallbacks: other paths, read in turn where the ones before have nothing.
    """

    column: str
    path: str
    value: Value
    required: bool = False
    fallbacks: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        """ClickHouse type of the column."""
        return self.value.type

    @property
    def paths(self) -> tuple[str, ...]:
        """Where its value may be, in the order in which it is looked for."""
        return tuple(path for path in (self.path, *self.fallbacks) if path)


@dataclass(frozen=True)
class ListField:
    """An array of objects that becomes a column of named tuples; elements may hold lists again.

    A required value that an element lacks sends the whole row to quarantine: an order without one
    of its lines would be a wrong order.
    """

    column: str
    path: str
    items: "tuple[Field | ListField, ...]"

    @property
    def type(self) -> str:
        """ClickHouse type of the column."""
        return "Array(Tuple({}))".format(
            ", ".join(f"{item.column} {item.type}" for item in self.items)
        )


@dataclass(frozen=True)
class WindowColumn:
    """A column that the request knows and the row does not: a day of its window.

    Attributes:
        day: "first", "last" or "taken" (the project-local day the report was taken on).
    """

    column: str
    day: str
    type: str = "Date"


@dataclass(frozen=True)
class SegmentationColumn:
    """A column for the segmentation that the request was about; there is a request for each."""

    column: str
    type: str = CATEGORY_TYPE


@dataclass(frozen=True)
class DatasetSpec:
    """Everything the engines need to know of a dataset.

    Attributes:
        name: of the dataset, of its raw table, and of its operation in the project file.
        root: the only key of an export part, or the rows' key in a page.
        segmentation: the column of the request's segmentation, for datasets that are asked for
            segmentation by segmentation.
        version: column whose moment versions a row; None takes the end of the window, or the
            moment of extraction where a request has no end.
        event_time: column (UTC) that the export's filter looks at, for events whose rows carry it.
        partition: columns or expressions of the table's partition key.
        unnest: array whose elements become rows.
        request_days: days that a single request spans at most; None leaves it to the project.
    """

    name: str
    description: str
    kind: Kind
    protocol: Protocol
    root: str
    key: tuple[str, ...]
    fields: tuple[Field | ListField, ...]
    format: Format = Format.JSON
    filter: Filter = Filter.UTC_TIMES
    window_columns: tuple[WindowColumn, ...] = ()
    segmentation: SegmentationColumn | None = None
    version: str | None = None
    event_time: str | None = None
    partition: tuple[str, ...] = ()
    unnest: str | None = None
    request_days: int | None = None

    @property
    def request_columns(self) -> dict[str, str]:
        """Columns that the request fills, and their types."""
        days = {column.column: column.type for column in self.window_columns}
        of = self.segmentation
        return {of.column: of.type, **days} if of else days

    @property
    def columns(self) -> dict[str, str]:
        """Columns of the raw table and their types, without the load columns."""
        return {**self.request_columns, **{item.column: item.type for item in self.fields}}

    def paths(self) -> Iterator[str]:
        """Every path that is decoded, from the row's root; nothing else ever is."""
        return _paths(self.fields, "")


def _paths(items: tuple[Field | ListField, ...], prefix: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, ListField):
            yield from _paths(item.items, f"{prefix}{item.path}[].")
        else:
            yield from (f"{prefix}{path}" for path in item.paths)
