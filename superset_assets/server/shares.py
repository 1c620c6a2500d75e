"""Shares of a total of what does not add up: the total is asked for, not summed."""

import copy
from collections.abc import Mapping
from typing import Any

from pandas import DataFrame
from superset.common.query_object import QueryObject
from superset.utils.core import get_base_axis_labels
from superset.utils.pandas_postprocessing import contribution

from superset_assets.semantics.trend import mentions_trend
from superset_assets.semantics.windows import is_distinct_count
from superset_assets.server.asked import is_axis, metric_name
from superset_assets.server.questions import catalog
from superset_assets.server.told import told

SHARE = "contribution"
OF_A_ROW = "row"
AS_OF = "semi_additive"


def refused_share(name: str, sql: str, step: Mapping[str, Any], query: QueryObject) -> str:
    """Why a metric has no share of a total; nothing where it has one.

    Args:
        name: the metric.
        sql: its SQL.
        step: the post-processing that divides by the total.
        query: the query that the step belongs to.
    """
    label = query.datasource.verbose_map.get(name, name)
    additivity = catalog().additivity.get(name)
    over_time = any(is_axis(each) for each in query.columns) and not _is_of_row(step)
    if mentions_trend(sql) or not (is_distinct_count(sql) or additivity == AS_OF):
        return told(
            f"Показатель «{label}» не складывается: доли итога у него нет.",
            f"The metric “{label}” does not add up: it has no share of a total.",
        )
    if additivity == AS_OF and over_time:
        return told(
            f"Показатель «{label}» не складывается: состояния на разные даты не дают итога.",
            f"The metric “{label}” does not add up: levels on different days have no total.",
        )
    if query.time_offsets or (_is_of_row(step) and len(query.metrics) > 1):
        return told(
            f"Показатель «{label}» не складывается: доля итога считается для него одного и без "
            "сравнения периодов.",
            f"The metric “{label}” does not add up: its share of the total is computed alone and "
            "without a comparison of periods.",
        )
    return ""


def share(df: DataFrame, step: Mapping[str, Any], query: QueryObject) -> DataFrame:
    """The answer's figures divided by their true totals.

    Args:
        df: the answer up to this step.
        step: the post-processing that Superset would do.
        query: the query that is answered.
    """
    options = step["options"]
    is_pivoted = any(each.get("operation") == "pivot" for each in query.post_processing)
    axis = [each for each in query.columns if is_axis(each)]
    series = [each for each in query.columns if not is_axis(each)]
    if _is_of_row(step):
        label = get_base_axis_labels(query.columns)[0]
        totals = _totals(query, axis).set_index(label)
        (metric,) = (metric_name(each) for each in query.metrics)
        return df.div(totals[metric].reindex(df.index).astype(float), axis=0)
    if not is_pivoted:
        (row,) = _totals(query, []).to_dict(orient="records")
        return contribution(df, **{**options, "contribution_totals": row})
    names = [metric_name(each) for each in query.metrics]
    totals_by_series: dict[Any, Any] = {}
    for row in _totals(query, series).to_dict(orient="records"):
        key = tuple(value for name, value in row.items() if name not in names)
        for name in names:
            totals_by_series[(name, *key) if key else name] = row[name]
    return contribution(
        df, orientation=options["orientation"], contribution_totals=totals_by_series
    )


def _is_of_row(step: Mapping[str, Any]) -> bool:
    return (step.get("options") or {}).get("orientation") == OF_A_ROW


def _totals(query: QueryObject, columns: list[Any]) -> DataFrame:
    """The query's metrics by some of its columns alone."""
    whole = copy.copy(query)
    whole.columns, whole.post_processing, whole.time_offsets = columns, [], []
    whole.orderby, whole.row_limit, whole.row_offset = [], None, 0
    whole.series_columns, whole.series_limit, whole.series_limit_metric = [], 0, None
    found = query.datasource.query(whole.to_dict()).df
    return query.datasource.normalize_df(found, whole)
