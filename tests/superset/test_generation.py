"""What dbt defines arrives in datasets, the catalogue, the glossary and the exposures."""

import pytest
import yaml

from superset_assets.dataset_builder import (
    BOARD_OPTIONS,
    FRESHNESS,
    METRICS,
    RECONCILIATION,
    generate,
    slices_of,
)
from superset_assets.files import AssetFiles, Content
from superset_assets.generate import (
    ENGLISH_METRICS,
    EXPOSURES,
    GLOSSARY,
    MINDBOX_REPORT,
    generated,
    generated_texts,
    write_generated,
)
from superset_assets.manifest import Manifest, ManifestError, Metric
from superset_assets.metric_sql import MetricSql
from superset_assets.references import chart_metrics, charts_of
from superset_assets.semantics.catalog import CATALOG, Catalog
from superset_assets.semantics.comparison import CHOICES
from superset_assets.semantics.measures import measure

DEFINED = {
    "revenue": "sum(amount)",
    "sent": "sum(is_sent)",
    "as_written": "max(amount)\n  + 1",
    "revenue_per_sent": "toFloat64(@revenue) / nullIf(@sent, 0)",
    "doubled": "2 * @revenue_per_sent",
    "above_others": "@compared - @others",
    "hen": "@egg + 1",
    "egg": "@chick",
    "chick": "@hen",
    "lost": "@nobody",
    "silent": " ",
}


@pytest.fixture(scope="module")
def sql() -> MetricSql:
    metrics = {
        name: Metric(name, label=name, description=name, meta={"sql": written})
        for name, written in DEFINED.items()
    }
    return MetricSql(Manifest(models={}, metrics=metrics, macros={}))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("revenue", "sum(amount)"),
        ("as_written", "max(amount) + 1"),
        ("revenue_per_sent", "toFloat64((sum(amount))) / nullIf((sum(is_sent)), 0)"),
        ("doubled", "2 * (toFloat64((sum(amount))) / nullIf((sum(is_sent)), 0))"),
        # Which metric campaigns are compared by is known when a board asks.
        ("above_others", "{{ compared() }} - {{ others() }}"),
    ],
)
def test_a_metric_becomes_sql_with_other_metrics_put_in(
    sql: MetricSql, name: str, expected: str
) -> None:
    assert sql.expression(name) == expected


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("hen", "mention each other: hen → egg → chick → hen"),
        ("lost", "there is no metric nobody"),
        ("silent", "metric silent has no SQL"),
    ],
)
def test_what_cannot_be_said_stops_the_generation(sql: MetricSql, name: str, reason: str) -> None:
    with pytest.raises(ManifestError, match=reason):
        sql.expression(name)


@pytest.fixture(scope="module")
def datasets(manifest: Manifest) -> dict[str, Content]:
    return generate(manifest)


def columns_of(dataset: Content) -> dict[str, Content]:
    return {each["column_name"]: each for each in dataset["columns"]}


def metrics_of(dataset: Content) -> dict[str, Content]:
    return {each["metric_name"]: each for each in dataset["metrics"]}


def test_one_dataset_has_every_metric_of_dbt(
    datasets: dict[str, Content], manifest: Manifest
) -> None:
    assert set(datasets) == {METRICS, BOARD_OPTIONS, FRESHNESS, RECONCILIATION}
    assert datasets[METRICS]["sql"] == "{{ facts() }}"
    assert set(metrics_of(datasets[METRICS])) == {
        *manifest.metrics,
        *("hour_order", "weekday_order"),
    }


def test_a_metric_carries_its_words_and_its_format(
    datasets: dict[str, Content], manifest: Manifest
) -> None:
    metrics = metrics_of(datasets[METRICS])
    revenue, defined = metrics["revenue"], manifest.metrics["revenue"]
    assert revenue["verbose_name"] == defined.label
    assert revenue["description"] == f"{defined.description}\n\nФормула: {defined.formula}."
    assert revenue["d3format"] == "$,.0f"
    assert metrics["sent"]["d3format"] == ",.0f"
    assert metrics["sent"]["extra"]["certification"]["certified_by"]


def test_every_slice_of_every_mart_is_offered_once(
    datasets: dict[str, Content], manifest: Manifest
) -> None:
    offered = [each["column_name"] for each in datasets[METRICS]["columns"]]
    assert len(offered) == len(set(offered))
    slices = set(slices_of(manifest))
    assert set(offered) == slices | {
        *("date", "date_basis", "compared_metric", "weekday_axis"),
        *("funnel_step", "funnel_step_in_order"),
    }
    # From the events, from the lines of orders, from what is known today, from a moment.
    assert slices > {"mailing_folder", "category", "cohort_month", "rfm_segment_at_start"}
    # Several values at once are offered one by one.
    assert slices > {"mailing_tag", "promotion", "customer_segment", "first_category"}
    assert slices.isdisjoint({"mailing_tags", "promotions", "send_hour", "send_weekday"})
    columns = columns_of(datasets[METRICS])
    assert columns["promotion"]["type"] == "LowCardinality(String)"
    assert all(each["verbose_name"] and each["description"] for each in columns.values())


def test_the_date_is_the_one_that_rows_count_on(datasets: dict[str, Content]) -> None:
    """No column of a mart: the grain cannot be mistaken for the period."""
    dataset = datasets[METRICS]
    assert dataset["main_dttm_col"] == "date"
    assert [each["column_name"] for each in dataset["columns"] if each["is_dttm"]] == ["date"]
    assert columns_of(dataset)["date"]["expression"] == "counted_date"


def test_days_of_the_week_have_an_axis_in_their_order(datasets: dict[str, Content]) -> None:
    expression = columns_of(datasets[METRICS])["weekday_axis"]["expression"]
    assert "indexOf(['Пн', 'Вт', 'Ср', 'Чт', 'Пт', 'Сб', 'Вс'], toString(weekday))" in expression


def test_the_switches_offer_what_can_be_chosen(
    datasets: dict[str, Content], manifest: Manifest
) -> None:
    options = {
        name: each["expression"] for name, each in columns_of(datasets[BOARD_OPTIONS]).items()
    }
    assert options["date_basis"] == "arrayJoin(['По дате отправки', 'По дате события'])"
    # The first is the default; events that no model speaks of are no choice.
    assert options["attribution_model"].startswith("arrayJoin(['Последнее непрямое касание', ")
    assert "Не указано" not in options["attribution_model"]
    labels = ", ".join(f"'{manifest.metrics[name].label}'" for name in CHOICES)
    assert options["compared_metric"] == f"arrayJoin([{labels}])"


def test_campaigns_are_compared_by_sums_alone(manifest: Manifest) -> None:
    """Only of these can the others' metric be had from sums by campaign."""
    sql = MetricSql(manifest)
    for name in CHOICES:
        assert "uniq" not in sql.expression(name), name
        assert "quantile" not in sql.expression(name), name


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


def test_the_written_texts_are_those_of_the_current_models(
    files: AssetFiles, manifest: Manifest
) -> None:
    """Stale? `python -m superset_assets generate` writes them anew."""
    texts = generated_texts(files, manifest)
    assert set(texts) == {CATALOG, GLOSSARY, MINDBOX_REPORT, ENGLISH_METRICS, EXPOSURES}
    stale = [path.name for path, text in texts.items() if path.read_text(encoding="utf-8") != text]
    assert stale == []


def test_the_catalogue_knows_every_word_of_every_metric(manifest: Manifest) -> None:
    catalog = Catalog.read()
    for column in ("is_sent", "closing_is_active", "opening_is_active", "all_order_amount"):
        assert measure(column, catalog) is not None
    assert measure("is_lost", catalog) is None
    assert catalog.additivity.keys() == manifest.metrics.keys()
    assert catalog.slices.keys() == slices_of(manifest).keys()


def test_the_glossary_explains_every_metric_and_every_slice(manifest: Manifest) -> None:
    text = GLOSSARY.read_text(encoding="utf-8")
    for metric in manifest.metrics.values():
        assert f"**{metric.label}** · {metric.meta['label_en']} · `{metric.name}`\n" in text
        assert f"Формула: {metric.formula}." in text
    for name, column in slices_of(manifest).items():
        assert f"| {column.label} | `{name}` |" in text


def test_a_board_is_an_exposure_over_the_marts(files: AssetFiles, manifest: Manifest) -> None:
    exposures = yaml.safe_load(EXPOSURES.read_text(encoding="utf-8"))["exposures"]
    assert {each["label"] for each in exposures} == {
        board.content["dashboard_title"] for board in files.of("dashboards")
    }
    for exposure in exposures:
        named = [each.removeprefix("ref('").removesuffix("')") for each in exposure["depends_on"]]
        assert set(named) <= manifest.models.keys()
        assert "wide_events" in named


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
    for board in files.of("dashboards"):
        text = board.content["position"]["MARKDOWN-methodology"]["meta"]["code"]
        charts = charts_of(board, files.of("charts"))
        shown = {metric for chart in charts for metric in chart_metrics(chart)}
        assert len(shown & manifest.metrics.keys()) > 8
        for name in shown & manifest.metrics.keys():
            defined = manifest.metrics[name]
            assert f"| **{defined.label}** | {defined.description} | {defined.formula} |" in text
