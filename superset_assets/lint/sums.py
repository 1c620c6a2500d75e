"""Rules on what a chart adds up by itself: it must add up.

Tables ask for their totals anew. What stands here is summed in the browser, or by Superset over
the finished rows, where counts of people and rates come out wrong without an error.
"""

from collections.abc import Iterator

from superset_assets.files import Asset, AssetFiles
from superset_assets.lint.problem import Problem
from superset_assets.references import metric_references
from superset_assets.semantics.catalog import Catalog

ADDITIVE, NON_ADDITIVE = "additive", "non_additive"
NOTHING = {None, "", "None", False}
OVER_TIME = ("rolling_type", "forecastEnabled")
OVER_SERIES = ("contributionMode", "showTooltipTotal", "show_total")


def sum_rules(files: AssetFiles) -> Iterator[Problem]:
    """No running, stacked or total value of a metric that does not add up."""
    additivity = Catalog.read().additivity
    for chart in files.of("charts"):
        metrics = [name for name in metric_references(chart) if isinstance(name, str)]
        loose = [name for name in metrics if additivity.get(name, ADDITIVE) != ADDITIVE]
        never = [name for name in loose if additivity[name] == NON_ADDITIVE]
        for how, names in _sums(chart, loose, never):
            for name in names:
                yield Problem(chart.path, f"{how} adds up {name}, which does not add up")


def _sums(chart: Asset, loose: list[str], never: list[str]) -> Iterator[tuple[str, list[str]]]:
    """What sums, with the metrics that it must not. States add up over slices, not over time."""
    params = chart.content["params"]
    for control in OVER_TIME:
        if params.get(control) not in NOTHING:
            yield control, loose
    for control in OVER_SERIES:
        if params.get(control) not in NOTHING:
            yield control, never
    if params.get("stack") not in NOTHING and params.get("groupby"):
        yield "stack", never
    if chart.content["viz_type"] == "treemap_v2" and len(params.get("groupby") or []) > 1:
        yield "the outer level of the tree map", never
