"""Brings a raw table that an earlier version of a dataset made up to the present one.

Only additions are made: a column that is new, and new members of the tuples in a list. Rows that
are there get empty values until their windows are loaded again.
"""

from collections.abc import Mapping

from clickhouse_connect.datatypes.base import ClickHouseType
from clickhouse_connect.datatypes.container import Array, Tuple
from clickhouse_connect.datatypes.registry import get_from_name

from .errors import WarehouseError
from .tables import RAW, quoted


def additions(table: str, present: Mapping[str, str], wanted: Mapping[str, str]) -> str | None:
    """The statement that adds what the table lacks; None when it lacks nothing.

    Args:
        table: name of a raw table.
        present: its columns and their types; columns that are not wanted stay.
        wanted: the columns that it should have, in order, and their types.

    Raises:
        WarehouseError: a column is there with another type.
    """
    changes, after = list[str](), ""
    for column, type_ in wanted.items():
        if column not in present:
            place = f"AFTER {quoted(after)}" if after else "FIRST"
            changes.append(f"ADD COLUMN {quoted(column)} {type_} {place}")
        elif not _equal(present[column], type_):
            if not _extends(get_from_name(present[column]), get_from_name(type_)):
                raise WarehouseError(
                    f"raw table {RAW}.{table}: the column {column} is {present[column]} and should "
                    f"be {type_}; nothing was changed. Rename the table (RENAME TABLE) and load "
                    "its history again, or change the column yourself"
                )
            changes.append(f"MODIFY COLUMN {quoted(column)} {type_}")
        after = column
    return f"ALTER TABLE {quoted(RAW)}.{quoted(table)} {', '.join(changes)}" if changes else None


def _equal(one: str, other: str) -> bool:
    return _name(get_from_name(one)) == _name(get_from_name(other))


def _extends(old: ClickHouseType, new: ClickHouseType) -> bool:
    """Whether the new type is the old one with further members in its named tuples."""
    if isinstance(old, Array) and isinstance(new, Array):
        return _extends(old.element_type, new.element_type)
    if isinstance(old, Tuple) and isinstance(new, Tuple):
        members = dict(zip(new.element_names, new.element_types, strict=True))
        return all(
            name in members and _extends(type_, members[name])
            for name, type_ in zip(old.element_names, old.element_types, strict=True)
        )
    return _name(old) == _name(new)


def _name(type_: ClickHouseType) -> str:
    return str(type_.name)
