"""Rows from one source, and how the rows of several become one table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from superset_assets.semantics.catalog import Column
from superset_assets.semantics.conditions import NOT_APPLICABLE, literal

COUNTED_DATE = "counted_date"
PERIOD_START, PERIOD_END = "period_start", "period_end"
"""First and last day of the bucket that a row counts in."""


@dataclass(frozen=True)
class Rows:
    """A SELECT in the making.

    Attributes:
        source: what stands behind FROM.
        values: expression by the name of the answer's column.
        where: conditions, all of which must hold.
        aggregates: names among `values` that are aggregates; the rest are then grouped by.
    """

    source: str
    values: Mapping[str, str]
    where: tuple[str, ...] = ()
    aggregates: frozenset[str] = field(default_factory=frozenset)


def renamed(rows: Rows, names: Mapping[str, str]) -> Rows:
    """The same rows with some columns of the answer under other names."""
    values = {names.get(name, name): expression for name, expression in rows.values.items()}
    aggregates = frozenset(names.get(name, name) for name in rows.aggregates)
    return Rows(rows.source, values, rows.where, aggregates)


@dataclass(frozen=True)
class Output:
    """A column of the answer.

    Attributes:
        name: its name.
        column: its type and group.
        is_missing: a measure that the question leaves no source of: it is NULL, not 0.
    """

    name: str
    column: Column
    is_missing: bool = False

    @property
    def absent(self) -> str:
        """What stands in the rows of a source that knows nothing of the column."""
        if self.is_missing:
            return _null(self.column.type)
        if not self.column.group:
            return f"defaultValueOfTypeName({literal(self.column.type)})"
        if self.column.is_number:
            return _null(self.column.type)
        return f"toLowCardinality('{NOT_APPLICABLE}')"

    def cast(self, expression: str, *, is_alone: bool) -> str:
        """The expression in a type that rows of all sources share."""
        if is_alone or not self.column.words:
            return expression
        return f"toLowCardinality(toString({expression}))"


def _null(type_: str) -> str:
    """Nothing, of a type that may have it already."""
    nullable = type_ if type_.startswith("Nullable(") else f"Nullable({type_})"
    return f"cast(null, {literal(nullable)})"


def union(
    parts: Sequence[Rows], outputs: Sequence[Output], *, keeps_types: bool | None = None
) -> str:
    """One SELECT over all rows, with the columns asked for in their order.

    Args:
        parts: rows of each source.
        outputs: columns of the answer.
        keeps_types: leave closed lists as they are; without a word, if there is one part alone.
    """
    if keeps_types is None:
        keeps_types = len(parts) == 1
    selects = [_select(rows, outputs, is_alone=keeps_types) for rows in parts]
    if not selects:
        columns = ", ".join(f"{each.absent} as {each.name}" for each in outputs)
        return f"select {columns} where 0"
    return "\nunion all\n".join(selects)


def _select(rows: Rows, outputs: Sequence[Output], *, is_alone: bool) -> str:
    columns = []
    for each in outputs:
        expression = each.absent
        if each.name in rows.values:
            expression = each.cast(rows.values[each.name], is_alone=is_alone)
        columns.append(f"    {expression} as {each.name}")
    text = "select\n" + ",\n".join(columns) + f"\nfrom {rows.source}"
    if rows.where:
        text += "\nwhere " + "\n    and ".join(rows.where)
    if rows.aggregates:
        keys = [value for name, value in rows.values.items() if name not in rows.aggregates]
        text += "\ngroup by " + ", ".join(keys)
    return text
