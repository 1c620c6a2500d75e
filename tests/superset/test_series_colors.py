"""Metrics that stand in one chart never share a colour."""

from dataclasses import replace

import pytest

from superset_assets.files import Asset, AssetFiles
from superset_assets.series_colors import (
    COLORS,
    distinct_numbers,
    with_series_colors,
    without_series_colors,
)
from superset_assets.server.brand import Brand
from superset_assets.settings import SettingsError

PALETTE = ["blue", "amber", "mint"]


@pytest.mark.parametrize(
    ("charts", "numbers"),
    [
        ([["a"], ["b"]], {"a": 0, "b": 0}),
        ([["a"], ["b"], ["a", "b"]], {"a": 0, "b": 1}),
        # Whoever stands alone somewhere looks like all who do, also where others come first.
        ([["b", "a"], ["a"]], {"a": 0, "b": 1}),
        ([["a", "b"], ["b", "c"], ["a", "c"]], {"a": 0, "b": 1, "c": 2}),
        ([["a", "b"], ["c", "d"]], {"a": 0, "b": 1, "c": 0, "d": 1}),
    ],
)
def test_names_that_stand_together_differ(charts: list[list[str]], numbers: dict[str, int]) -> None:
    assert distinct_numbers(charts) == numbers


def test_no_chart_of_the_boards_shows_two_metrics_in_one_colour(files: AssetFiles) -> None:
    palette = Brand.chosen().palette
    assets = with_series_colors(files.all, palette)
    charts = {asset.uuid: asset.content["params"] for asset in assets if asset.kind == "charts"}
    checked = 0
    for board in (asset for asset in assets if asset.kind == "dashboards"):
        colors = board.content["metadata"][COLORS]
        for node in board.content["position"].values():
            params = charts.get(node["meta"]["uuid"], {}) if _is_chart(node) else {}
            names = [*params.get("metrics", []), *params.get("metrics_b", [])]
            is_series = str(params.get("viz_type")).startswith(("echarts_timeseries", "mixed"))
            if is_series and len(names) > 1 and not params.get("groupby"):
                shown = [colors[name] for name in dict.fromkeys(names)]
                assert len(set(shown)) == len(shown), params
                assert set(shown) <= set(palette)
                checked += 1
    assert checked > 20


def test_what_a_push_gives_is_not_pulled_and_what_people_chose_is(files: AssetFiles) -> None:
    pushed = with_series_colors(files.all, PALETTE)
    assert without_series_colors(pushed, files.all, PALETTE) == [
        _with_colors(asset, {}) if asset.kind == "dashboards" else asset for asset in files.all
    ]
    board = next(asset for asset in pushed if asset.kind == "dashboards")
    name = next(iter(board.content["metadata"][COLORS]))
    changed = _with_colors(board, {**board.content["metadata"][COLORS], name: "black"})
    (pulled,) = without_series_colors([changed], files.all, PALETTE)
    assert pulled.content["metadata"][COLORS] == {name: "black"}


def test_a_colour_of_the_boards_file_goes_before_ours(files: AssetFiles) -> None:
    board = next(asset for asset in with_series_colors(files.all, PALETTE) if _has_colors(asset))
    name = next(iter(board.content["metadata"][COLORS]))
    chosen = [
        _with_colors(asset, {name: "black"}) if asset.uuid == board.uuid else asset
        for asset in files.all
    ]
    (again,) = [a for a in with_series_colors(chosen, PALETTE) if a.uuid == board.uuid]
    assert again.content["metadata"][COLORS][name] == "black"


def test_a_brand_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERSET_BRAND", "nobody")
    with pytest.raises(SettingsError, match="'nobody': choose one of default, north_wind"):
        Brand.chosen()


def _is_chart(node: object) -> bool:
    return isinstance(node, dict) and node["type"] == "CHART"


def _has_colors(asset: Asset) -> bool:
    return asset.kind == "dashboards" and bool(asset.content["metadata"].get(COLORS))


def _with_colors(board: Asset, colors: dict[str, str]) -> Asset:
    metadata = {**board.content["metadata"], COLORS: colors}
    return replace(board, content={**board.content, "metadata": metadata})
