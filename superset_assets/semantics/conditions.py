"""Filters as SQL. Values come from people: they are written as literals, never pasted."""

from collections.abc import Sequence
from typing import Any

from superset_assets.semantics.catalog import Column
from superset_assets.semantics.question import Filter, QuestionError

NOT_APPLICABLE = "Не применимо"
"""The value of a slice on facts that it cannot be asked of."""
UNKNOWN = "Не указано"
"""Its value where nothing is known."""


def literal(value: Any) -> str:
    """A value as a ClickHouse literal: a number as it is, anything else as an escaped string."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        escaped = str(value).replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    return repr(value)


def condition(expression: str, column: Column, given: Filter) -> str:
    """The filter as a condition on an expression of the column's type.

    Raises:
        QuestionError: the operator is none that a slice knows.
    """
    if column.is_array:
        return _array_condition(expression, given)
    operator = given.operator.lower()
    match given.operator:
        case "IN" | "NOT IN" | "==" | "=" | "!=" | "<>":
            test = _membership(expression, column, given)
        case ">" | "<" | ">=" | "<=":
            test = f"{expression} {operator} {literal(given.value)}"
        case "LIKE" | "NOT LIKE" | "ILIKE" | "NOT ILIKE":
            test = f"toString({expression}) {operator} {literal(given.value)}"
        case "IS NULL" | "IS NOT NULL":
            test = f"{expression} {operator}"
        case _:
            raise QuestionError(f"filter on {given.slice}: {given.operator} is no operator here")
    return test


def _membership(expression: str, column: Column, given: Filter) -> str:
    wanted = given.operator in ("IN", "==", "=")
    values = _known(column, listed(given))
    if not values:
        return "0" if wanted else "1"
    return f"{expression} {'in' if wanted else 'not in'} ({', '.join(map(literal, values))})"


def admits_not_applicable(given: Filter) -> bool:
    """Whether a filter asks for facts that its slice cannot be asked of."""
    return given.operator == "IN" and NOT_APPLICABLE in listed(given)


def array_values(expression: str, given: Sequence[Filter]) -> str:
    """The values of a many-valued slice that a row counts under: those asked for, if any were."""
    asked = [value for each in given if each.operator == "IN" for value in listed(each)]
    filled = f"if(empty({expression}), ['{UNKNOWN}'], {expression})"
    if asked:
        filled = f"arrayIntersect({filled}, [{', '.join(map(literal, asked))}])"
    return f"arrayJoin({filled})"


def _array_condition(expression: str, given: Filter) -> str:
    filled = f"if(empty({expression}), ['{UNKNOWN}'], {expression})"
    match given.operator:
        case "IN" | "NOT IN" | "==" | "=" | "!=" | "<>":
            values = ", ".join(map(literal, listed(given)))
            found = f"hasAny({filled}, [{values}])"
            return found if given.operator in ("IN", "==", "=") else f"not {found}"
        case "LIKE" | "ILIKE":
            pattern = literal(given.value)
            return f"arrayExists(each -> each {given.operator.lower()} {pattern}, {filled})"
    raise QuestionError(
        f"filter on {given.slice}: {given.operator} has no meaning where there are several values"
    )


def listed(given: Filter) -> list[Any]:
    """The values that a filter compares with."""
    if isinstance(given.value, str) or not isinstance(given.value, Sequence):
        return [given.value]
    return list(given.value)


def _known(column: Column, values: list[Any]) -> list[Any]:
    """Values that the column can have: ClickHouse refuses a foreign word beside a closed list."""
    if column.is_number:
        return [_number(value) for value in values]
    return [value for value in values if not column.words or value in column.words]


def _number(value: Any) -> Any:
    if isinstance(value, str):
        return float(value) if "." in value else int(value)
    return value
