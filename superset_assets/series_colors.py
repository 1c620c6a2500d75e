"""A colour of its own for every metric that stands beside others in a chart.

Superset gives colours by the order in which a page happens to draw its charts, and keeps a series'
colour all over the board. Two metrics that each are the only series of a chart get the first colour
of the palette, and in the chart that shows both one line hides behind the other. So a push writes
down who has which colour (`label_colors`), by the chosen brand's palette; the files hold what
people chose themselves, and a pull leaves out what a push has written.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from superset_assets.files import Asset, Content
from superset_assets.references import chart_nodes, charts_of

COLORS = "label_colors"
SERIES_PREFIXES = ("echarts_timeseries", "echarts_area", "mixed_timeseries")
METRIC_CONTROLS = ("metrics", "metrics_b")
DIMENSION_CONTROLS = ("groupby", "groupby_b")


def with_series_colors(assets: Sequence[Asset], palette: Sequence[str]) -> list[Asset]:
    """The assets, the boards' metrics given colours; a colour in a board's file goes before."""
    return [
        _with_colors(asset, {**_colors_of(asset, assets, palette), **_chosen(asset)})
        if asset.kind == "dashboards"
        else asset
        for asset in assets
    ]


def without_series_colors(
    exported: Sequence[Asset], pushed: Sequence[Asset], palette: Sequence[str]
) -> list[Asset]:
    """What Superset exports, without the colours that a push of the assets gives.

    Args:
        exported: boards and what they hold.
        pushed: the assets of the files.
        palette: colours of the brand that was pushed.
    """
    given = {
        asset.uuid: _colors_of(asset, pushed, palette)
        for asset in pushed
        if asset.kind == "dashboards"
    }
    return [
        _with_colors(asset, dict(_chosen(asset).items() - given.get(asset.uuid, {}).items()))
        if asset.kind == "dashboards"
        else asset
        for asset in exported
    ]


def _chosen(board: Asset) -> dict[str, str]:
    return board.content["metadata"].get(COLORS) or {}


def _with_colors(board: Asset, colors: Mapping[str, str]) -> Asset:
    metadata: Content = {**board.content["metadata"], COLORS: dict(sorted(colors.items()))}
    return replace(board, content={**board.content, "metadata": metadata})


def _colors_of(board: Asset, assets: Sequence[Asset], palette: Sequence[str]) -> dict[str, str]:
    """Colours of a board's metrics, by the names under which Superset looks for them."""
    charts = [each for each in assets if each.kind == "charts"]
    together = [
        list(_series(chart)) for chart in _in_order(board, charts) if _has_series_of_metrics(chart)
    ]
    numbers = distinct_numbers(together)
    return {name: palette[number % len(palette)] for name, number in numbers.items()}


def distinct_numbers(together: Iterable[Sequence[str]]) -> dict[str, int]:
    """The lowest numbers by which no two names differ that ever stand together.

    Args:
        together: the names that stand in one chart, chart by chart. A name that stands alone
            somewhere is numbered before those that never do, so that lone series look alike.
    """
    charts = [list(dict.fromkeys(names)) for names in together]
    alone = {names[0]: None for names in charts if len(names) == 1}
    numbers: dict[str, int] = {}
    for name in {**alone, **{name: None for names in charts for name in names}}:
        taken = {
            numbers[other]
            for names in charts
            if name in names
            for other in names
            if other in numbers
        }
        numbers[name] = next(number for number in range(len(taken) + 1) if number not in taken)
    return numbers


def _in_order(board: Asset, charts: list[Asset]) -> list[Asset]:
    """The charts of a board in an order that no export changes."""
    order = {node["meta"]["uuid"]: node["id"] for node in chart_nodes(board)}
    return sorted(charts_of(board, charts), key=lambda chart: str(order[chart.uuid]))


def _has_series_of_metrics(chart: Asset) -> bool:
    params = chart.content["params"]
    return str(chart.content["viz_type"]).startswith(SERIES_PREFIXES) and not any(
        params.get(control) for control in DIMENSION_CONTROLS
    )


def _series(chart: Asset) -> Iterator[str]:
    for control in METRIC_CONTROLS:
        for name in chart.content["params"].get(control) or []:
            if isinstance(name, str):
                yield name
