"""Figures over windows, and the trend, as the SQL that they become."""

from datetime import date

import pytest

from superset_assets.semantics.calendar import Period
from superset_assets.semantics.catalog import Catalog
from superset_assets.semantics.compose import compose
from superset_assets.semantics.question import Question, QuestionError, Window
from superset_assets.semantics.trend import TREND, TREND_STEP, line, mentions_trend, with_trend
from superset_assets.semantics.windows import Obstacle, Windows, is_distinct_count, obstacle

CATALOG = Catalog.read()
TODAY = date(2025, 4, 17)
SPRING = Period(date(2025, 2, 10), date(2025, 4, 16))
HORIZON = "(select max(date_day) from marts.dim_date)"


def monthly(window: Window | None, *measures: str) -> Question:
    return Question(frozenset(measures), period=SPRING, grain="month", window=window)


@pytest.mark.parametrize(
    ("grain", "since"),
    [
        ("day", date(2025, 2, 8)),
        ("week", date(2025, 1, 27)),
        ("month", date(2024, 12, 1)),
        ("quarter", date(2024, 7, 1)),
        ("year", date(2023, 1, 1)),
    ],
)
def test_a_moving_window_reads_the_buckets_before_the_period(grain: str, since: date) -> None:
    asked = Question(frozenset(), period=SPRING, grain=grain, window=Window(3))
    reading = Windows(asked, CATALOG, TODAY).reading
    assert reading.period == Period(since, SPRING.till)
    assert reading.grain is None


def test_a_running_total_reads_the_period_alone() -> None:
    reading = Windows(monthly(Window()), CATALOG, TODAY).reading
    assert reading.period == SPRING


def test_a_fact_stands_under_every_bucket_whose_window_it_lies_in() -> None:
    own = "toInt32(dateDiff('month', toDate('2025-02-10'), counted_date))"
    last = (
        f"toInt32(dateDiff('month', toDate('2025-02-10'), least(toDate('2025-04-16'), {HORIZON})))"
    )
    first = f"greatest(0, {own})"
    running = compose(monthly(Window(), "is_sent"), CATALOG, TODAY)
    assert f"arrayJoin(range({first}, greatest({first}, {last} + 1))) as bucket" in running
    assert "facts.send_date >= toDate('2025-02-10')" in running
    moving = compose(monthly(Window(2), "is_sent"), CATALOG, TODAY)
    until = f"least({last} + 1, {own} + 2)"
    assert f"arrayJoin(range({first}, greatest({first}, {until}))) as bucket" in moving
    assert "facts.send_date >= toDate('2025-01-01')" in moving


def test_states_are_read_where_their_bucket_ends_whatever_the_window() -> None:
    measures = ("closing_is_active",)
    assert compose(monthly(Window(3), *measures), CATALOG, TODAY) == compose(
        monthly(None, *measures), CATALOG, TODAY
    )


def test_windows_need_a_time_axis() -> None:
    with pytest.raises(QuestionError, match="time axis"):
        compose(Question(frozenset({"is_sent"}), window=Window()), CATALOG, TODAY)


def test_the_segment_at_the_start_belongs_to_one_bucket() -> None:
    asked = Question(
        frozenset({"is_sent"}), ("rfm_segment_at_start",), grain="month", window=Window()
    )
    with pytest.raises(QuestionError, match="segment at the start"):
        compose(asked, CATALOG, TODAY)


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("uniqExactIf(customer_key, is_identified_order = 1)", None),
        ("sum(is_opened) / nullIf(sum(is_delivered), 0)", None),
        ("uniqExactIf(customer_key, is_order = 1) / sum(base_is_contact)", None),
        ("sum(segment_is_entry)", None),
        ("sum(closing_is_active)", Obstacle.IS_A_LEVEL),
        ("sum(base_is_contact)", Obstacle.IS_A_LEVEL),
        ("uniqExactIf(customer_key, segment_is_member = 1)", Obstacle.IS_A_LEVEL),
        ("sum(is_order) / sum(opening_is_active)", Obstacle.HAS_A_BEGINNING),
        ("uniqExactIf(customer_key, previous_is_order = 1)", Obstacle.HAS_A_BEGINNING),
        ("countIf(is_sent = 1 and counted_date >= period_end)", Obstacle.HAS_A_BEGINNING),
        ("rank() over (order by sum(is_sent))", Obstacle.COMPARES_ROWS),
        ("{{ compared() }}", Obstacle.COMPARES_ROWS),
    ],
)
def test_what_keeps_a_metric_from_windows_is_known(sql: str, found: Obstacle | None) -> None:
    assert obstacle(sql, CATALOG) is found


@pytest.mark.parametrize(
    ("sql", "is_one"),
    [
        ("uniqExactIf(customer_key, is_order = 1 and (is_sent = 1))", True),
        ("((uniqExactIf(customer_key, is_order = 1)))", True),
        ("uniqExactArrayIf(product_keys, attributed_orders > 0)", True),
        ("uniqExact(customer_key) / nullIf(uniqExact(order_key), 0)", False),
        ("(uniqExact(customer_key)) - (uniqExact(order_key))", False),
        ("sum(is_order)", False),
    ],
)
def test_counts_of_different_things_are_told_from_what_is_made_of_them(
    sql: str, is_one: bool
) -> None:
    assert is_distinct_count(sql) is is_one


def test_a_trend_is_fitted_to_whole_buckets_alone() -> None:
    height, slope = line("sum(is_sent)", ["gender"], SPRING, "month", catalog=CATALOG, today=TODAY)
    # February and April are cut by the period.
    for sql in (height, slope):
        assert ">= toDate('2025-03-01')" in sql
        assert f"<= least(toDate('2025-03-31'), {HORIZON})" in sql
        assert "over (partition by gender) >= 2" in sql
    assert height != slope


@pytest.mark.parametrize(
    ("period", "today", "until"),
    [
        (Period(date(2025, 1, 1), date(2025, 4, 30)), TODAY, "2025-03-31"),
        (Period(date(2025, 1, 1), date(2025, 4, 30)), date(2025, 5, 1), "2025-04-30"),
        (None, TODAY, "2025-03-31"),
    ],
)
def test_a_bucket_that_is_not_over_has_no_say(
    period: Period | None, today: date, until: str
) -> None:
    height, _ = line("sum(is_sent)", [], period, "month", catalog=CATALOG, today=today)
    assert f"<= least(toDate('{until}'), " in height
    assert "over ()" in height


def test_a_trend_is_put_where_it_is_mentioned() -> None:
    assert mentions_trend(f"1 + {TREND}")
    assert not mentions_trend("sum(is_sent)")
    assert with_trend(f"{TREND} / {TREND_STEP}", "height", "slope") == "height / slope"
