"""What Superset's arguments ask."""

from datetime import date

import pytest

from superset_assets.semantics.calendar import Period
from superset_assets.semantics.question import (
    Filter,
    Question,
    QuestionError,
    filters_of,
    period_of,
)


def test_the_last_day_is_the_one_before_the_excluded_midnight() -> None:
    march = Period(date(2025, 3, 1), date(2025, 3, 31))

    assert period_of("2025-03-01T00:00:00", "2025-04-01T00:00:00") == march
    assert period_of("2025-03-01T00:00:00", "2025-03-31T18:00:00") == march
    assert period_of(None, None) is None


def test_half_a_period_is_no_period() -> None:
    with pytest.raises(QuestionError):
        period_of("2025-03-01T00:00:00", None)


def test_filters_on_the_period_are_not_slices() -> None:
    given = [
        {"col": "brand", "op": "in", "val": ["yasen"]},
        {"col": "date", "op": "TEMPORAL_RANGE", "val": "2025-01-01 : 2025-02-01"},
    ]

    assert filters_of(given) == (Filter("brand", "IN", ["yasen"]),)


def test_slices_are_listed_once() -> None:
    question = Question(
        frozenset({"is_sent"}), ("brand",), ("mailing",), (Filter("brand", "IN", ["yasen"]),)
    )

    assert question.slices == ("brand", "mailing")


def test_what_is_filtered_by_alone_is_not_shown() -> None:
    question = Question(
        frozenset({"is_sent"}), ("brand",), filters=(Filter("gender", "IN", ["Женский"]),)
    )

    assert (question.shown, question.slices) == (("brand",), ("brand", "gender"))
