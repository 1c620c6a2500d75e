# ruff: noqa: S608 (statements are put together from the constants of this file)
"""Every filter of the board reaches the charts in its scope."""

from typing import Any

import pytest

from superset_assets.files import AssetFiles
from superset_assets.references import chart_metrics, chart_nodes, native_filters
from superset_assets.settings import ROOM
from tests.superset.chart_data import ChartData
from tests.superset.stack import Stack
from tests.superset.test_numbers import PERIOD, SINCE, TILL

FILES = AssetFiles(ROOM)
(BOARD,) = FILES.of("dashboards")
SLICES = [
    each["targets"][0]["column"]["name"]
    for each in native_filters(BOARD)
    if each["filterType"] == "filter_select"
    and each["targets"][0]["column"]["name"] not in {"date_basis", "attribution_model"}
]
# Physical column behind a slice that the date basis switches.
PHYSICAL = {"hour": "send_hour", "weekday": "send_weekday"}
TABLES = {
    "wide_events": "marts.wide_events",
    "mart_customer_base_daily": "marts.mart_customer_base_daily",
}


def filter_of(column: str) -> dict[str, Any]:
    return next(
        each
        for each in native_filters(BOARD)
        if each["targets"][0].get("column", {}).get("name") == column
    )


def metrics_in_scope(column: str) -> dict[str, set[str]]:
    """The saved metrics of the charts that a filter acts on, by table."""
    excluded = set(filter_of(column)["scope"]["excluded"])
    charts, datasets = FILES.by_uuid("charts"), FILES.by_uuid("datasets")
    reached: dict[str, set[str]] = {}
    for node in chart_nodes(BOARD):
        if node["meta"]["chartId"] in excluded:
            continue
        chart = charts[node["meta"]["uuid"]]
        table = datasets[chart.content["dataset_uuid"]].content["table_name"]
        reached.setdefault(table, set()).update(chart_metrics(chart))
    return reached


def test_the_filter_bar_offers_the_agreed_slices() -> None:
    assert len(SLICES) >= 12
    assert {
        *("brand", "mailing_channel", "mailing_type", "mailing_folder", "mailing"),
        *("mailing_variant", "mailing_topic", "mailing_utm_campaign", "email_domain_group"),
        *("gender", "age_band", "region", "customer_timezone", "cohort_month"),
        *("order_seq_group", "order_channel", "weekday", "hour"),
    } <= set(SLICES)


@pytest.mark.parametrize("column", SLICES)
def test_a_slice_cuts_every_chart_in_its_scope(stack: Stack, column: str) -> None:
    physical = PHYSICAL.get(column, column)
    for table, metrics in metrics_in_scope(column).items():
        data = ChartData.of(stack, table)
        period = f"send_date >= '{SINCE}' AND send_date < '{TILL}'"
        (values,) = stack.clickhouse.query(
            f"SELECT topK(1)({physical}) FROM {TABLES[table]} "
            f"WHERE {period} AND toString({physical}) != 'Не указано'"
        ).result_rows[0]
        expressions = {
            metric["metric_name"]: metric["expression"]
            for metric in FILES.by_uuid("datasets")[dataset_of(table)].content["metrics"]
        }
        names = sorted(metrics)
        direct = stack.clickhouse.query(
            f"SELECT {', '.join(expressions[name] for name in names)} FROM {TABLES[table]} "
            f"WHERE {period} AND {physical} = {{value:String}}",
            parameters={"value": str(values[0])},
        ).result_rows[0]
        answer = data.answer(names, PERIOD, where=((column, [values[0]]),))
        assert {"column": column} in answer["applied_filters"]
        (row,) = answer["data"]
        shown = [row[name] for name in names]
        expected = [None if value is None else float(value) for value in direct]
        assert shown == pytest.approx(expected, rel=1e-12), table


def dataset_of(table: str) -> str:
    return next(
        uuid
        for uuid, dataset in FILES.by_uuid("datasets").items()
        if dataset.content["table_name"] == table
    )


@pytest.mark.parametrize("column", SLICES)
def test_a_filter_lists_its_values(stack: Stack, column: str) -> None:
    uuid = filter_of(column)["targets"][0]["datasetUuid"]
    table = FILES.by_uuid("datasets")[uuid].content["table_name"]
    rows = ChartData.of(stack, table).rows([], PERIOD, columns=(column,))
    assert len({row[column] for row in rows}) > 1


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("date_basis", {"По дате отправки", "По дате события"}),
        ("attribution_model", {"Последнее непрямое касание"}),
    ],
)
def test_a_switch_lists_its_choices_without_reading_the_mart(
    stack: Stack, column: str, values: set[str]
) -> None:
    body = {
        "datasource": {"id": ChartData.of(stack, "board_options").dataset_id, "type": "table"},
        "queries": [{"columns": [column], "metrics": [], "row_limit": 100}],
        "result_format": "json",
        "result_type": "full",
    }
    answer = stack.client.post("chart/data", json=body)["result"][0]
    assert {row[column] for row in answer["data"]} == values
    assert "wide_events" not in answer["query"]
