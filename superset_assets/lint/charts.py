"""Rules on charts."""

import re
from collections.abc import Iterator
from typing import Any

from superset_assets.files import Asset, AssetFiles, Content
from superset_assets.lint.datasets import is_explicit_format
from superset_assets.lint.problem import Problem
from superset_assets.references import (
    adhoc_filters,
    column_references,
    metric_references,
)
from superset_assets.semantics.catalog import Catalog
from superset_assets.server.brand import Brand
from superset_assets.settings import Language

FORMATS = {
    "big_number": ("y_axis_format",),
    "big_number_total": ("y_axis_format",),
    "bubble_v2": ("xAxisFormat", "y_axis_format", "tooltipSizeFormat"),
    "echarts_timeseries_bar": ("y_axis_format",),
    "echarts_timeseries_line": ("y_axis_format",),
    "funnel": ("number_format",),
    "heatmap_v2": ("y_axis_format",),
    "mixed_timeseries": ("y_axis_format", "y_axis_format_secondary"),
    "pivot_table_v2": ("valueFormat",),
    "pop_kpi": ("y_axis_format", "percentDifferenceFormat"),
    "treemap_v2": ("number_format",),
    "waterfall": ("y_axis_format",),
}
LAST_BUCKET = "big_number"
COLORED_SERIES = ("echarts_timeseries", "echarts_area", "mixed_timeseries")
PALETTES = ("color_scheme", "linear_color_scheme")
SERIES = {"groupby": "limit", "groupby_b": "limit_b"}
# «По дате заказа», «на конец отрезка», «1-м числом месяца»: the day that puts a row into a period.
DAY_OF_COUNTING = re.compile(
    r"\b(дат[аеуы]|день|дня|дню|дням|числ[оуа]м?|конец|концу|начало|сегодня|за этот период)\b",
    re.IGNORECASE,
)
# What every tile says of its comparison names a period, but not the day.
COMPARISON = re.compile(r"Под числом — .*", re.DOTALL)
INSTALLATION = {"datasource", "slice_id", "dashboards"}


def chart_rules(files: AssetFiles) -> Iterator[Problem]:
    """Descriptions, period, saved metrics, existing columns, formats, comparisons, colours."""
    datasets = files.by_uuid("datasets")
    catalog, brands = Catalog.read(), Brand.all()
    colors = min(len(brand.palette) for brand in brands)
    palettes = {each["id"] for brand in brands for each in _palettes(brand)}
    for chart in files.of("charts"):
        yield from _texts(chart)
        dataset = datasets.get(chart.content["dataset_uuid"])
        if dataset is None or dataset.content["main_dttm_col"] is not None:
            yield from _period(chart)
        yield from _comparison(chart)
        yield from _formats(chart)
        yield from _leftovers(chart)
        yield from _palette(chart, palettes)
        yield from _colors(chart, catalog, colors)
        if dataset is not None:
            yield from _references(chart, dataset.content)


def _texts(chart: Asset) -> Iterator[Problem]:
    description = chart.content.get("description") or ""
    if not description:
        yield Problem(chart.path, "it has no description")
    elif not DAY_OF_COUNTING.search(COMPARISON.sub("", description)):
        yield Problem(chart.path, "its description does not say by which date it counts")
    if description != " ".join(description.split()):
        yield Problem(chart.path, "its description holds spaces that nobody reads")
    if chart.content["params"].get("viz_type") != chart.content["viz_type"]:
        yield Problem(chart.path, "viz_type differs from params.viz_type")


def _period(chart: Asset) -> Iterator[Problem]:
    params = chart.content["params"]
    queries = ["adhoc_filters"]
    if chart.content["viz_type"] == "mixed_timeseries":
        queries.append("adhoc_filters_b")
    for query in queries:
        filters = params.get(query, [])
        if not any(each["operator"] == "TEMPORAL_RANGE" for each in filters if "operator" in each):
            # Without one of its own a chart shows all of history, whatever the board says.
            yield Problem(chart.path, f"{query} has no TEMPORAL_RANGE: no period would reach it")


def _comparison(chart: Asset) -> Iterator[Problem]:
    params = chart.content["params"]
    shifts = params.get("time_compare") or []
    for shift in [shifts] if isinstance(shifts, str) else shifts:
        if shift != "inherit" and not shift.endswith(("month ago", "year ago", "months ago")):
            yield Problem(chart.path, f"it compares with {shift!r}: compare by calendar")
    if chart.content["viz_type"] == LAST_BUCKET and params.get("aggregation") != "raw":
        yield Problem(chart.path, "its number is the last bucket: set aggregation to raw")
    if chart.content["viz_type"] == LAST_BUCKET and params.get("compare_lag"):
        yield Problem(chart.path, "compare_lag compares the last, unfinished bucket")


def _formats(chart: Asset) -> Iterator[Problem]:
    params = chart.content["params"]
    for control in FORMATS.get(chart.content["viz_type"], ()):
        if not is_explicit_format(params.get(control)):
            yield Problem(chart.path, f"{control} {params.get(control)!r} is no explicit format")
    if chart.content["viz_type"] == "table":
        configured = params.get("column_config", {})
        shares = [f"%{metric}" for metric in params.get("percent_metrics") or []]
        for column in [*(params.get("metrics") or []), *shares]:
            written = configured.get(str(column), {}).get("d3NumberFormat")
            if not is_explicit_format(written):
                yield Problem(chart.path, f"its column {column} has no explicit format")
    if chart.content["viz_type"] == "heatmap_v2" and params.get("show_legend"):
        # The numbers of its colour scale stay dark on dark.
        yield Problem(chart.path, "a heat map's legend cannot be read in the dark theme")


def _palettes(brand: Brand) -> list[dict[str, Any]]:
    return [*brand.categorical_schemes(Language.RUSSIAN), *brand.sequential_schemes()]


def _palette(chart: Asset, palettes: set[str]) -> Iterator[Problem]:
    for control in PALETTES:
        chosen = chart.content["params"].get(control)
        if chosen and chosen not in palettes:
            # Superset then takes its own, without a word.
            yield Problem(chart.path, f"{control} {chosen!r} is no palette of the brands")


def _colors(chart: Asset, catalog: Catalog, colors: int) -> Iterator[Problem]:
    """Series beyond the palette would take the first ones' colours."""
    params = chart.content["params"]
    if not str(chart.content["viz_type"]).startswith(COLORED_SERIES):
        return
    for control, limit in SERIES.items():
        for column in params.get(control) or []:
            chosen = [
                len(each["comparator"])
                for each in adhoc_filters(chart)
                if each.get("subject") == column and each.get("operator") == "IN"
            ]
            words = catalog.slices[column].words if column in catalog.slices else ()
            values = min([len(words) or colors + 1, *chosen])
            if values > colors and not 0 < int(params.get(limit) or 0) <= colors:
                message = f"{column} may have more values than the palette's {colors} colours"
                yield Problem(chart.path, f"{message}: set {limit}")


def _leftovers(chart: Asset) -> Iterator[Problem]:
    if chart.content.get("query_context"):
        yield Problem(chart.path, "it carries a query_context with foreign ids")
    for name in sorted(INSTALLATION & set(chart.content["params"])):
        yield Problem(chart.path, f"params.{name} belongs to one installation")


def _references(chart: Asset, dataset: Content) -> Iterator[Problem]:
    columns = {column["column_name"] for column in dataset["columns"]}
    metrics = {metric["metric_name"] for metric in dataset["metrics"]}
    for metric in metric_references(chart):
        if not isinstance(metric, str):
            yield Problem(chart.path, f"metric {metric.get('label')!r} is not a saved one")
        elif metric not in metrics:
            yield Problem(chart.path, f"its dataset has no metric {metric}")
    for column in column_references(chart):
        if not isinstance(column, str):
            yield Problem(chart.path, f"column {column.get('label')!r} is written in the chart")
        elif column not in columns:
            yield Problem(chart.path, f"its dataset has no column {column}")
    for each in adhoc_filters(chart):
        if each["expressionType"] != "SIMPLE":
            yield Problem(chart.path, f"filter {each.get('sqlExpression')!r} is free SQL")
        elif each["subject"] not in columns | metrics:
            # Superset drops such a filter and shows the total.
            yield Problem(chart.path, f"its filter is on {each['subject']}, which is no column")
    sort = chart.content["params"].get("x_axis_sort")
    if sort and sort not in columns | metrics:
        yield Problem(chart.path, f"it is sorted by {sort}, which is neither column nor metric")
