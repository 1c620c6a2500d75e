"""Each known trap, planted, is found; the files as they are have none."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pytest

from superset_assets.dataset_builder import BOARD_OPTIONS, dataset_uuid
from superset_assets.files import Asset, AssetFiles, Content
from superset_assets.lint import lint
from superset_assets.manifest import Manifest

Plant = Callable[[Content], Any]


@dataclass(frozen=True)
class KnownFiles(AssetFiles):
    """Assets that are not read from their folder."""

    assets: tuple[Asset, ...]

    @cached_property
    def all(self) -> list[Asset]:
        return list(self.assets)


def test_the_files_have_no_problems(files: AssetFiles, manifest: Manifest) -> None:
    assert lint(files, manifest) == []


def named(files: AssetFiles, kind: str, name: str) -> Asset:
    return next(asset for asset in files.of(kind) if asset.path.stem == name)


def part(parts: list[Content], name: str) -> Content:
    return next(
        each for each in parts if name in {each.get("column_name"), each.get("metric_name")}
    )


def board_filter(board: Content, name: str) -> Content:
    return next(
        each
        for each in board["metadata"]["native_filter_configuration"]
        if each["id"] == f"NATIVE_FILTER-{name}"
    )


def drop_period(chart: Content) -> None:
    chart["params"]["adhoc_filters"] = []


def use_physical_date(dataset: Content) -> None:
    part(dataset["columns"], "date")["expression"] = None


def shadow_physical_date(dataset: Content) -> None:
    part(dataset["columns"], "date").update(column_name="send_date", expression="send_date")


def rename_metric(dataset: Content) -> None:
    part(dataset["metrics"], "sent")["metric_name"] = "is_sent"


def name_metric_like_slice(dataset: Content) -> None:
    part(dataset["metrics"], "sent")["metric_name"] = "region"


def ad_hoc_metric(chart: Content) -> None:
    chart["params"]["metric"] = {"expressionType": "SQL", "sqlExpression": "1", "label": "своя"}


def free_sql_filter(chart: Content) -> None:
    chart["params"]["adhoc_filters"].append(
        {"expressionType": "SQL", "sqlExpression": "1 = 1", "clause": "WHERE"}
    )


def filter_on_missing_column(chart: Content) -> None:
    trap = {"expressionType": "SIMPLE", "subject": "colour", "operator": "IN", "comparator": ["x"]}
    chart["params"]["adhoc_filters"].append({**trap, "clause": "WHERE"})


def read_what_has_no_slices(chart: Content) -> None:
    chart["dataset_uuid"] = dataset_uuid(BOARD_OPTIONS)


def lose_a_chart(board: Content) -> None:
    board["position"]["CHART-kpi_sent"]["meta"]["uuid"] = "00000000-0000-0000-0000-000000000000"


def lose_the_freshness(board: Content) -> None:
    names = [key for key in board["position"] if "freshness" in key]
    assert names
    for name in names:
        board["position"][name]["meta"]["uuid"] = "00000000-0000-0000-0000-000000000000"


def lose_the_tiles(board: Content) -> None:
    names = [key for key in board["position"] if key.startswith("CHART-kpi_")]
    assert names
    for name in names:
        board["position"][name]["meta"]["uuid"] = "00000000-0000-0000-0000-000000000000"


TRAPS: list[tuple[str, str, Plant, str]] = [
    ("charts", "kpi_sent", drop_period, "no TEMPORAL_RANGE"),
    ("charts", "kpi_sent", ad_hoc_metric, "'своя' is not a saved one"),
    ("charts", "kpi_sent", free_sql_filter, "is free SQL"),
    ("charts", "kpi_sent", filter_on_missing_column, "filter is on colour"),
    ("charts", "kpi_sent", lambda c: c.update(description=None), "no description"),
    (
        "charts",
        "kpi_sent",
        lambda c: c.update(description="Отправки. Под числом — значение за день раньше."),
        "does not say by which date it counts",
    ),
    (
        "charts",
        "kpi_sent",
        lambda c: c.update(description="Отправки  по дате отправки."),
        "spaces that nobody reads",
    ),
    ("charts", "kpi_sent", lambda c: c.update(query_context="{}"), "query_context"),
    ("charts", "kpi_sent", lambda c: c.update(dataset_uuid="lost"), "is in no file"),
    ("charts", "kpi_sent", lambda c: c["params"].update(metric="lost"), "no metric lost"),
    ("charts", "kpi_sent", lambda c: c["params"].update(slice_id=7), "one installation"),
    (
        "charts",
        "kpi_sent",
        lambda c: c["params"].update(time_compare=["28 days ago"]),
        "compare by calendar",
    ),
    (
        "charts",
        "kpi_sent",
        lambda c: c["params"].update(y_axis_format="SMART_NUMBER"),
        "no explicit format",
    ),
    (
        "charts",
        "kpi_sent",
        lambda c: (c.update(viz_type="big_number"), c["params"].update(viz_type="big_number")),
        "last bucket",
    ),
    (
        "charts",
        "campaign_table",
        lambda c: c["params"]["column_config"].pop("sent"),
        "column sent has no explicit format",
    ),
    (
        "charts",
        "kpi_sent",
        lambda c: c.update(slice_name="Неслыханное"),
        "no English in locale/en/boards.po for 'Неслыханное'",
    ),
    (
        "charts",
        "dynamics_visits",
        lambda c: c["params"].update(color_scheme="supersetColors"),
        "no palette of the brands",
    ),
    (
        "charts",
        "dynamics_visits",
        lambda c: c["params"].pop("limit"),
        "more values than the palette's 8 colours",
    ),
    (
        "charts",
        "channel_revenue",
        lambda c: c["params"].update(x_axis="colour"),
        "no column colour",
    ),
    (
        "charts",
        "heatmap_sent",
        lambda c: c["params"].update(show_legend=True),
        "cannot be read in the dark",
    ),
    (
        "charts",
        "views_map",
        lambda c: c["params"].update(number_format="SMART_NUMBER"),
        "number_format 'SMART_NUMBER' is no explicit format",
    ),
    (
        "charts",
        "campaigns_ranked",
        lambda c: c["params"]["column_config"].pop("%mail_revenue"),
        "column %mail_revenue has no explicit format",
    ),
    (
        "charts",
        "views_map",
        lambda c: c["params"].update(metric="product_view_visitors"),
        "outer level of the tree map adds up product_view_visitors",
    ),
    (
        "charts",
        "base_by_time",
        lambda c: c["params"].update(rolling_type="cumsum"),
        "rolling_type adds up reachable_contacts",
    ),
    (
        "charts",
        "lifecycle_by_time",
        lambda c: c["params"].update(metrics=["buyers"]),
        "stack adds up buyers",
    ),
    (
        "charts",
        "growth_waterfall",
        lambda c: c["params"].update(metric="buyers"),
        "show_total adds up buyers",
    ),
    ("datasets", "metrics", use_physical_date, "is a physical one"),
    ("datasets", "metrics", shadow_physical_date, "named like a physical column"),
    ("datasets", "metrics", rename_metric, "metric is_sent is named like a column"),
    ("datasets", "metrics", name_metric_like_slice, "metric region is named like a column"),
    ("datasets", "metrics", lambda d: d.update(main_dttm_col="day"), "none of its columns"),
    (
        "datasets",
        "metrics",
        lambda d: d.update(table_name="lost", sql=None),
        "dbt has no model",
    ),
    (
        "datasets",
        "metrics",
        lambda d: part(d["columns"], "region").update(column_name="colour"),
        "no mart has colour",
    ),
    (
        "datasets",
        "metrics",
        lambda d: part(d["metrics"], "sent").update(expression="sum(is_lost)"),
        "no mart has is_lost",
    ),
    (
        "datasets",
        "metrics",
        lambda d: part(d["metrics"], "sent").update(description=None),
        "metric sent has no description",
    ),
    (
        "datasets",
        "metrics",
        lambda d: part(d["metrics"], "sent").update(d3format="SMART_NUMBER"),
        "no explicit format",
    ),
    (
        "datasets",
        "metrics",
        lambda d: part(d["columns"], "region").update(type="DateTime('Europe/Moscow')"),
        "DateTime with a zone",
    ),
    (
        "datasets",
        "metrics",
        lambda d: part(d["metrics"], "sent").update(
            expression="{% set t = get_time_filter('date', remove_filter=True) %}sum(is_sent)"
        ),
        "removes a filter",
    ),
    ("charts", "kpi_sent", read_what_has_no_slices, "would be ignored by kpi_sent"),
    ("dashboards", "mailings", lose_a_chart, "which is in no file"),
    (
        "dashboards",
        "mailings",
        lambda b: b["position"]["CHART-kpi_sent"]["meta"].update(
            chartId=b["position"]["CHART-kpi_delivered"]["meta"]["chartId"]
        ),
        "stands for 2 charts",
    ),
    (
        "dashboards",
        "mailings",
        lambda b: b["position"]["CHART-kpi_sent"]["meta"].pop("chartId"),
        "has no chartId",
    ),
    (
        "dashboards",
        "mailings",
        lambda b: b["position"]["ROW-kpi-volume"]["children"].remove("CHART-kpi_sent"),
        "in no container",
    ),
    (
        "dashboards",
        "mailings",
        lambda b: board_filter(b, "region").update(chartsInScope=[31]),
        "chartsInScope belongs to one installation",
    ),
    (
        "dashboards",
        "mailings",
        lambda b: board_filter(b, "region").update(description=""),
        "filter Регион has no description",
    ),
    (
        "dashboards",
        "mailings",
        lambda b: board_filter(b, "region")["targets"][0]["column"].update(name="colour"),
        "has no column colour",
    ),
    (
        "dashboards",
        "mailings",
        lambda b: board_filter(b, "weekday")["controlValues"].update(sortMetric="lost"),
        "is sorted by lost",
    ),
    (
        "dashboards",
        "mailings",
        lambda b: b["metadata"]["native_filter_configuration"].pop(0),
        "no period filter",
    ),
    ("dashboards", "mailings", lambda b: b.update(description=None), "no description"),
    (
        "dashboards",
        "mailings",
        lambda b: b["metadata"].update(cross_filters_enabled=False),
        "it has no cross-filters",
    ),
    ("dashboards", "mailings", lose_the_freshness, "it has no chart of the dataset freshness"),
    ("dashboards", "mailings", lose_the_tiles, "it has no number with its previous period"),
    ("dashboards", "mailings", lambda b: b.update(slug=None), "no slug"),
]


@pytest.mark.parametrize(
    ("kind", "name", "plant", "message"), TRAPS, ids=[trap[3] for trap in TRAPS]
)
def test_a_planted_trap_is_found(  # noqa: PLR0917
    files: AssetFiles, manifest: Manifest, kind: str, name: str, plant: Plant, message: str
) -> None:
    asset = named(files, kind, name)
    content = deepcopy(asset.content)
    plant(content)
    others = [each for each in files.all if each is not asset]
    planted = KnownFiles(files.root, (*others, replace(asset, content=content)))
    found = [problem.message for problem in lint(planted, manifest)]
    assert any(message in each for each in found), found


def test_a_second_owner_of_an_identity_is_found(
    copied_files: AssetFiles, manifest: Manifest
) -> None:
    chart = named(copied_files, "charts", "kpi_sent")
    copied_files.write(chart.path.with_name("twin.yaml"), chart.content)
    found = [problem.message for problem in lint(AssetFiles(copied_files.root), manifest)]
    assert any("stands in another file too" in message for message in found)


def test_a_chart_on_no_board_is_found(copied_files: AssetFiles, manifest: Manifest) -> None:
    chart = named(copied_files, "charts", "kpi_sent")
    orphan = {**chart.content, "uuid": "11111111-1111-1111-1111-111111111111"}
    copied_files.write(chart.path.with_name("orphan.yaml"), orphan)
    (problem,) = lint(AssetFiles(copied_files.root), manifest)
    assert problem.message == "no board shows this chart"
