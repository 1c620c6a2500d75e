"""Filters as SQL."""

import pytest

from superset_assets.semantics.catalog import Column
from superset_assets.semantics.conditions import (
    NOT_APPLICABLE,
    admits_not_applicable,
    array_values,
    condition,
)
from superset_assets.semantics.question import Filter, QuestionError

WORDS = Column("LowCardinality(String)", "M")
CLOSED = Column("Enum8('E-mail' = 1, 'SMS' = 2)", "M")
NUMBERS = Column("UInt8", "T")
SEVERAL = Column("Array(LowCardinality(String))", "M")


def test_a_value_cannot_end_its_own_literal() -> None:
    nasty = "x') or 1=1 --\\"

    assert condition("tag", WORDS, Filter("tag", "IN", [nasty])) == (
        "tag in ('x\\') or 1=1 --\\\\')"
    )


def test_words_foreign_to_a_closed_list_are_left_out() -> None:
    """ClickHouse refuses a comparison with a word that the list does not have."""
    assert condition("c", CLOSED, Filter("c", "IN", ["SMS", "Fax"])) == "c in ('SMS')"
    assert condition("c", CLOSED, Filter("c", "IN", ["Fax"])) == "0"
    assert condition("c", CLOSED, Filter("c", "NOT IN", ["Fax"])) == "1"


def test_numbers_are_compared_as_numbers() -> None:
    assert condition("hour", NUMBERS, Filter("hour", "IN", ["9", 10])) == "hour in (9, 10)"


def test_a_slice_of_several_values_holds_if_one_of_them_does() -> None:
    given = Filter("tag", "IN", ["a", "b"])
    filled = "if(empty(tags), ['Не указано'], tags)"

    assert condition("tags", SEVERAL, given) == f"hasAny({filled}, ['a', 'b'])"
    assert array_values("tags", [given]) == f"arrayJoin(arrayIntersect({filled}, ['a', 'b']))"
    assert array_values("tags", []) == f"arrayJoin({filled})"


def test_an_unknown_operator_is_refused_by_name() -> None:
    with pytest.raises(QuestionError, match="BETWEEN"):
        condition("c", WORDS, Filter("c", "BETWEEN", [1, 2]))


def test_facts_without_the_slice_can_be_asked_for() -> None:
    assert admits_not_applicable(Filter("c", "IN", [NOT_APPLICABLE, "SMS"]))
    assert not admits_not_applicable(Filter("c", "IN", ["SMS"]))
