# ruff: noqa: S608 (statements are put together from the constants of this file)
"""What else Superset asks of the dataset: sorting, second queries, arithmetic, lists, details."""

from collections.abc import Iterator

import pytest

from superset_assets.client import SupersetClient, SupersetError
from superset_assets.dataset_builder import THIN_SPACE, slices_of
from superset_assets.files import AssetFiles
from superset_assets.manifest import Manifest
from tests.superset.chart_data import ChartData, Row, query, reason
from tests.superset.marts import MODEL, UNKNOWN
from tests.superset.stack import Stack
from tests.superset.test_numbers import HOLDS, PERIOD, STATES, TILL, in_period

PERIOD_WORDS = " : ".join(PERIOD)


def test_every_metric_can_be_asked_of_a_month_and_of_a_brand(
    metrics: ChartData, manifest: Manifest
) -> None:
    """What is composed has to pass Superset's own parser, too."""
    # A trend is one of another metric.
    of_another = {"linear_trend": ["sent"], "linear_trend_step": ["sent"]}
    asked = [
        query([*of_another.get(name, []), name], PERIOD, grain="P1Y", columns=("brand",))
        for name in sorted(manifest.metrics)
    ]
    answered = [each["error"] for batch in batched(asked) for each in metrics.results(*batch)]
    assert answered == [None] * len(manifest.metrics)


def test_every_slice_cuts_every_kind_of_fact(metrics: ChartData, manifest: Manifest) -> None:
    kinds = ["sent", "orders", "mail_orders", "site_visits", "active_customers", "new_contacts"]
    slices = sorted(slices_of(manifest))
    asked = [query(kinds, PERIOD, columns=(name,)) for name in slices]
    answers = [each for batch in batched(asked) for each in metrics.results(*batch)]
    assert [each["error"] for each in answers] == [None] * len(slices)
    assert [name for name, each in zip(slices, answers, strict=True) if not each["data"]] == []


def batched(queries: list[Row]) -> Iterator[list[Row]]:
    """Some at a time, as a request takes them."""
    for first in range(0, len(queries), 20):
        yield queries[first : first + 20]


def test_a_chart_may_be_sorted_by_a_metric_that_it_does_not_show(metrics: ChartData) -> None:
    by_revenue = metrics.rows(["mail_revenue"], PERIOD, columns=("mailing",))
    best = max(by_revenue, key=lambda row: row["mail_revenue"] or 0)["mailing"]
    sorting = {"orderby": [["mail_revenue", False]], "row_limit": 1}
    (row,) = metrics.rows(["sent"], PERIOD, columns=("mailing",), **sorting)
    assert row["mailing"] == best
    limited = {"series_columns": ["mailing"], "series_limit": 1}
    rows = metrics.rows(
        ["sent"],
        PERIOD,
        grain="P1M",
        columns=("mailing",),
        series_limit_metric="mail_revenue",
        **limited,
    )
    assert {row["mailing"] for row in rows} == {best}


def test_the_second_query_of_a_request_has_filters_of_its_own(metrics: ChartData) -> None:
    sms, everything = (("mailing_channel", ["SMS"]),), ()
    first, second = metrics.results(
        query(["sent"], PERIOD, where=sms), query(["sent"], PERIOD, where=everything)
    )
    assert first["data"] == metrics.rows(["sent"], PERIOD, where=sms)
    assert second["data"] == metrics.rows(["sent"], PERIOD)
    assert first["data"] != second["data"]


def test_a_filter_on_a_metric_keeps_groups(metrics: ChartData) -> None:
    groups = metrics.rows(["sent", "opens"], PERIOD, columns=("mailing",))
    limit = sorted(row["opens"] or 0 for row in groups)[-4]
    many = {row["mailing"] for row in groups if (row["opens"] or 0) > limit}
    on_metric = {"filters": [{"col": "opens", "op": ">", "val": limit}]}
    in_sql = {"extras": {"having": f"sum(is_opened) > {limit}"}}
    for more in (on_metric, in_sql):
        (found,) = metrics.results(query(["sent"], PERIOD, columns=("mailing",), **more))
        assert {row["mailing"] for row in found["data"]} == many


@pytest.mark.parametrize(
    "more",
    [
        {"extras": {"where": "gender = 'Мужской'"}},
        {"filters": [{"col": "gender", "op": "==", "val": "Мужской"}]},
        {"filters": [{"col": "gender", "op": "NOT IN", "val": ["Женский", UNKNOWN]}]},
        {"filters": [{"col": "gender", "op": "ILIKE", "val": "муж%"}]},
    ],
)
def test_a_condition_cuts_every_kind_of_fact(metrics: ChartData, more: dict[str, object]) -> None:
    asked = ["sent", "mail_revenue", "active_customers", "orders"]
    men = metrics.rows(asked, PERIOD, where=(("gender", ["Мужской"]),))
    assert metrics.rows(asked, PERIOD, **more) == men
    assert men != metrics.rows(asked, PERIOD)


def test_a_day_of_the_week_is_drilled_by_its_axis(stack: Stack, metrics: ChartData) -> None:
    rows = metrics.rows(["sent"], PERIOD, columns=("weekday_axis",))
    expected = stack.clickhouse.query(
        "SELECT toString(send_weekday), sum(is_sent) FROM marts.wide_events"
        f" WHERE {in_period()} AND event = 'message' GROUP BY 1"
    ).result_rows
    assert {row["weekday_axis"].strip(): row["sent"] for row in rows} == dict(expected)
    in_order = sorted(rows, key=lambda row: row["weekday_axis"].count(THIN_SPACE), reverse=True)
    days = [row["weekday_axis"].strip() for row in in_order]
    assert days == ["Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс"]
    one = next(row for row in rows if row["weekday_axis"].endswith("Ср"))
    drilled = [{"col": "weekday_axis", "op": "IN", "val": [one["weekday_axis"]]}]
    assert metrics.rows(["sent"], PERIOD, filters=drilled) == [{"sent": one["sent"]}]


@pytest.mark.parametrize("words", ["No filter", f"{PERIOD[0]} : ", f" : {PERIOD[1]}"])
def test_a_period_may_be_open(stack: Stack, metrics: ChartData, words: str) -> None:
    since, till = words.split(" : ") if ":" in words else ("", "")
    expected = stack.clickhouse.query(
        "SELECT sum(is_sent) FROM marts.wide_events WHERE event = 'message'"
        f" AND send_date >= '{since or '2010-01-01'}' AND send_date < '{till or '2100-01-01'}'"
    ).result_rows[0][0]
    asked = {**query(["sent"], PERIOD), "filters": [temporal(words)]}
    assert metrics.results(asked)[0]["data"] == [{"sent": expected}]


def temporal(words: str) -> dict[str, str]:
    return {"col": "date", "op": "TEMPORAL_RANGE", "val": words}


@pytest.mark.parametrize("chosen", ["mail_revenue", "delivered"])
def test_campaigns_are_compared_by_the_metric_that_is_chosen(
    metrics: ChartData, manifest: Manifest, chosen: str
) -> None:
    where = (("compared_metric", [manifest.metrics[chosen].label]),)
    asked = ["cmp_rank", "cmp_vs_benchmark", chosen]
    rows = metrics.rows(asked, PERIOD, columns=("mailing_folder",), where=where)
    best_first = sorted(rows, key=lambda row: -row[chosen])
    assert [row["cmp_rank"] for row in best_first] == list(range(1, len(rows) + 1))
    total = sum(row[chosen] for row in rows)
    for row in rows:
        above_the_others = row[chosen] - (total - row[chosen])
        assert row["cmp_vs_benchmark"] == pytest.approx(above_the_others, rel=1e-9)


def test_what_cannot_be_compared_by_is_said(metrics: ChartData) -> None:
    with pytest.raises(SupersetError) as refused:
        metrics.rows(["cmp_rank"], PERIOD, where=(("compared_metric", ["Погода"]),))
    assert "campaigns cannot be compared by Погода" in reason(refused.value)


def test_rows_behind_a_number_show_slices_and_nobody(metrics: ChartData, files: AssetFiles) -> None:
    """«Drill to detail»: what is filtered, as many rows as are counted, no key of a customer."""
    north = [{"col": "brand", "op": "IN", "val": ["Север"]}, temporal(PERIOD_WORDS)]
    asked = {"filters": north, "row_limit": 50}
    (details,) = metrics.results(asked, result_type="drill_detail")
    assert len(details["data"]) == 50
    assert {"зима", "зима, скидки"} <= {row["mailing_tag"] for row in details["data"]}
    assert {row["brand"] for row in details["data"]} == {"Север"}
    dataset = next(each for each in files.of("datasets") if each.path.stem == "metrics")
    assert set(details["data"][0]) == {each["column_name"] for each in dataset.content["columns"]}
    assert not any("key" in name for name in details["data"][0])
    (sample,) = metrics.results({"row_limit": 5}, result_type="samples")
    assert len(sample["data"]) == 5


@pytest.mark.parametrize("columns", [["mailing", "gender"], ["weekday_axis"], ["date", "hour"]])
def test_a_table_of_raw_rows_shows_the_columns_that_were_chosen(
    metrics: ChartData, columns: list[str]
) -> None:
    asked = {"columns": columns, "filters": [temporal(PERIOD_WORDS)], "row_limit": 20}
    (answer,) = metrics.results(asked)
    assert len(answer["data"]) == 20
    assert all(list(row) == columns for row in answer["data"])


def test_the_rows_behind_a_number_can_be_counted(stack: Stack, metrics: ChartData) -> None:
    star = {"expressionType": "SQL", "sqlExpression": "COUNT(*)", "label": "COUNT(*)"}
    (row,) = metrics.rows([star], PERIOD, where=(("brand", ["Север"]),))
    expected = stack.clickhouse.query(
        f"SELECT count() FROM marts.wide_events WHERE {in_period()} AND brand = 'Север'"
    ).result_rows[0][0]
    assert row == {"COUNT(*)": expected}


def test_values_of_a_slice_are_listed_wherever_it_lives(metrics: ChartData) -> None:
    def listed(column: str) -> set[object]:
        path = f"datasource/table/{metrics.dataset_id}/column/{column}/values/"
        return set(metrics.client.get(path)["result"])

    assert listed("gender") == {"Мужской", "Женский", UNKNOWN}
    assert listed("category") == {"Платья", "Обувь"}
    assert listed("lifecycle_stage_now") == {"Активный", "Отток"}
    assert listed("attribution_model") >= {MODEL, "Последний клик"}


def test_the_dataset_can_be_looked_at_and_its_columns_synchronised(
    stack: Stack, metrics: ChartData
) -> None:
    path = f"dataset/{metrics.dataset_id}"
    before = [each["column_name"] for each in stack.client.get(path)["result"]["columns"]]
    stack.client.put(f"{path}/refresh", json={})
    after = [each["column_name"] for each in stack.client.get(path)["result"]["columns"]]
    assert sorted(after) == sorted(before)


def test_sql_of_ones_own_is_checked_against_the_columns_of_metrics(metrics: ChartData) -> None:
    path = f"datasource/table/{metrics.dataset_id}/validate_expression/"

    def faults(expression: str) -> list[object]:
        body = {"expression": expression, "expression_type": "metric"}
        found: list[object] = metrics.client.post(path, json=body)["result"]
        return found

    assert faults("sum(is_sent) / nullIf(sum(closing_is_active), 0)") == []
    assert faults("sum(is_lost)") != []


@pytest.fixture
def northerner(stack: Stack, metrics: ChartData) -> Iterator[ChartData]:
    """The read-only user, who may see one brand for a while."""
    role = stack.client.find("security/roles/", "name", "Зритель")
    assert role is not None
    rule = stack.client.post(
        "rowlevelsecurity/",
        json={
            "name": "Только Север",
            "filter_type": "Regular",
            "tables": [metrics.dataset_id],
            "roles": [role["id"]],
            "group_key": "",
            "clause": "brand = 'Север'",
        },
    )
    yield ChartData(SupersetClient(stack.demo), metrics.dataset_id)
    stack.client.delete(f"rowlevelsecurity/{rule['id']}")


def test_whoever_may_see_one_brand_sees_its_numbers_alone(
    stack: Stack, metrics: ChartData, northerner: ChartData
) -> None:
    """Events, sequences, states and denominators are those of the brand."""
    asked = ["sent", "first_orders", "active_customers", "buyers", "contacts", "buyer_conversion"]
    as_if_chosen = metrics.rows(asked, PERIOD, where=(("brand", ["Север"]),))
    assert northerner.rows(asked, PERIOD) == as_if_chosen
    (row,) = as_if_chosen
    sent = stack.clickhouse.query(
        f"SELECT sum(is_sent) FROM marts.wide_events WHERE {in_period()} AND brand = 'Север'"
    ).result_rows[0][0]
    active, contacts = stack.clickhouse.query(
        f"WITH toDate('{TILL}') - 1 AS day SELECT sum(is_active), sum(is_contact) FROM {STATES}"
        f" WHERE brand = 'Север' AND {HOLDS}"
    ).result_rows[0]
    assert (row["sent"], row["active_customers"], row["contacts"]) == (sent, active, contacts)
    assert row["buyer_conversion"] == pytest.approx(row["buyers"] / contacts)
    assert northerner.rows(asked, PERIOD, where=(("brand", ["Юг"]),)) != metrics.rows(
        asked, PERIOD, where=(("brand", ["Юг"]),)
    )
    brands = northerner.rows([], PERIOD, columns=("brand",))
    assert brands == [{"brand": "Север"}]


def test_a_cached_answer_is_not_shown_to_whoever_may_see_less(
    metrics: ChartData, northerner: ChartData
) -> None:
    asked = query(["sent"], PERIOD)
    (everything,) = metrics.results(asked, force=False)
    (one_brand,) = northerner.results(asked, force=False)
    assert one_brand["data"][0]["sent"] < everything["data"][0]["sent"]
