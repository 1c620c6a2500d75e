"""Every figure of Mindbox's mailing report stands beside ours."""

import json
import re

import chdb
import pytest

from mindbox_extract.datasets import DATASETS
from superset_assets import mindbox_report
from superset_assets.manifest import Manifest

MART = """(
    select
        'summary' as report, toDate('2026-01-01') as report_date, key as mailing_key,
        1 as mailing_variant, measure, 1 as is_comparable, '' as why_not_comparable,
        toDecimal64(said, 4) as reported, toDecimal64(ours, 4) as counted,
        greatest(reported - counted, toDecimal64(0, 4)) as deficit,
        greatest(counted - reported, toDecimal64(0, 4)) as surplus
    from values(
        'key String, measure String, said UInt32, ours UInt32',
        ('1', 'sent', 100, 100), ('1', 'delivered', 90, 90),
        ('2', 'sent', 300, 300), ('2', 'delivered', 150, 149),
        ('gone', 'sent', 1, 0)
    )
)"""
MAILINGS = """(
    select
        key as mailing_key, concat('Письмо ', key) as mailing, 'Ясень Дом' as brand,
        cast('SMS', 'Enum8(\\'E-mail\\' = 1, \\'SMS\\' = 2)') as mailing_channel,
        'Массовая' as mailing_type, 'Лето' as mailing_folder, 'Новости' as mailing_topic,
        '' as mailing_utm_campaign
    from values('key String', ('1'), ('2'))
)"""


def _reports_columns() -> set[str]:
    """The columns of both reports that hold figures, as the extractor takes them."""
    return {
        field.path
        for name in ("mailing_report_summary", "mailing_report_dynamics")
        for field in DATASETS[name].fields
        if field.type.startswith("Nullable(")
    }


@pytest.fixture
def rows(manifest: Manifest) -> str:
    schema = manifest.models[mindbox_report.MART].schema
    written = mindbox_report.rows(manifest)
    for name, table in ((mindbox_report.MART, MART), (mindbox_report.MAILINGS, MAILINGS)):
        written = re.sub(rf"\b{schema}\.{name}\b", lambda _, rows=table: rows, written)
    return written


def _asked(rows: str, columns: str, names: tuple[str, ...]) -> list[dict[str, object]]:
    metrics = {
        each["name"]: mindbox_report.metric_sql(each["sql"])
        for each in mindbox_report.contents().metrics
    }
    listed = ", ".join(f"{metrics[name]} as {name}" for name in names)
    asked = f"select {columns}, {listed} from ({rows}) group by {columns}"  # noqa: S608
    answer = chdb.query(asked, "JSON")
    data: list[dict[str, object]] = json.loads(str(answer))["data"]
    return data


def test_no_figure_of_the_reports_is_left_out() -> None:
    named = {each.column for each in mindbox_report.contents().figures}
    assert _reports_columns() <= named


def test_figures_name_metrics_and_measures_that_there_are(manifest: Manifest) -> None:
    model = manifest.models[mindbox_report.MART]
    assert {each.metric for each in mindbox_report.contents().figures} <= set(manifest.metrics)
    assert {"measure", "reported", "counted", "deficit", "surplus"} <= set(model.columns)


def test_rates_are_ratios_of_sums_and_gaps_do_not_cancel_out(rows: str) -> None:
    found = _asked(
        rows,
        "figure",
        ("mindbox_value", "our_value", "value_difference", "matched_rows_share", "deficit_value"),
    )
    delivered, rate, sent = (
        next(row for row in found if row["figure"] == figure)
        for figure in ("Доставлено", "Доставлено, %", "Отправлено")
    )
    assert (delivered["mindbox_value"], delivered["our_value"]) == (240, 239)
    assert delivered["value_difference"] == -1
    assert delivered["matched_rows_share"] == 0.5
    assert rate["mindbox_value"] == pytest.approx(100 * 240 / 401)
    assert rate["our_value"] == pytest.approx(100 * 239 / 400)
    assert sent["deficit_value"] == 1


def test_figures_are_not_added_to_each_other(rows: str) -> None:
    (everything,) = _asked(rows, "report_kind", ("mindbox_value",))
    assert everything["mindbox_value"] is None


def test_a_mailing_that_is_gone_is_of_no_channel(rows: str) -> None:
    found = _asked(rows, "mailing_channel", ("compared_rows",))
    assert {row["mailing_channel"] for row in found} == {"SMS", "Не указано"}
