"""The shared filter bar: put into a board and taken out again."""

from copy import deepcopy
from typing import Any

import pytest

from superset_assets.files import AssetFiles
from superset_assets.filter_bar import DIVIDER_PREFIX, FilterBar, FilterBarError
from superset_assets.references import native_filters
from superset_assets.settings import ROOM

BAR = FilterBar.read(ROOM)
SMALL = FilterBar.of(
    {
        "datasets": {"metrics": "1111"},
        "filters": [
            {"key": "period", "kind": "period", "name": "Период", "default": "last year"},
            {"key": "brand", "kind": "select", "name": "Бренд", "description": "Какой."},
            {"key": "about_customer", "kind": "divider", "name": "Клиент"},
            {"key": "gender", "kind": "select", "name": "Пол"},
            {"key": "platform", "kind": "select", "name": "Платформа", "optional": True},
        ],
    }
)


def board(**exceptions: Any) -> dict[str, Any]:
    charts = {
        f"CHART-{name}": {"id": f"CHART-{name}", "type": "CHART", "meta": {"chartId": number}}
        for number, name in enumerate(("a", "b", "c"), start=1)
    }
    return {"slug": "x", "position": charts, "metadata": {"filter_bar": exceptions}}


def filters_of(content: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["id"]: each for each in content["metadata"]["native_filter_configuration"]}


def keys(content: dict[str, Any]) -> list[str]:
    return [key.removeprefix("NATIVE_FILTER-") for key in filters_of(content)]


DIVIDER = f"{DIVIDER_PREFIX}about_customer"
OWN = {"id": "NATIVE_FILTER-mine", "name": "Моё", "type": "NATIVE_FILTER", "scope": {}}


@pytest.mark.parametrize(
    ("exceptions", "expected"),
    [
        ({}, ["period", "brand", DIVIDER, "gender"]),
        ({"unfiltered": ["CHART-b"]}, ["period", "brand", DIVIDER, "gender"]),
        ({"with": ["platform"]}, ["period", "brand", DIVIDER, "gender", "platform"]),
        ({"without": [DIVIDER, "gender"]}, ["period", "brand"]),
        (
            {"own": [{"after": "brand", "filter": OWN}]},
            ["period", "brand", "mine", *[DIVIDER], "gender"],
        ),
        ({"own": [{"filter": OWN}]}, ["mine", "period", "brand", DIVIDER, "gender"]),
        ({"order": ["brand", "period", "gender", DIVIDER]}, ["brand", "period", "gender", DIVIDER]),
        ({"changed": {"gender": {"name": "Пол клиента"}}}, ["period", "brand", DIVIDER, "gender"]),
        (
            {"excluded": [{"charts": ["CHART-a", "CHART-c"], "filters": ["brand", "gender"]}]},
            ["period", "brand", DIVIDER, "gender"],
        ),
    ],
)
def test_a_board_has_the_bar_but_for_its_exceptions_and_the_way_back_is_the_same(
    exceptions: dict[str, Any], expected: list[str]
) -> None:
    written = board(**exceptions)
    whole = SMALL.expanded(deepcopy(written))
    assert keys(whole) == expected
    assert SMALL.contracted(whole) == written


def test_exceptions_reach_the_filters_that_they_name() -> None:
    whole = filters_of(
        SMALL.expanded(
            board(
                unfiltered=["CHART-b"],
                excluded=[{"charts": ["CHART-c", "CHART-a"], "filters": ["brand"]}],
                changed={"gender": {"name": "Пол клиента", "description": None}},
            )
        )
    )
    assert whole["NATIVE_FILTER-brand"]["scope"] == {"excluded": [1, 2, 3], "rootPath": ["ROOT_ID"]}
    assert whole["NATIVE_FILTER-period"]["scope"]["excluded"] == [2]
    assert whole[DIVIDER]["scope"]["excluded"] == []
    assert whole["NATIVE_FILTER-gender"]["name"] == "Пол клиента"
    assert "description" not in whole["NATIVE_FILTER-gender"]
    assert whole["NATIVE_FILTER-brand"]["targets"] == [
        {"column": {"name": "brand"}, "datasetUuid": "1111"}
    ]


def test_a_filter_that_the_bar_gained_comes_to_a_board_with_an_order_of_its_own() -> None:
    order = ["gender", "period", DIVIDER]
    whole = SMALL.expanded(board(order=order))
    assert keys(whole) == ["gender", "period", "brand", DIVIDER]


@pytest.mark.parametrize(
    "exceptions",
    [
        {"without": ["gendr"]},
        {"with": ["nothing"]},
        {"changed": {"nothing": {"name": "x"}}},
        {"unfiltered": ["CHART-d"]},
        {"excluded": [{"charts": ["CHART-d"], "filters": ["brand"]}]},
        {"excluded": [{"charts": ["CHART-a"], "filters": ["platform"]}]},
        {"order": ["brand", "nothing"]},
        {"witout": ["gender"]},
    ],
)
def test_an_exception_that_names_nothing_is_refused(exceptions: dict[str, Any]) -> None:
    with pytest.raises(FilterBarError, match="which is not there"):
        SMALL.expanded(board(**exceptions))


def test_a_board_without_the_bar_stays_as_it_is() -> None:
    plain: dict[str, Any] = {
        "slug": "x",
        "position": {},
        "metadata": {"cross_filters_enabled": True},
    }
    assert BAR.expanded(plain) == plain
    assert BAR.contracted(plain) == plain


def test_every_board_shares_the_bar(files: AssetFiles) -> None:
    always = {"period", "grain", "brand"}
    for each in files.of("dashboards"):
        ids = {one["id"].removeprefix("NATIVE_FILTER-") for one in native_filters(each)}
        assert always <= ids, each.path
        assert len(ids & {key.removeprefix("NATIVE_FILTER-") for key in BAR.filters}) >= 8, (
            each.path
        )
