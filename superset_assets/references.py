"""Who refers to whom: boards to charts, charts to metrics and columns."""

from collections.abc import Iterator
from typing import Any

from superset_assets.files import Asset, Content

METRIC_CONTROLS = (
    "metric",
    "metrics",
    "metrics_b",
    "metric_2",
    "percent_metrics",
    "secondary_metric",
    "series_limit_metric",
    "size",
    "timeseries_limit_metric",
    "timeseries_limit_metric_b",
    "x",
    "y",
)
COLUMN_CONTROLS = (
    "all_columns",
    "columns",
    "entity",
    "granularity_sqla",
    "groupby",
    "groupby_b",
    "groupbyColumns",
    "groupbyRows",
    "series",
    "x_axis",
)


def chart_nodes(board: Asset) -> list[Content]:
    """The chart components of a board's layout."""
    position = board.content["position"]
    nodes = [node for node in position.values() if isinstance(node, dict)]
    return [node for node in nodes if node["type"] == "CHART"]


def charts_of(board: Asset, charts: list[Asset]) -> list[Asset]:
    """The charts that stand on a board."""
    placed = {node["meta"]["uuid"] for node in chart_nodes(board)}
    return [chart for chart in charts if chart.uuid in placed]


def metric_references(chart: Asset) -> Iterator[Any]:
    """What a chart names as its metrics: names of saved ones, or dicts of ad-hoc ones."""
    params = chart.content["params"]
    for control in METRIC_CONTROLS:
        value = params.get(control)
        yield from value if isinstance(value, list) else [value] if value else []


def chart_metrics(chart: Asset) -> set[str]:
    """The saved metrics of a chart."""
    return {metric for metric in metric_references(chart) if isinstance(metric, str)}


def column_references(chart: Asset) -> Iterator[Any]:
    """What a chart names as its columns: names, or dicts of ad-hoc ones."""
    params = chart.content["params"]
    for control in COLUMN_CONTROLS:
        value = params.get(control)
        yield from value if isinstance(value, list) else [value] if value else []


def adhoc_filters(chart: Asset) -> list[Content]:
    """All filters of a chart, those of a second query included."""
    params = chart.content["params"]
    return [*params.get("adhoc_filters", []), *params.get("adhoc_filters_b", [])]


def native_filters(board: Asset) -> list[Content]:
    """The filters of a board's filter bar, without its dividers."""
    filters = board.content["metadata"].get("native_filter_configuration", [])
    return [each for each in filters if each["type"] == "NATIVE_FILTER"]
