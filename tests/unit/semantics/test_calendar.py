"""Periods and buckets."""

from datetime import date

import pytest

from superset_assets.semantics.calendar import Period


def period(since: str, till: str) -> Period:
    return Period(date.fromisoformat(since), date.fromisoformat(till))


@pytest.mark.parametrize(
    ("asked", "before"),
    [
        (period("2025-03-01", "2025-03-31"), period("2025-02-01", "2025-02-28")),
        (period("2025-01-01", "2025-06-30"), period("2024-07-01", "2024-12-31")),
        (period("2025-03-02", "2025-03-31"), period("2025-01-31", "2025-03-01")),
        (period("2025-03-05", "2025-03-05"), period("2025-03-04", "2025-03-04")),
    ],
)
def test_months_are_preceded_by_months_and_days_by_days(asked: Period, before: Period) -> None:
    assert asked.before == before


def test_buckets_are_clipped_to_the_period() -> None:
    assert period("2025-01-30", "2025-03-02").buckets("month") == [
        period("2025-01-30", "2025-01-31"),
        period("2025-02-01", "2025-02-28"),
        period("2025-03-01", "2025-03-02"),
    ]
    # 5 January 2025 is a Sunday.
    assert period("2025-01-05", "2025-01-08").buckets("week") == [
        period("2025-01-05", "2025-01-05"),
        period("2025-01-06", "2025-01-08"),
    ]
    assert period("2024-11-15", "2025-05-01").buckets("quarter") == [
        period("2024-11-15", "2024-12-31"),
        period("2025-01-01", "2025-03-31"),
        period("2025-04-01", "2025-05-01"),
    ]


def test_without_a_grain_the_period_is_one_bucket() -> None:
    asked = period("2025-01-30", "2025-03-02")

    assert asked.buckets(None) == [asked]
