# ruff: noqa: S608 (statements are put together from the constants of this file)
"""The number on a chart is the number in the warehouse."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from superset_assets.dataset_builder import BY_EVENT_DATE, BY_SEND_DATE
from superset_assets.semantics.intervals import ALL_BRANDS
from tests.superset.chart_data import ChartData
from tests.superset.marts import FIRST_DAY, MODEL, OTHER_MODEL, UNKNOWN
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


def in_period(
    basis: str | None = None, since: date = SINCE, till: date = TILL, model: str = MODEL
) -> str:
    column = BASES[basis]
    return (
        f"{column} >= '{since}' AND {column} < '{till}'"
        f" AND attribution_model IN ('{UNKNOWN}', '{model}')"
    )


def chosen(basis: str | None) -> tuple[tuple[str, list[str]], ...]:
    return (("date_basis", [basis]),) if basis else ()


@pytest.mark.parametrize("basis", BASES)
def test_a_total_over_an_unaligned_period(
    stack: Stack, metrics: ChartData, basis: str | None
) -> None:
    expected = stack.clickhouse.query(
        f"SELECT {SELECTED} FROM marts.wide_events WHERE {in_period(basis)}"
    ).result_rows
    (row,) = metrics.rows(list(METRICS), PERIOD, where=chosen(basis))
    assert numbers(row) == pytest.approx(plain(expected[0]), rel=1e-12)


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("grain", GRAINS)
def test_every_grain_over_an_unaligned_period(
    stack: Stack, metrics: ChartData, grain: str, basis: str | None
) -> None:
    bucket = GRAINS[grain].format(date=BASES[basis])
    expected = {
        row[0]: plain(row[1:])
        for row in stack.clickhouse.query(
            f"SELECT {bucket} AS bucket, {SELECTED} FROM marts.wide_events "
            f"WHERE {in_period(basis)} GROUP BY bucket"
        ).result_rows
    }
    rows = metrics.rows(list(METRICS), PERIOD, grain=grain, where=chosen(basis))
    shown = {as_day(row["date"]): numbers(row) for row in rows}
    assert shown.keys() == expected.keys()
    for day, values in shown.items():
        assert values == pytest.approx(expected[day], rel=1e-12, nan_ok=True), day


def test_whole_months_are_compared_with_as_many_months_before(
    stack: Stack, metrics: ChartData
) -> None:
    """Half a year back from July is January, not as many days back."""
    july, january = date(FIRST_DAY.year, 7, 1), date(FIRST_DAY.year, 1, 1)
    till = date(FIRST_DAY.year + 1, 1, 1)
    before = stack.clickhouse.query(
        f"SELECT {SELECTED} FROM marts.wide_events WHERE {in_period(None, january, july)}"
    ).result_rows[0]
    period = (july.isoformat(), till.isoformat())
    (row,) = metrics.rows(list(METRICS), period, compare="inherit")
    compared = [row[f"{name}__inherit"] for name in METRICS]
    assert compared == pytest.approx(plain(before), rel=1e-12)


@pytest.mark.parametrize("basis", BASES)
def test_other_periods_are_compared_with_as_many_days_before(
    stack: Stack, metrics: ChartData, basis: str | None
) -> None:
    since, till = SINCE + timedelta(days=60), SINCE + timedelta(days=95)
    before = stack.clickhouse.query(
        f"SELECT {SELECTED} FROM marts.wide_events "
        f"WHERE {in_period(basis, since - timedelta(days=35), since)}"
    ).result_rows[0]
    period = (since.isoformat(), till.isoformat())
    (row,) = metrics.rows(list(METRICS), period, where=chosen(basis), compare="inherit")
    compared = [row[f"{name}__inherit"] for name in METRICS]
    assert compared == pytest.approx(plain(before), rel=1e-12)


STATES = "marts.mart_customer_states AS states"
HOLDS = "valid_from <= day AND day < valid_till"


@pytest.mark.parametrize("brand", [None, "Север"])
@pytest.mark.parametrize("grain", GRAINS)
def test_a_state_is_that_of_the_last_day_of_each_bucket(
    stack: Stack, metrics: ChartData, grain: str, brand: str | None
) -> None:
    """A customer of one brand may be active there and not, or elsewhere too: its states differ."""
    ends = (
        f"SELECT {GRAINS[grain].format(date='date_day')} AS bucket, max(date_day) AS day"
        f" FROM marts.dim_date WHERE date_day >= '{SINCE}' AND date_day < '{TILL}' GROUP BY bucket"
    )
    expected = dict(
        stack.clickhouse.query(
            f"SELECT bucket, sum(is_active) FROM ({ends}) AS ends CROSS JOIN {STATES}"
            f" WHERE brand = '{brand or ALL_BRANDS}' AND {HOLDS} GROUP BY bucket"
        ).result_rows
    )
    where = (("brand", [brand]),) if brand else ()
    rows = metrics.rows(["active_customers"], PERIOD, grain=grain, where=where)
    assert {as_day(row["date"]): row["active_customers"] for row in rows} == expected


def test_a_state_is_compared_with_the_state_at_the_end_of_the_period_before(
    stack: Stack, metrics: ChartData
) -> None:
    since, till = date(FIRST_DAY.year, 7, 1), date(FIRST_DAY.year, 10, 1)
    before = stack.clickhouse.query(
        f"WITH toDate('{since}') - 1 AS day SELECT sum(is_active) FROM {STATES}"
        f" WHERE brand = '{ALL_BRANDS}' AND {HOLDS}"
    ).result_rows[0][0]
    period = (since.isoformat(), till.isoformat())
    (row,) = metrics.rows(["active_customers"], period, compare="inherit")
    assert row["active_customers__inherit"] == before


def test_a_state_in_a_channel_is_read_from_the_states_of_channels(
    stack: Stack, metrics: ChartData
) -> None:
    expected = dict(
        stack.clickhouse.query(
            f"WITH toDate('{TILL}') - 1 AS day SELECT toString(mailing_channel), sum(is_contact)"
            f" FROM marts.mart_channel_states WHERE {HOLDS} GROUP BY 1"
        ).result_rows
    )
    rows = metrics.rows(["contacts"], PERIOD, columns=("mailing_channel",))
    assert {row["mailing_channel"]: row["contacts"] for row in rows} == expected


def test_a_rate_without_a_denominator_is_empty(metrics: ChartData) -> None:
    (row,) = metrics.rows(["open_rate", "opens"], PERIOD, where=(("mailing_channel", ["SMS"]),))
    assert row == {"open_rate": None, "opens": None}


def test_a_filter_that_cannot_apply_leaves_no_number(metrics: ChartData) -> None:
    """Messages have no order channel: neither 0 nor all of them is the answer."""
    where = (("order_channel", ["Сайт"]),)
    (row,) = metrics.rows(["sent", "active_customers", "orders"], PERIOD, where=where)
    assert (row["sent"], row["active_customers"]) == (None, None)
    assert row["orders"] > 0


def test_the_chosen_attribution_model_decides_what_is_credited_and_nothing_else(
    stack: Stack, metrics: ChartData
) -> None:
    asked = ["mail_revenue", "sent", "orders"]
    default = metrics.rows(asked, PERIOD)
    assert metrics.rows(asked, PERIOD, where=(("attribution_model", [MODEL]),)) == default
    (row,) = metrics.rows(asked, PERIOD, where=(("attribution_model", [OTHER_MODEL]),))
    other = stack.clickhouse.query(
        f"SELECT sum(attributed_amount) FROM marts.wide_events WHERE {in_period(model=OTHER_MODEL)}"
    ).result_rows[0][0]
    assert row == {**default[0], "mail_revenue": pytest.approx(float(other), rel=1e-12)}
    assert 0 < row["mail_revenue"] < default[0]["mail_revenue"]


def test_models_side_by_side_are_each_counted_alone(metrics: ChartData) -> None:
    rows = metrics.rows(["mail_revenue"], PERIOD, columns=("attribution_model",))
    assert {row["attribution_model"]: row["mail_revenue"] for row in rows} == {
        model: metrics.rows(["mail_revenue"], PERIOD, where=(("attribution_model", [model]),))[0][
            "mail_revenue"
        ]
        for model in (MODEL, OTHER_MODEL)
    }


def test_an_order_stands_under_the_mailing_that_is_credited_with_it(
    stack: Stack, metrics: ChartData
) -> None:
    expected = stack.clickhouse.query(
        "SELECT toString(credits.mailing_channel), count(), uniqExact(orders.customer_key)"
        " FROM marts.wide_events AS orders JOIN marts.wide_events AS credits USING order_key"
        " WHERE orders.event = 'order' AND credits.event = 'attributed_order'"
        f" AND credits.attribution_model = '{MODEL}'"
        f" AND orders.event_date >= '{SINCE}' AND orders.event_date < '{TILL}' GROUP BY 1"
    ).result_rows
    rows = metrics.rows(
        ["orders", "buyers"], PERIOD, columns=("mailing_channel",), where=chosen(BY_EVENT_DATE)
    )
    shown = {(row["mailing_channel"], row["orders"], row["buyers"]) for row in rows}
    assert shown == set(expected)


def test_an_order_stands_under_the_categories_of_its_lines_with_their_money(
    stack: Stack, metrics: ChartData
) -> None:
    expected = stack.clickhouse.query(
        "SELECT lines.category, uniqExact(lines.order_key), sum(lines.line_amount)"
        " FROM marts.mart_order_lines AS lines JOIN marts.wide_events AS orders USING order_key"
        f" WHERE orders.event = 'order' AND {in_period()} GROUP BY 1"
    ).result_rows
    rows = metrics.rows(["orders", "revenue"], PERIOD, columns=("category",))
    assert {row["category"]: (row["orders"], row["revenue"]) for row in rows} == {
        category: (orders, pytest.approx(float(amount), rel=1e-12))
        for category, orders, amount in expected
    }


def test_a_message_of_several_tags_stands_under_each(stack: Stack, metrics: ChartData) -> None:
    expected = stack.clickhouse.query(
        f"SELECT arrayJoin(if(empty(mailing_tags), ['{UNKNOWN}'], mailing_tags)), sum(is_sent)"
        f" FROM marts.wide_events WHERE event = 'message' AND {in_period()} GROUP BY 1"
    ).result_rows
    rows = metrics.rows(["sent"], PERIOD, columns=("mailing_tag",))
    assert {row["mailing_tag"]: row["sent"] for row in rows} == dict(expected)
    tags = ["зима", "скидки"]
    (together,) = metrics.rows(["sent"], PERIOD, where=(("mailing_tag", tags),))
    assert together["sent"] == dict(expected)["зима"]


@pytest.mark.parametrize("brand", [None, "Юг"])
def test_with_a_brand_in_the_question_an_order_is_the_first_in_the_brand(
    stack: Stack, metrics: ChartData, brand: str | None
) -> None:
    column = "is_first_order_in_brand" if brand else "is_first_order"
    condition = f"AND brand = '{brand}'" if brand else ""
    expected = stack.clickhouse.query(
        f"SELECT sum({column}) FROM marts.wide_events WHERE {in_period()} {condition}"
    ).result_rows[0][0]
    where = (("brand", [brand]),) if brand else ()
    (row,) = metrics.rows(["first_orders"], PERIOD, where=where)
    assert row["first_orders"] == expected
