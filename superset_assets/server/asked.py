"""Parts of Superset's query: the SQL behind its metrics and columns, and which one is the axis."""

from collections.abc import Iterable, Mapping
from typing import Any

DISTINCT = "COUNT_DISTINCT"


def metric_sql(dataset: Any, metric: Any) -> str:
    """The SQL of a metric, a saved one or one written in a chart."""
    if not isinstance(metric, Mapping):
        saved = {each.metric_name: each.expression for each in dataset.metrics}
        return str(saved.get(metric, metric))
    if metric.get("sqlExpression"):
        return str(metric["sqlExpression"])
    column = (metric.get("column") or {}).get("column_name", "")
    if metric.get("aggregate") == DISTINCT:
        return f"count(distinct {column})"
    return f"{metric.get('aggregate', '')}({column})"


def metric_name(metric: Any) -> str:
    """What a metric is called in the answer."""
    return str(metric.get("label") if isinstance(metric, Mapping) else metric)


def is_axis(column: Any) -> bool:
    """Whether a column of the query is the time axis."""
    return column == "date" or (
        isinstance(column, Mapping)
        and column.get("columnType") == "BASE_AXIS"
        # A bar chart writes its axis of words in the same way.
        and column.get("sqlExpression") == "date"
    )


def columns_of(asked: Mapping[str, Any]) -> list[Any]:
    """All columns that a query groups by."""
    return [*(asked.get("columns") or []), *(asked.get("groupby") or [])]


def series_sql(dataset: Any, columns: Iterable[Any]) -> list[str]:
    """Expressions of the columns beside the time axis."""
    calculated = {each.column_name: each.expression for each in dataset.columns}
    found = []
    for column in columns:
        if is_axis(column):
            continue
        if isinstance(column, Mapping):
            found.append(str(column.get("sqlExpression", "")))
        else:
            found.append(str(calculated.get(column) or column))
    return found
