"""What Superset exports, made canonical: the same board always gives the same file.

Dropped is what Superset itself ignores on import, invents on export or rebuilds in the browser;
kept is everything a person chose.
"""

from collections.abc import Mapping
from typing import Any

from superset_assets.bundle import CHART_DEFAULTS, DASHBOARD_DEFAULTS
from superset_assets.files import Asset, Content

# Names of the object in its own installation, and what a save in Explore writes of its own accord.
FOREIGN_PARAMS = {"dashboards", "datasource", "slice_id", "url_params", "extra_form_data"}
GENERATED_METADATA = {
    "chart_configuration",
    "color_scheme_domain",
    "map_label_colors",
    "shared_label_colors",
}
EMPTY_METADATA = {
    "chart_customization_config",
    "default_filters",
    "expanded_slices",
    "label_colors",
    "timed_refresh_immune_slices",
}
IGNORED_ON_IMPORT = {"theme_uuid", "tags", "is_managed_externally", "external_url"}
EMPTY_TEXTS: tuple[object, ...] = ({}, [], "", "{}", None)


def normalize_chart(content: Content) -> Content:
    """A chart without ids, caches and empty settings."""
    params = {
        name: value
        for name, value in content["params"].items()
        if name not in FOREIGN_PARAMS
        and not name.startswith("matrixify_")
        and not (name == "annotation_layers" and not value)
    }
    # A save in Explore leaves the query too, with the numbers of its own installation.
    kept = _without_defaults({**content, "query_context": None}, CHART_DEFAULTS)
    return {**kept, "params": params}


def normalize_dashboard(content: Content, chart_ids: Mapping[str, int]) -> Content:
    """A board with stable chart numbers in place of the installation's ids.

    Args:
        content: the exported board.
        chart_ids: the number of each chart (by UUID) that is to stand in the file; see
            `stable_chart_ids`.
    """
    position = {key: _node(node, chart_ids) for key, node in content["position"].items()}
    if "HEADER_ID" in position:
        position["HEADER_ID"]["meta"] = {"text": content["dashboard_title"]}
    renumbered = {
        node["meta"]["chartId"]: chart_ids[node["meta"]["uuid"]]
        for node in content["position"].values()
        if isinstance(node, dict) and node["type"] == "CHART"
    }
    metadata = {
        name: value
        for name, value in content["metadata"].items()
        if name not in GENERATED_METADATA and not (name in EMPTY_METADATA and value in EMPTY_TEXTS)
    }
    metadata = _renumber(metadata, renumbered)
    kept = _without_defaults(content, DASHBOARD_DEFAULTS)
    return {**kept, "position": position, "metadata": metadata}


def stable_chart_ids(position: Content, written: Asset | None) -> dict[str, int]:
    """A number for each chart of a layout: the one in the file, or the next free one.

    Args:
        position: the exported layout.
        written: the board's file, if it has one.
    """
    known = {} if written is None else _chart_ids(written.content["position"])
    placed = sorted(_chart_ids(position))
    free = max(known.values(), default=0) + 1
    new = {uuid: free + index for index, uuid in enumerate(u for u in placed if u not in known)}
    return {uuid: known.get(uuid) or new[uuid] for uuid in placed}


def _chart_ids(position: Content) -> dict[str, int]:
    nodes = [node for node in position.values() if isinstance(node, dict)]
    return {
        node["meta"]["uuid"]: node["meta"]["chartId"] for node in nodes if node["type"] == "CHART"
    }


def _node(node: Any, chart_ids: Mapping[str, int]) -> Any:
    if not isinstance(node, dict):
        return node
    node = {**node, "meta": {**node["meta"]}} if "meta" in node else {**node}
    if node["type"] == "CHART":
        node["meta"].pop("sliceName", None)
        node["meta"]["chartId"] = chart_ids[node["meta"]["uuid"]]
    return node


def _renumber(value: Any, renumbered: Mapping[int, int]) -> Any:
    """The filters' scopes with the file's chart numbers, and without the browser's own lists."""
    if isinstance(value, dict):
        return {
            key: []
            if key in {"chartsInScope", "tabsInScope"}
            else sorted(renumbered[chart] for chart in each if chart in renumbered)
            if key == "excluded"
            else _renumber(each, renumbered)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_renumber(each, renumbered) for each in value]
    return value


def _without_defaults(content: Content, defaults: Content) -> Content:
    return {
        name: value
        for name, value in content.items()
        if name not in IGNORED_ON_IMPORT and not (name in defaults and value == defaults[name])
    }
