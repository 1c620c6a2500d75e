# ruff: noqa: S608 (statements are put together from the constants of this file)
"""Running totals, moving figures, shares and trends, as charts ask for them."""

from collections.abc import Mapping
from datetime import date, timedelta

import pytest

from superset_assets.client import SupersetError
from superset_assets.manifest import Manifest
from tests.metrics.reference.lines import line, rounded
from tests.superset.chart_data import ChartData, Row, query, reason
from tests.superset.stack import Stack
from tests.superset.test_numbers import PERIOD, SINCE, TILL, as_day, in_period

MONTH, QUARTER = "P1M", "P3M"
BRANDS = ("Север", "Юг")
RUNNING = ("cum", {"operator": "sum"})
SHARE_OF_PERIOD = ("contribution", {"orientation": "column"})
SHARE_OF_BUCKET = ("contribution", {"orientation": "row"})


def moving(kind: str, periods: int) -> tuple[str, dict[str, object]]:
    return "rolling", {"rolling_type": kind, "window": periods, "min_periods": 0}


def over_time(
    step: tuple[str, Mapping[str, object]], *metrics: str, series: tuple[str, ...] = ()
) -> dict[str, object]:
    """What a chart over time adds to its query: a table by date first, then the arithmetic."""
    operation, options = step
    columns = {} if operation == "contribution" else {"columns": {name: name for name in metrics}}
    by_date = {
        "index": ["date"],
        "columns": list(series),
        "aggregates": {name: {"operator": "mean"} for name in metrics},
        "drop_missing_columns": False,
    }
    steps = {"pivot": by_date, operation: {**options, **columns}, "flatten": {}}
    return {
        "post_processing": [
            {"operation": name, "options": options} for name, options in steps.items()
        ]
    }


def quarters(rows: list[Row]) -> list[tuple[date, date]]:
    """First and last day of each row's quarter, as far as they lie in the period."""
    found = []
    for row in rows:
        begin = as_day(row["date"])
        number = begin.year * 12 + begin.month + 2
        following = date(number // 12, number % 12 + 1, 1)
        found.append((max(begin, SINCE), min(following, TILL) - timedelta(days=1)))
    return found


def of_days(metrics: ChartData, name: str, since: date, last: date) -> float:
    """A metric of some days, asked plainly."""
    period = (since.isoformat(), (last + timedelta(days=1)).isoformat())
    number: float = metrics.rows([name], period)[0][name]
    return number


@pytest.mark.parametrize("name", ["buyers", "open_rate", "revenue_per_message", "buyer_conversion"])
def test_a_running_total_is_the_metric_since_the_beginning(metrics: ChartData, name: str) -> None:
    rows = metrics.rows([name], PERIOD, grain=QUARTER, **over_time(RUNNING, name))
    assert len(rows) > 4
    for row, (_, last) in zip(rows, quarters(rows), strict=True):
        assert row[name] == pytest.approx(of_days(metrics, name, SINCE, last), rel=1e-12)


def test_a_running_total_counts_everybody_once(stack: Stack, metrics: ChartData) -> None:
    rows = metrics.rows(["buyers"], PERIOD, grain=MONTH, **over_time(RUNNING, "buyers"))
    expected = stack.clickhouse.query(
        f"SELECT uniqExact(customer_key) FROM marts.wide_events WHERE {in_period()}"
        " AND event = 'order' AND is_identified_order = 1"
    ).result_rows[0][0]
    assert rows[-1]["buyers"] == expected
    plain = metrics.rows(["buyers"], PERIOD, grain=MONTH)
    assert len(rows) == len(plain)
    assert expected < sum(row["buyers"] for row in plain)


@pytest.mark.parametrize(
    ("name", "kind"), [("buyers", "sum"), ("open_rate", "sum"), ("open_rate", "mean")]
)
def test_a_moving_figure_is_the_metric_of_the_last_buckets(
    metrics: ChartData, name: str, kind: str
) -> None:
    period = ((SINCE + timedelta(days=150)).isoformat(), TILL.isoformat())
    rows = metrics.rows([name], period, grain=QUARTER, **over_time(moving(kind, 2), name))
    for row, (_, last) in zip(rows, quarters(rows), strict=True):
        number = as_day(row["date"]).year * 12 + as_day(row["date"]).month - 4
        since = date(number // 12, number % 12 + 1, 1)
        assert row[name] == pytest.approx(of_days(metrics, name, since, last), rel=1e-12)


def test_a_running_total_is_compared_with_that_of_the_period_before(metrics: ChartData) -> None:
    period = ((TILL - timedelta(days=90)).isoformat(), TILL.isoformat())
    steps = over_time(RUNNING, "buyers", "buyers__90 days ago")
    rows = metrics.rows(["buyers"], period, grain="P1D", compare="90 days ago", **steps)
    before = TILL - timedelta(days=180)
    assert rows[-1]["buyers"] == of_days(
        metrics, "buyers", TILL - timedelta(days=90), TILL - timedelta(days=1)
    )
    assert rows[-1]["buyers__90 days ago"] == of_days(
        metrics, "buyers", before, before + timedelta(days=89)
    )


def test_each_series_runs_by_itself_beside_what_adds_up(metrics: ChartData) -> None:
    steps = over_time(RUNNING, "buyers", "orders", series=("brand",))
    rows = metrics.rows(["buyers", "orders"], PERIOD, grain=QUARTER, columns=("brand",), **steps)
    for brand in BRANDS:
        (whole,) = metrics.rows(["buyers", "orders"], PERIOD, where=(("brand", [brand]),))
        assert rows[-1][f"buyers, {brand}"] == whole["buyers"]
        assert rows[-1][f"orders, {brand}"] == whole["orders"]


def test_the_query_that_is_shown_is_the_one_that_runs(metrics: ChartData) -> None:
    asked = query(["buyers"], PERIOD, grain=QUARTER, **over_time(RUNNING, "buyers"))
    (shown,) = metrics.results(asked, result_type="query")
    assert "arrayJoin(range(" in shown["query"]


@pytest.mark.parametrize(
    ("name", "step", "words"),
    [
        ("active_customers", RUNNING, "это состояние на дату"),
        ("churn_rate", RUNNING, "сравнивает отрезок с тем, что было до него"),
        ("recipients_mb", moving("sum", 3), "сравнивает отрезок с тем, что было до него"),
        ("cmp_rank", RUNNING, "сравнивает строки"),
        ("buyers", moving("mean", 3), "среднее разных людей"),
        ("open_rate", moving("std", 3), "расчёт «std»"),
        ("open_rate", SHARE_OF_PERIOD, "доли итога у него нет"),
        ("active_customers", SHARE_OF_PERIOD, "состояния на разные даты"),
    ],
)
def test_what_has_no_meaning_is_refused_in_words(
    metrics: ChartData,
    manifest: Manifest,
    name: str,
    step: tuple[str, dict[str, object]],
    words: str,
) -> None:
    with pytest.raises(SupersetError) as refused:
        metrics.rows([name], PERIOD, grain=QUARTER, **over_time(step, name))
    label = manifest.metrics[name].label
    assert f"Показатель «{label}» не складывается: " in reason(refused.value)
    assert words in reason(refused.value)


def test_windows_lie_on_a_time_axis_and_in_all_series(metrics: ChartData) -> None:
    by_brand = {"columns": ("brand",), **over_time(RUNNING, "buyers")}
    with pytest.raises(SupersetError) as refused:
        metrics.rows(["buyers"], PERIOD, **by_brand)
    assert "поставьте на ось X столбец «Дата»" in reason(refused.value)
    limit = {"series_columns": ["brand"], "series_limit": 1}
    with pytest.raises(SupersetError) as refused:
        metrics.rows(["buyers"], PERIOD, grain=QUARTER, **by_brand, **limit)
    assert "Снимите ограничение числа рядов" in reason(refused.value)


def test_averages_of_rates_and_of_sums_are_not_mixed(metrics: ChartData) -> None:
    steps = over_time(moving("mean", 3), "sent", "open_rate")
    with pytest.raises(SupersetError) as refused:
        metrics.rows(["sent", "open_rate"], PERIOD, grain=QUARTER, **steps)
    assert "Вынесите суммы в другой график" in reason(refused.value)


def test_what_adds_up_is_added_up(metrics: ChartData) -> None:
    plain = metrics.rows(["sent"], PERIOD, grain=QUARTER)
    running = metrics.rows(["sent"], PERIOD, grain=QUARTER, **over_time(RUNNING, "sent"))
    assert running[-1]["sent"] == sum(row["sent"] for row in plain)
    averages = metrics.rows(["sent"], PERIOD, grain=QUARTER, **over_time(moving("mean", 2), "sent"))
    assert averages[-1]["sent"] == (plain[-1]["sent"] + plain[-2]["sent"]) / 2
    shares = metrics.rows(["sent"], PERIOD, grain=QUARTER, **over_time(SHARE_OF_PERIOD, "sent"))
    assert sum(row["sent"] for row in shares) == pytest.approx(1)


def test_a_share_of_people_is_one_of_all_people(metrics: ChartData) -> None:
    (whole,) = metrics.rows(["buyers"], PERIOD)
    by_quarter = metrics.rows(["buyers"], PERIOD, grain=QUARTER)
    shares = metrics.rows(["buyers"], PERIOD, grain=QUARTER, **over_time(SHARE_OF_PERIOD, "buyers"))
    for row, plain in zip(shares, by_quarter, strict=True):
        assert row["buyers"] == pytest.approx(plain["buyers"] / whole["buyers"])
    assert sum(row["buyers"] for row in shares) > 1

    steps = over_time(SHARE_OF_BUCKET, "buyers", series=("brand",))
    rows = metrics.rows(["buyers"], PERIOD, grain=QUARTER, columns=("brand",), **steps)
    by_brand = metrics.rows(["buyers"], PERIOD, grain=QUARTER, columns=("brand",))
    found = {(row["date"], row["brand"]): row["buyers"] for row in by_brand}
    for row, plain in zip(rows, by_quarter, strict=True):
        for brand in BRANDS:
            expected = found[row["date"], brand] / plain["buyers"]
            assert row[f"buyers, {brand}"] == pytest.approx(expected)


def test_a_table_shows_shares_of_the_true_total(metrics: ChartData) -> None:
    names = ["buyers", "active_customers", "sent"]
    options = {
        "orientation": "column",
        "columns": names,
        "rename_columns": [f"%{name}" for name in names],
    }
    step = {"operation": "contribution", "options": options}
    rows = metrics.rows(names, PERIOD, columns=("brand",), post_processing=[step])
    (whole,) = metrics.rows(names, PERIOD)
    for row in rows:
        for name in ("buyers", "sent"):
            assert row[f"%{name}"] == pytest.approx(row[name] / whole[name])


@pytest.mark.parametrize("name", ["sent", "buyers", "open_rate", "active_customers"])
@pytest.mark.parametrize("series", [(), ("brand",)])
def test_a_trend_is_drawn_beside_any_metric(
    metrics: ChartData, name: str, series: tuple[str, ...]
) -> None:
    asked = [name, "linear_trend", "linear_trend_step"]
    rows = metrics.rows(asked, PERIOD, grain=MONTH, columns=series)
    for key in {tuple(row[each] for each in series) for row in rows}:
        own = [row for row in rows if tuple(row[each] for each in series) == key]
        own.sort(key=lambda row: row["date"])
        # The period begins and ends inside a month: both are drawn, neither is fitted to.
        points = {n: row[name] for n, row in enumerate(own) if 0 < n < len(own) - 1}
        found = line(points)
        assert found is not None
        slope, height = found
        for n, row in enumerate(own):
            scale = abs(float(height)) + 1
            assert row["linear_trend"] == pytest.approx(
                float(rounded(slope * n + height)), abs=1e-9 * scale
            )
            assert row["linear_trend_step"] == pytest.approx(float(slope), abs=1e-9 * scale)


def test_a_trend_of_a_running_total_is_fitted_to_the_running_total(metrics: ChartData) -> None:
    steps = over_time(RUNNING, "sent", "linear_trend")
    rows = metrics.rows(["sent", "linear_trend"], PERIOD, grain=MONTH, **steps)
    found = line({n: row["sent"] for n, row in enumerate(rows) if 0 < n < len(rows) - 1})
    assert found is not None
    assert rows[3]["linear_trend"] == pytest.approx(float(found[0] * 3 + found[1]))
    assert rows[-1]["sent"] == metrics.rows(["sent"], PERIOD)[0]["sent"]


@pytest.mark.parametrize(
    ("asked", "grain", "more", "words"),
    [
        (["sent", "linear_trend"], None, {}, "нужна ось времени"),
        (["linear_trend"], MONTH, {}, "добавьте его в график"),
        (["cmp_rank", "linear_trend"], MONTH, {}, "Поставьте первым другой показатель"),
        (
            ["linear_trend", "sent"],
            MONTH,
            {"columns": ("brand",), "series_columns": ["brand"], "series_limit": 1},
            "нельзя отобрать по линейному тренду",
        ),
    ],
)
def test_where_no_trend_can_be_it_is_said_what_to_do(
    metrics: ChartData, asked: list[str], grain: str | None, more: dict[str, object], words: str
) -> None:
    with pytest.raises(SupersetError) as refused:
        metrics.rows(asked, PERIOD, grain=grain, **more)
    assert words in reason(refused.value)


def test_through_one_bucket_goes_no_trend(metrics: ChartData) -> None:
    period = (SINCE.isoformat(), (SINCE + timedelta(days=30)).isoformat())
    rows = metrics.rows(["sent", "linear_trend"], period, grain=MONTH)
    assert len(rows) == 2
    assert [row["linear_trend"] for row in rows] == [None, None]
