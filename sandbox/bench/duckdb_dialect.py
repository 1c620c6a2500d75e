"""A composed question in DuckDB's words.

`sqlglot` knows the grammar of both. What ClickHouse's functions are in DuckDB stands here: as
macros where DuckDB can say it under the same name, as a change of the statement where it cannot. A
function without either is refused by DuckDB itself, so that it never answers another question.
"""

from __future__ import annotations

import sqlglot
from sqlglot import exp

LAST_DAY = "last_day"
"""The variable of DuckDB that holds the last loaded day."""
MACROS = (
    "toDate(day) as cast(day as date)",
    "toString(value) as cast(value as varchar)",
    "toFloat64(value) as cast(value as double)",
    "toUInt8(value) as cast(value as utinyint)",
    "toInt32(value) as cast(value as integer)",
    "toLowCardinality(value) as value",
    "assumeNotNull(value) as value",
    "addMonths(day, months) as cast(day + to_months(cast(months as integer)) as date)",
    "toMonday(day) as cast(date_trunc('week', day) as date)",
    "uniqExactIf(value, condition) as count(distinct value) filter (where condition)",
    "sumIf(value, condition) as coalesce(sum(value) filter (where condition), 0)",
    "countIf(condition) as count(*) filter (where condition)",
)
"""Functions of ClickHouse that DuckDB is taught under their own names."""


def translated(statement: str) -> str:
    """A statement of ClickHouse for DuckDB.

    Raises:
        sqlglot.errors.SqlglotError: the statement cannot be read.
    """
    tree = sqlglot.parse_one(statement, read="clickhouse")
    # From the leaves up, so that what stands within a changed expression has been changed before.
    for node in reversed(list(tree.walk())):
        changed = _changed(node)
        if changed is not node:
            node.replace(changed)
    return tree.sql(dialect="duckdb")


def _changed(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.TimestampTrunc):
        return exp.cast(node.copy(), "date")
    if isinstance(node, exp.Join) and node.kind == "ANY":
        # What is joined so has one row per key.
        node.set("kind", None)
        return node
    if isinstance(node, exp.Subquery) and node.find_ancestor(exp.Lambda):
        # DuckDB has no subqueries in lambdas; the one that there is asks for the last loaded day.
        return exp.Anonymous(this="getvariable", expressions=[exp.Literal.string(LAST_DAY)])
    if isinstance(node, exp.Sum) or (isinstance(node, exp.Column) and _is_missed_key(node)):
        # Of no rows, ClickHouse's sum is 0; and so is a key that a join does not find.
        return exp.func("coalesce", node.copy(), exp.Literal.number(0))
    if isinstance(node, exp.Anonymous) and node.name in _FUNCTIONS:
        return _FUNCTIONS[node.name](node)
    return node


def _is_missed_key(column: exp.Column) -> bool:
    """Whether a column is the key of a joined row, and not in the condition that joins it."""
    if column.table not in ("customers", "starts") or column.name != "customer_key":
        return False
    return not isinstance(column.find_ancestor(exp.Join, exp.Select, exp.Where), exp.Join)


def _default(node: exp.Anonymous) -> exp.Expr:
    type_name = node.expressions[0].name
    if type_name.startswith("Nullable"):
        return exp.null()
    if type_name.startswith(("UInt", "Int", "Float", "Decimal")):
        return exp.Literal.number(0)
    if type_name.startswith("Date"):
        return exp.cast(exp.Literal.string("1970-01-01"), "date")
    if type_name.startswith("Array"):
        return exp.array()
    return exp.Literal.string("")


def _exists(node: exp.Anonymous) -> exp.Expr:
    """`arrayExists` over several arrays, as DuckDB's lambda over their common index."""
    function, *arrays = node.expressions
    at = exp.to_identifier("place")
    names = {
        name.name: exp.Bracket(this=array.copy(), expressions=[exp.column("place")])
        for name, array in zip(function.expressions, arrays, strict=True)
    }

    def placed(each: exp.Expression) -> exp.Expr:
        named = isinstance(each, exp.Column | exp.Identifier) and names.get(each.name)
        return named.copy() if named and not isinstance(each.parent, exp.Column) else each

    condition = function.this.copy().transform(placed)
    places = exp.Anonymous(
        this="range",
        expressions=[
            exp.Literal.number(1),
            exp.Add(
                this=exp.Anonymous(this="len", expressions=[arrays[0].copy()]),
                expression=exp.Literal.number(1),
            ),
        ],
    )
    found = exp.Anonymous(
        this="list_filter",
        expressions=[places, exp.Lambda(this=condition, expressions=[at])],
    )
    return exp.GT(
        this=exp.Anonymous(this="len", expressions=[found]), expression=exp.Literal.number(0)
    )


_FUNCTIONS = {"defaultValueOfTypeName": _default, "arrayExists": _exists}
