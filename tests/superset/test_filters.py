# ruff: noqa: S608 (statements are put together by the code under test)
"""Every filter of the board reaches the charts in its scope."""

import math
from typing import Any

import pytest

from superset_assets.dataset_builder import (
    ATTRIBUTION_MODEL,
    BY_EVENT_DATE,
    BY_SEND_DATE,
    COMPARED_METRIC,
    DATE_BASIS,
    METRICS,
    dataset_uuid,
)
from superset_assets.files import AssetFiles
from superset_assets.manifest import Manifest
from superset_assets.metric_sql import MetricSql
from superset_assets.references import chart_metrics, chart_nodes, native_filters
from superset_assets.semantics.calendar import DAY, Period
from superset_assets.semantics.catalog import Catalog
from superset_assets.semantics.comparison import CHOICES
from superset_assets.semantics.compose import compose
from superset_assets.semantics.measures import named_in
from superset_assets.semantics.question import Filter, Question
from superset_assets.settings import ROOM
from tests.superset.chart_data import ChartData
from tests.superset.marts import TODAY, UNKNOWN
from tests.superset.stack import Stack
from tests.superset.test_numbers import PERIOD, SINCE, TILL

FILES = AssetFiles(ROOM)
BOARD = next(each for each in FILES.of("dashboards") if each.path.stem == "mailings")
MODELS = Catalog.read().slices[ATTRIBUTION_MODEL].words
SWITCHES = {DATE_BASIS, ATTRIBUTION_MODEL, COMPARED_METRIC}
SLICES = [
    each["targets"][0]["column"]["name"]
    for each in native_filters(BOARD)
    if each["filterType"] == "filter_select"
    and each["targets"][0]["column"]["name"] not in SWITCHES
]


def filter_of(column: str) -> dict[str, Any]:
    return next(
        each
        for each in native_filters(BOARD)
        if each["targets"][0].get("column", {}).get("name") == column
    )


def metrics_in_scope(column: str) -> list[str]:
    """The saved metrics of the charts that a filter acts on, but those about the report."""
    excluded = set(filter_of(column)["scope"]["excluded"])
    charts = FILES.by_uuid("charts")
    reached: set[str] = set()
    for node in chart_nodes(BOARD):
        if node["meta"]["chartId"] not in excluded:
            chart = charts[node["meta"]["uuid"]]
            if chart.content["dataset_uuid"] == dataset_uuid(METRICS):
                reached |= chart_metrics(chart)
    return sorted(reached)


def asked_directly(
    stack: Stack, manifest: Manifest, names: list[str], column: str, value: object
) -> list[float]:
    """The same question, put to the warehouse without Superset."""
    expressions = [MetricSql(manifest).expression(name) for name in names]
    measures, mentioned = named_in(" ".join(expressions), Catalog.read())
    question = Question(
        measures=frozenset(measures),
        mentioned=tuple(sorted(mentioned)),
        filters=(Filter(column, "IN", [value]),),
        period=Period(SINCE, TILL - DAY),
    )
    rows = compose(question, Catalog.read(), TODAY)
    (values,) = stack.clickhouse.query(
        f"SELECT {', '.join(expressions)} FROM ({rows}) AS facts"
    ).result_rows
    return [math.nan if each is None else float(each) for each in values]


def test_the_filter_bar_offers_the_agreed_slices() -> None:
    assert len(SLICES) >= 12
    assert {
        *("brand", "mailing_channel", "mailing_type", "mailing_folder", "mailing"),
        *("mailing_variant", "mailing_topic", "mailing_utm_campaign", "email_domain_group"),
        *("gender", "age_band", "region", "customer_timezone", "cohort_month"),
        *("order_seq_group", "order_channel", "weekday", "hour"),
    } <= set(SLICES)


@pytest.mark.parametrize("column", SLICES)
def test_a_slice_cuts_every_chart_in_its_scope(
    stack: Stack, metrics: ChartData, manifest: Manifest, column: str
) -> None:
    listed = [row[column] for row in metrics.rows([], PERIOD, columns=(column,))]
    value = min((each for each in listed if each != UNKNOWN), key=str)
    names = metrics_in_scope(column)
    answer = metrics.answer(names, PERIOD, where=((column, [value]),))
    assert {"column": column} in answer["applied_filters"]
    (row,) = answer["data"]
    expected = asked_directly(stack, manifest, names, column, value)
    shown = [math.nan if row[name] is None else row[name] for name in names]
    assert shown == pytest.approx(expected, rel=1e-12, nan_ok=True)
    assert any(each > 0 for each in expected)
    assert answer["data"] != metrics.rows(names, PERIOD)


@pytest.mark.parametrize("column", SLICES)
def test_a_filter_lists_its_values_in_its_order(metrics: ChartData, column: str) -> None:
    sorting = filter_of(column)["controlValues"].get("sortMetric")
    order = {"orderby": [[sorting, True]]} if sorting else {}
    rows = metrics.rows([sorting] if sorting else [], PERIOD, columns=(column,), **order)
    values = [row[column] for row in rows]
    assert len(set(values)) == len(values) > 1
    if column == "weekday":
        assert values == ["Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс"]


@pytest.mark.parametrize(
    ("column", "choices"),
    [
        ("date_basis", {BY_SEND_DATE, BY_EVENT_DATE}),
        ("attribution_model", {word for word in MODELS if word != UNKNOWN}),
        ("compared_metric", set(CHOICES)),
    ],
)
def test_a_switch_lists_its_choices_without_reading_a_mart(
    stack: Stack, manifest: Manifest, column: str, choices: set[str]
) -> None:
    body = {
        "datasource": {"id": ChartData.of(stack, "board_options").dataset_id, "type": "table"},
        "queries": [{"columns": [column], "metrics": [], "row_limit": 100}],
        "result_format": "json",
        "result_type": "full",
    }
    answer = stack.client.post("chart/data", json=body)["result"][0]
    values = {row[column] for row in answer["data"]}
    labels = {name: each.label for name, each in manifest.metrics.items()}
    assert values == {labels.get(name, name) for name in choices}
    assert "marts." not in answer["query"]
