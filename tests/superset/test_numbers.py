# ruff: noqa: S608 (statements are put together from the constants of this file)
"""The number on a chart is the number in the warehouse."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from superset_assets.dataset_builder import BY_EVENT_DATE, BY_SEND_DATE
from tests.superset.chart_data import ChartData
from tests.superset.marts import FIRST_DAY
from tests.superset.stack import Stack

# Begins and ends inside a week, a month, a quarter and a year.
SINCE, TILL = FIRST_DAY + timedelta(days=17), FIRST_DAY + timedelta(days=17 + 401)
PERIOD = (SINCE.isoformat(), TILL.isoformat())
GRAINS = {
    "P1D": "toDate({date})",
    "P1W": "toMonday({date})",
    "P1M": "toStartOfMonth({date})",
    "P3M": "toStartOfQuarter({date})",
    "P1Y": "toStartOfYear({date})",
}
BASES = {None: "send_date", BY_SEND_DATE: "send_date", BY_EVENT_DATE: "event_date"}
# One metric of each kind: additive, ratio, attributed money, ratio of attributed money, distinct.
METRICS = {
    "sent": "sum(is_sent)",
    "open_rate": "sum(is_open_capable_opened) / nullIf(sum(is_open_capable_delivered), 0)",
    "mail_revenue": "sum(attributed_amount)",
    "revenue_per_message": "toFloat64(sum(attributed_amount)) / nullIf(sum(is_delivered), 0)",
    "buyers": "uniqExactIf(customer_key, is_order AND customer_key != 0)",
}
SELECTED = ", ".join(METRICS.values())


def as_day(milliseconds: float) -> date:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC).date()


def numbers(row: dict[str, object]) -> list[object]:
    return [row[name] for name in METRICS]


def plain(values: tuple[object, ...]) -> list[object]:
    return [float(value) if isinstance(value, Decimal) else value for value in values]


def in_period(basis: str | None, since: date = SINCE, till: date = TILL) -> str:
    column = BASES[basis]
    return f"{column} >= '{since}' AND {column} < '{till}'"


def chosen(basis: str | None) -> tuple[tuple[str, list[str]], ...]:
    return (("date_basis", [basis]),) if basis else ()


@pytest.mark.parametrize("basis", BASES)
def test_a_total_over_an_unaligned_period(
    stack: Stack, wide_events: ChartData, basis: str | None
) -> None:
    expected = stack.clickhouse.query(
        f"SELECT {SELECTED} FROM marts.wide_events WHERE {in_period(basis)}"
    ).result_rows
    (row,) = wide_events.rows(list(METRICS), PERIOD, where=chosen(basis))
    assert numbers(row) == pytest.approx(plain(expected[0]), rel=1e-12)


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("grain", GRAINS)
def test_every_grain_over_an_unaligned_period(
    stack: Stack, wide_events: ChartData, grain: str, basis: str | None
) -> None:
    bucket = GRAINS[grain].format(date=BASES[basis])
    expected = {
        row[0]: plain(row[1:])
        for row in stack.clickhouse.query(
            f"SELECT {bucket} AS bucket, {SELECTED} FROM marts.wide_events "
            f"WHERE {in_period(basis)} GROUP BY bucket"
        ).result_rows
    }
    rows = wide_events.rows(list(METRICS), PERIOD, grain=grain, where=chosen(basis))
    shown = {as_day(row["date"]): numbers(row) for row in rows}
    assert shown.keys() == expected.keys()
    for day, values in shown.items():
        assert values == pytest.approx(expected[day], rel=1e-12, nan_ok=True), day


@pytest.mark.parametrize("grain", GRAINS)
def test_a_state_is_that_of_the_last_day_of_each_bucket(
    stack: Stack, customer_base: ChartData, grain: str
) -> None:
    bucket = GRAINS[grain].format(date="event_date")
    expected = dict(
        stack.clickhouse.query(
            "SELECT bucket, argMax(state, event_date) FROM ("
            f"  SELECT event_date, {bucket} AS bucket, sum(active_customers_count) AS state"
            "  FROM marts.mart_customer_base_daily"
            f"  WHERE event_date >= '{SINCE}' AND event_date < '{TILL}' GROUP BY event_date"
            ") GROUP BY bucket"
        ).result_rows
    )
    rows = customer_base.rows(["active_customers"], PERIOD, grain=grain)
    assert {as_day(row["date"]): row["active_customers"] for row in rows} == expected


def test_whole_months_are_compared_with_as_many_months_before(
    stack: Stack, wide_events: ChartData
) -> None:
    """Half a year back from July is January, not as many days back."""
    july, january = date(FIRST_DAY.year, 7, 1), date(FIRST_DAY.year, 1, 1)
    till = date(FIRST_DAY.year + 1, 1, 1)
    before = stack.clickhouse.query(
        f"SELECT {SELECTED} FROM marts.wide_events WHERE {in_period(None, january, july)}"
    ).result_rows[0]
    period = (july.isoformat(), till.isoformat())
    (row,) = wide_events.rows(list(METRICS), period, compare="inherit")
    compared = [row[f"{name}__inherit"] for name in METRICS]
    assert compared == pytest.approx(plain(before), rel=1e-12)


@pytest.mark.parametrize("basis", BASES)
def test_other_periods_are_compared_with_as_many_days_before(
    stack: Stack, wide_events: ChartData, basis: str | None
) -> None:
    since, till = SINCE + timedelta(days=60), SINCE + timedelta(days=95)
    before = stack.clickhouse.query(
        f"SELECT {SELECTED} FROM marts.wide_events "
        f"WHERE {in_period(basis, since - timedelta(days=35), since)}"
    ).result_rows[0]
    period = (since.isoformat(), till.isoformat())
    (row,) = wide_events.rows(list(METRICS), period, where=chosen(basis), compare="inherit")
    compared = [row[f"{name}__inherit"] for name in METRICS]
    assert compared == pytest.approx(plain(before), rel=1e-12)


def test_a_state_is_compared_with_the_state_at_the_end_of_the_period_before(
    stack: Stack, customer_base: ChartData
) -> None:
    since, till = date(FIRST_DAY.year, 7, 1), date(FIRST_DAY.year, 10, 1)
    state = "SELECT sum(active_customers_count) FROM marts.mart_customer_base_daily"
    before = stack.clickhouse.query(f"{state} WHERE event_date = '{since - timedelta(days=1)}'")
    period = (since.isoformat(), till.isoformat())
    (row,) = customer_base.rows(["active_customers"], period, compare="inherit")
    assert row["active_customers__inherit"] == before.result_rows[0][0]


def test_a_rate_without_a_denominator_is_empty(wide_events: ChartData) -> None:
    (row,) = wide_events.rows(["open_rate", "opens"], PERIOD, where=(("mailing_channel", ["SMS"]),))
    assert row == {"open_rate": None, "opens": None}


def test_only_one_attribution_model_is_ever_counted(stack: Stack, wide_events: ChartData) -> None:
    """A second model's credits do not add up with the first's, and touch nothing else."""
    model = "Последнее непрямое касание"
    before = wide_events.rows(["mail_revenue", "sent", "orders"], PERIOD)
    chosen_model = (("attribution_model", [model]),)
    assert (
        wide_events.rows(["mail_revenue", "sent", "orders"], PERIOD, where=chosen_model) == before
    )
    other = (("attribution_model", ["Какая-то другая"]),)
    (row,) = wide_events.rows(["mail_revenue", "sent", "orders"], PERIOD, where=other)
    assert row == {**before[0], "mail_revenue": 0}
    both = (("attribution_model", [model, "Какая-то другая"]),)
    assert wide_events.rows(["mail_revenue", "sent", "orders"], PERIOD, where=both) == before
