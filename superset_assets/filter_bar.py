"""The filter bar that all boards share, and where a board differs from it.

The bar is written once, in `filter_bar.yaml`. A board's file holds its exceptions alone, under
`metadata.filter_bar`:

    with:      optional filters of the bar that this board has
    without:   filters of the bar that make no sense here
    unfiltered: charts that every filter leaves alone (by their place in the layout)
    excluded:  charts that some filters leave alone
    changed:   fields of a filter that are other here, by filter
    own:       filters that no other board has, each after another one
    order:     all filters, where they stand in another order than the bar's

`FilterBar.expanded` puts the bar in, as Superset has it; `FilterBar.contracted` takes it out again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Content = dict[str, Any]
FILE = "filter_bar.yaml"
FILTERS, EXCEPTIONS = "native_filter_configuration", "filter_bar"
FILTER_PREFIX, DIVIDER_PREFIX = "NATIVE_FILTER-", "NATIVE_FILTER_DIVIDER-"
KINDS = {"period": "filter_time", "grain": "filter_timegrain", "select": "filter_select"}
KEYS = {"with", "without", "unfiltered", "excluded", "changed", "own", "order"}


class FilterBarError(ValueError):
    """The bar, or a board's exceptions from it, name something that does not exist."""


@dataclass(frozen=True)
class FilterBar:
    """The shared bar.

    Attributes:
        filters: the filters and dividers as Superset has them, by id, in their order.
        optional: ids of those that only boards have which name them.
    """

    filters: Mapping[str, Content]
    optional: frozenset[str]

    @classmethod
    def read(cls, folder: Path) -> "FilterBar":
        """The bar of a folder of assets; without the file an empty one."""
        path = folder / FILE
        if not path.exists():
            return cls({}, frozenset())
        return cls.of(yaml.safe_load(path.read_text(encoding="utf-8")))

    @classmethod
    def of(cls, content: Content) -> "FilterBar":
        """Take the bar as it is written.

        Raises:
            FilterBarError: a filter is of an unknown kind, or two have one key.
        """
        filters = [_written(each, content["datasets"]) for each in content["filters"]]
        by_id = {each["id"]: each for each in filters}
        if len(by_id) < len(filters):
            raise FilterBarError(f"{FILE}: two filters have one key")
        optional = {
            each["id"]
            for each, entry in zip(filters, content["filters"], strict=True)
            if entry.get("optional")
        }
        return cls(by_id, frozenset(optional))

    def expanded(self, board: Content) -> Content:
        """A board as Superset has it, from its file.

        Raises:
            FilterBarError: its exceptions name a filter or a chart that does not exist.
        """
        metadata = board["metadata"]
        if EXCEPTIONS not in metadata:
            return board
        exceptions = metadata[EXCEPTIONS] or {}
        _refuse(board, "exceptions", set(exceptions) - KEYS)
        for name in ("with", "without", "changed"):
            _refuse(board, name, {_id(key) for key in exceptions.get(name, ())} - set(self.filters))
        excluded = _excluded_charts(board, exceptions.get("excluded", []))
        own = {each["filter"]["id"]: each for each in exceptions.get("own", [])}
        changed = {_id(key): fields for key, fields in exceptions.get("changed", {}).items()}
        filters = {
            key: _changed(self.filters[key], changed.get(key, {})) for key in self._ids(exceptions)
        }
        filters |= {key: each["filter"] for key, each in own.items()}
        unfiltered = _numbers(board, exceptions.get("unfiltered", []))
        _refuse(board, "excluded", set(excluded) - set(filters))
        order = [_id(key) for key in exceptions.get("order", ())]
        for key in order or self._ids(exceptions):
            _refuse(board, "order", {key} - set(filters))
        # A filter that came to the bar later stands where the bar has it.
        order = _with_missing(order, self._ids(exceptions), list(self.filters))
        for key, each in own.items():
            if key not in order:
                after = each.get("after")
                order.insert(order.index(_id(after)) + 1 if after else 0, key)
        configuration = [
            {
                **filters[key],
                "scope": {
                    **filters[key]["scope"],
                    "excluded": sorted(
                        excluded.get(key, set())
                        | (set() if filters[key]["type"] == "DIVIDER" else unfiltered)
                    ),
                },
            }
            for key in order
        ]
        rest = {name: value for name, value in metadata.items() if name != EXCEPTIONS}
        return {**board, "metadata": {**rest, FILTERS: configuration}}

    def contracted(self, board: Content) -> Content:
        """A board as its file has it, from what Superset has.

        What the board does otherwise is written into its exceptions: a filter that somebody changed
        on one board is changed on that board alone.
        """
        metadata = board["metadata"]
        found = {each["id"]: each for each in metadata.get(FILTERS, [])}
        if not self.filters or not set(found) & set(self.filters):
            return board
        shared = [key for key in self.filters if key in found]
        own = [key for key in found if key not in self.filters]
        changed = {
            _key(key): fields
            for key in shared
            if (fields := _differing(self.filters[key], found[key]))
        }
        exceptions: Content = {
            "with": [_key(key) for key in shared if key in self.optional],
            "without": [
                _key(key) for key in self.filters if key not in found and key not in self.optional
            ],
            **_excluded_places(board, found),
            "changed": changed,
            "own": [_own(key, list(found), found[key]) for key in own],
            "order": [],
        }
        if [key for key in found if key in self.filters] != shared:
            exceptions["order"] = [_key(key) for key in found]
        rest = {name: value for name, value in metadata.items() if name != FILTERS}
        kept = {name: value for name, value in exceptions.items() if value}
        return {**board, "metadata": {**rest, EXCEPTIONS: kept}}

    def name(self, key: str) -> str:
        """What a filter or divider of the bar is called on the screen."""
        content = self.filters[_id(key)]
        return str(content.get("name") or content["title"])

    def _ids(self, exceptions: Content) -> list[str]:
        wanted = {_id(key) for key in exceptions.get("with", ())}
        unwanted = {_id(key) for key in exceptions.get("without", ())}
        return [
            key
            for key in self.filters
            if key not in unwanted and (key not in self.optional or key in wanted)
        ]


def filters_changed_on(file: Content) -> dict[str, Content]:
    """What a board's file changes of shared filters: fields by the filter's key."""
    changed: dict[str, Content] = (file["metadata"].get(EXCEPTIONS) or {}).get("changed", {})
    return changed


def _written(entry: Content, datasets: Mapping[str, str]) -> Content:
    """One filter as Superset has it, from its few lines in the bar."""
    kind = entry["kind"]
    common: Content = {
        "cascadeParentIds": [_id(each) for each in entry.get("parents", ())],
        "chartsInScope": [],
        "scope": {"excluded": [], "rootPath": ["ROOT_ID"]},
        "tabsInScope": [],
        "description": entry.get("description", ""),
    }
    if kind == "divider":
        return {
            **common,
            "controlValues": {},
            "defaultDataMask": _mask({}, {}),
            "filterType": "",
            "id": f"{DIVIDER_PREFIX}{entry['key']}",
            "targets": [{}],
            "title": entry["name"],
            "type": "DIVIDER",
        }
    if kind not in KINDS:
        raise FilterBarError(f"{FILE}: {entry['key']} is of the unknown kind {kind!r}")
    content = {
        **common,
        "controlValues": {"enableEmptyFilter": False},
        "filterType": KINDS[kind],
        "id": f"{FILTER_PREFIX}{entry['key']}",
        "name": entry["name"],
        "targets": [{}],
        "type": "NATIVE_FILTER",
    }
    default = entry.get("default")
    if kind == "period":
        return {**content, "defaultDataMask": _mask({"time_range": default}, {"value": default})}
    dataset = datasets[entry.get("dataset", "metrics")]
    if kind == "grain":
        mask = _mask(
            {"time_grain_sqla": default}, {"label": entry["default_label"], "value": [default]}
        )
        return {**content, "defaultDataMask": mask, "targets": [{"datasetUuid": dataset}]}
    column = entry["key"]
    mask = _mask({}, {})
    if default:
        condition = {"col": column, "op": "IN", "val": [default]}
        mask = _mask({"filters": [condition]}, {"label": default, "value": [default]})
    control = {
        "defaultToFirstItem": False,
        "enableEmptyFilter": bool(default),
        "inverseSelection": False,
        "multiSelect": not default,
        "searchAllOptions": bool(entry.get("many")),
        "sortAscending": True,
    }
    if "order" in entry:
        control["sortMetric"] = entry["order"]
    target = {"column": {"name": column}, "datasetUuid": dataset}
    return {**content, "controlValues": control, "defaultDataMask": mask, "targets": [target]}


def _mask(extra: Content, state: Content) -> Content:
    return {"extraFormData": extra, "filterState": state, "ownState": {}}


def _id(key: str) -> str:
    return key if key.startswith("NATIVE_FILTER") else f"{FILTER_PREFIX}{key}"


def _key(filter_id: str) -> str:
    return filter_id.removeprefix(FILTER_PREFIX)


def _refuse(board: Content, where: str, unknown: set[str]) -> None:
    if unknown:
        raise FilterBarError(
            f"{board.get('slug')}: {EXCEPTIONS}.{where} names {', '.join(sorted(unknown))}, "
            "which is not there"
        )


def _places(board: Content) -> dict[str, int]:
    """The number of each chart by its place in the layout."""
    nodes = [node for node in board["position"].values() if isinstance(node, dict)]
    return {node["id"]: node["meta"]["chartId"] for node in nodes if node["type"] == "CHART"}


def _numbers(board: Content, charts: Iterable[str]) -> set[int]:
    places = _places(board)
    _refuse(board, "excluded", set(charts) - set(places))
    return {places[place] for place in charts}


def _excluded_charts(board: Content, exceptions: Iterable[Content]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for each in exceptions:
        for key in each["filters"]:
            found.setdefault(_id(key), set()).update(_numbers(board, each["charts"]))
    return found


def _excluded_places(board: Content, filters: Mapping[str, Content]) -> Content:
    """Charts that no filter acts on; then filters that leave the same charts alone, together."""
    places = {number: place for place, number in _places(board).items()}
    excluded = {
        key: {places[number] for number in each["scope"]["excluded"] if number in places}
        for key, each in filters.items()
        if each["type"] != "DIVIDER"
    }
    unfiltered = set.intersection(*excluded.values()) if excluded else set()
    groups: dict[tuple[str, ...], list[str]] = {}
    for key, charts in excluded.items():
        if charts - unfiltered:
            groups.setdefault(tuple(sorted(charts - unfiltered)), []).append(_key(key))
    return {
        "unfiltered": sorted(unfiltered),
        "excluded": [{"charts": list(charts), "filters": keys} for charts, keys in groups.items()],
    }


def _changed(shared: Content, fields: Content) -> Content:
    both = {**shared, **fields}
    return {name: value for name, value in both.items() if value is not None}


def _differing(shared: Content, found: Content) -> Content:
    """The fields that are other on the board; None for those that it lacks."""
    ours, theirs = _without_excluded(shared), _without_excluded(found)
    names = sorted({*ours, *theirs})
    return {name: theirs.get(name) for name in names if ours.get(name) != theirs.get(name)}


def _without_excluded(content: Content) -> Content:
    scope = {name: value for name, value in content["scope"].items() if name != "excluded"}
    return {**content, "scope": scope}


def _own(key: str, order: list[str], content: Content) -> Content:
    scope = {name: value for name, value in content["scope"].items() if name != "excluded"}
    before = order[order.index(key) - 1] if order.index(key) else None
    placed: Content = {"filter": {**content, "scope": scope}}
    return placed if before is None else {**placed, "after": _key(before)}


def _with_missing(order: list[str], wanted: list[str], bar: list[str]) -> list[str]:
    """The order with the wanted filters that it does not name, each after its neighbour's."""
    if not order:
        return list(wanted)
    result = list(order)
    for key in wanted:
        if key not in result:
            before = [each for each in bar[: bar.index(key)] if each in result]
            result.insert(result.index(before[-1]) + 1 if before else 0, key)
    return result
