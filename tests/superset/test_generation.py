"""What dbt defines arrives in Superset's datasets."""

import re
from typing import Any

import pytest

from superset_assets.dataset_builder import BOARD_OPTIONS, generate
from superset_assets.files import AssetFiles
from superset_assets.generate import generated, write_generated
from superset_assets.manifest import Manifest, ManifestError
from superset_assets.metric_sql import MetricSql


def column(name: str, type_: str, **meta: Any) -> dict[str, Any]:
    about = {"label": name.title(), "slice": True, **meta}
    return {
        "name": name,
        "data_type": type_,
        "description": f"О столбце {name}.",
        "config": {"meta": about},
    }


COLUMNS = [
    column("event_date", "Date", hidden=True),
    column("send_date", "Date", hidden=True),
    column("channel", "LowCardinality(String)"),
    column("customer_key", "UInt64", slice=False),
    column("amount", "Decimal(18, 4)", slice=False),
    column("is_sent", "UInt8", slice=False),
    column("attribution_model", "Enum8('Последнее' = 1, 'Первое' = 2, 'Не указано' = 3)"),
]
MEASURES = [("money", "sum", "amount"), ("people", "count_distinct", "customer_key")]
MEASURES += [("sendings", "sum", "is_sent"), ("typical", "median", "amount")]


def simple(measure: str, condition: str | None = None) -> dict[str, Any]:
    return {"measure": {"name": measure, "filter": where(condition)}}


def where(condition: str | None) -> dict[str, Any] | None:
    return {"where_filters": [{"where_sql_template": condition}]} if condition else None


def metric(name: str, kind: str, type_params: dict[str, Any], **rest: Any) -> dict[str, Any]:
    meta = {"formula": "что-то ÷ что-то", "unit": "count", "format": ",.0f"}
    return {
        "name": name,
        "type": kind,
        "label": f"Название {name}",
        "description": f"Смысл {name}.",
        "type_params": type_params,
        "filter": where(rest.pop("where", None)),
        "config": {"meta": {**meta, **rest}},
    }


def part(name: str, **rest: Any) -> dict[str, Any]:
    return {"name": name, "filter": None, **rest}


METRICS = [
    metric("revenue", "simple", simple("money"), unit="rub"),
    metric("email_revenue", "simple", simple("money", "{{ Dimension('e__channel') }} = 'E-mail'")),
    metric("buyers", "simple", simple("people"), where="{{ Dimension('e__is_sent') }} = 1"),
    metric("sent", "simple", simple("sendings")),
    metric(
        "revenue_per_sent", "ratio", {"numerator": part("revenue"), "denominator": part("sent")}
    ),
    metric("sent_per_buyer", "ratio", {"numerator": part("sent"), "denominator": part("buyers")}),
    metric(
        "rest",
        "derived",
        {
            "expr": "total - email_revenue * 2",
            "metrics": [part("revenue", alias="total"), part("email_revenue")],
        },
    ),
    metric("as_written", "simple", simple("money"), sql="max(amount)\n  + 1"),
]


def manifest(*more: dict[str, Any]) -> Manifest:
    semantic = {
        "name": "events",
        "node_relation": {"alias": "events"},
        "measures": [{"name": n, "agg": a, "expr": e} for n, a, e in MEASURES],
        "dimensions": [{"name": name, "expr": None} for name in ("channel", "is_sent")],
    }
    model = {
        "name": "events",
        "alias": "events",
        "schema": "marts",
        "resource_type": "model",
        "description": "События.",
        "columns": {each["name"]: each for each in COLUMNS},
    }
    return Manifest.of(
        {
            "nodes": {"model.events": model},
            "semantic_models": {"events": semantic},
            "metrics": {each["name"]: each for each in [*METRICS, *more]},
        }
    )


@pytest.mark.parametrize(
    ("name", "sql"),
    [
        ("revenue", "sum(amount)"),
        ("email_revenue", "sumIf(amount, channel = 'E-mail')"),
        ("buyers", "uniqExactIf(customer_key, is_sent = 1)"),
        # A quotient of decimals would keep four digits.
        ("revenue_per_sent", "toFloat64(sum(amount)) / nullIf(sum(is_sent), 0)"),
        ("sent_per_buyer", "sum(is_sent) / nullIf(uniqExactIf(customer_key, is_sent = 1), 0)"),
        ("rest", "sum(amount) - sumIf(amount, channel = 'E-mail') * 2"),
        ("as_written", "max(amount) + 1"),
    ],
)
def test_a_metric_becomes_clickhouse_sql(name: str, sql: str) -> None:
    assert MetricSql(manifest()).expression(name) == sql


@pytest.mark.parametrize(
    ("unsayable", "reason"),
    [
        (metric("odd", "simple", simple("typical")), "median has no translation"),
        (metric("odd", "cumulative", simple("money")), "type cumulative has no translation"),
        (metric("odd", "ratio", {"numerator": part("x"), "denominator": part("sent")}), "metric x"),
        (
            metric("odd", "simple", simple("money", "{{ Dimension('e__colour') }} = 'red'")),
            "no dimension e__colour",
        ),
    ],
)
def test_what_cannot_be_said_stops_the_generation(unsayable: dict[str, Any], reason: str) -> None:
    with pytest.raises(ManifestError, match=reason):
        MetricSql(manifest(unsayable)).expression("odd")


def test_a_metric_carries_its_words_and_its_format() -> None:
    metrics = {each["metric_name"]: each for each in generate(manifest())["events"]["metrics"]}
    assert metrics["revenue"]["verbose_name"] == "Название revenue"
    assert metrics["revenue"]["description"] == "Смысл revenue.\n\nФормула: что-то ÷ что-то."
    assert metrics["revenue"]["d3format"] == "$,.0f"
    assert metrics["sent"]["d3format"] == ",.0f"
    assert metrics["sent"]["extra"]["certification"]["certified_by"]


def test_physical_dates_stay_out_and_the_calculated_date_takes_their_place() -> None:
    dataset = generate(manifest())["events"]
    columns = {each["column_name"]: each for each in dataset["columns"]}
    assert set(columns) == {"attribution_model", "channel", "date", "date_basis"}
    assert dataset["main_dttm_col"] == "date"
    assert columns["date"]["is_dttm"]
    assert re.findall(r"\w+_date", columns["date"]["expression"]) == ["event_date", "send_date"]
    assert columns["channel"]["verbose_name"] == "Channel"


def test_the_first_attribution_model_is_the_default_and_only_one_passes() -> None:
    datasets = generate(manifest())
    assert "(chosen or ['Последнее'])[:1]" in datasets["events"]["sql"]
    options = {each["column_name"]: each for each in datasets[BOARD_OPTIONS]["columns"]}
    assert options["attribution_model"]["expression"] == "arrayJoin(['Последнее', 'Первое'])"


def test_the_written_files_are_those_of_the_current_models(
    files: AssetFiles, manifest: Manifest
) -> None:
    """Stale? `python -m superset_assets generate` writes them anew."""
    written = {asset.path: asset.content for asset in files.all}
    stale = [
        str(path)
        for path, content in generated(files, manifest).items()
        if written.get(path) != content
    ]
    assert stale == []
    assert {asset.path for asset in files.of("datasets")} <= set(generated(files, manifest))


def test_generating_again_changes_nothing_and_drops_what_dbt_dropped(
    copied_files: AssetFiles, manifest: Manifest
) -> None:
    write_generated(copied_files, manifest)
    left_over = copied_files.of("datasets")[0]
    copied_files.write(left_over.path.with_name("left_over.yaml"), left_over.content)
    again = AssetFiles(copied_files.root)
    assert write_generated(again, manifest) == [left_over.path.with_name("left_over.yaml")]
    assert write_generated(AssetFiles(copied_files.root), manifest) == []


def test_the_methodology_explains_every_metric_on_the_board(
    files: AssetFiles, manifest: Manifest
) -> None:
    (board,) = files.of("dashboards")
    text = board.content["position"]["MARKDOWN-methodology"]["meta"]["code"]
    shown = {
        metric
        for chart in files.of("charts")
        for control in ("metric", "metrics")
        for metric in [chart.content["params"].get(control, [])]
        for metric in ([metric] if isinstance(metric, str) else metric)
    }
    assert len(shown) > 15
    for name in shown:
        defined = manifest.metrics[name]
        assert f"| **{defined.label}** | {defined.description} | {defined.formula} |" in text
