"""Rules on boards."""

from collections import Counter
from collections.abc import Iterator

from superset_assets.dataset_builder import FRESHNESS
from superset_assets.files import Asset, AssetFiles, Content
from superset_assets.lint.problem import Problem
from superset_assets.methodology import BLOCK
from superset_assets.references import adhoc_filters, chart_nodes, native_filters

BROWSER_LISTS = ("chartsInScope", "tabsInScope")
GENERATED = ("chart_configuration", "map_label_colors", "shared_label_colors")


def board_rules(files: AssetFiles) -> Iterator[Problem]:
    """Descriptions, layout, and filters that reach what they claim to reach."""
    charts, datasets = files.by_uuid("charts"), files.by_uuid("datasets")
    for board in files.of("dashboards"):
        yield from _texts(board)
        yield from _layout(board)
        yield from _parts(board, charts, datasets)
        for each in native_filters(board):
            yield from _target(board, each, datasets)
            yield from _scope(board, each, charts, datasets)
        yield from _reached_by_period(board, charts)


def _texts(board: Asset) -> Iterator[Problem]:
    if not board.content.get("description"):
        yield Problem(board.path, "it has no description")
    if not board.content.get("slug"):
        yield Problem(board.path, "it has no slug: its address would differ between installations")
    if BLOCK not in board.content["position"]:
        yield Problem(board.path, f"it has no «Методика» (a markdown block with the id {BLOCK})")
    for each in native_filters(board):
        if not each.get("description"):
            yield Problem(board.path, f"filter {each['name']} has no description")


def _parts(board: Asset, charts: dict[str, Asset], datasets: dict[str, Asset]) -> Iterator[Problem]:
    """What each board has, so that whoever can read one can read all."""
    shown = [
        charts[uuid] for node in chart_nodes(board) if (uuid := node["meta"]["uuid"]) in charts
    ]
    kinds = [str(chart.content["viz_type"]) for chart in shown]
    read = {
        datasets[uuid].content["table_name"]
        for chart in shown
        if (uuid := chart.content["dataset_uuid"]) in datasets
    }
    has = {
        "number with its previous period": any(
            chart.content["params"].get("time_compare")
            for chart in shown
            if chart.content["viz_type"] == "pop_kpi"
        ),
        "chart over time": any(
            chart.content["params"].get("x_axis") == "date"
            for chart in shown
            if str(chart.content["viz_type"]).startswith("echarts_timeseries")
        ),
        "table": "table" in kinds,
        "chart of the dataset freshness": FRESHNESS in read,
        "cross-filters": board.content["metadata"].get("cross_filters_enabled") is True,
    }
    for what, is_there in has.items():
        if not is_there:
            yield Problem(board.path, f"it has no {what}")


def _layout(board: Asset) -> Iterator[Problem]:
    position = board.content["position"]
    nodes = {key: node for key, node in position.items() if isinstance(node, dict)}
    ids = Counter(node["meta"].get("chartId") for node in chart_nodes(board))
    for number, count in ids.items():
        if number is None:
            yield Problem(board.path, "a chart of its layout has no chartId: the import would fail")
        elif count > 1:
            yield Problem(board.path, f"chartId {number} stands for {count} charts")
    reached = {"ROOT_ID", "HEADER_ID"}
    for node in nodes.values():
        reached.update(node.get("children", []))
        for child in node.get("children", []):
            if child not in nodes:
                yield Problem(board.path, f"{node['id']} holds {child}, which is not in the layout")
    for key in sorted(set(nodes) - reached):
        yield Problem(board.path, f"{key} is in the layout, but in no container")
    for name in GENERATED:
        if board.content["metadata"].get(name):
            yield Problem(board.path, f"metadata.{name} is rebuilt by Superset: leave it empty")


def _target(board: Asset, each: Content, datasets: dict[str, Asset]) -> Iterator[Problem]:
    for target in each["targets"]:
        if "datasetUuid" not in target:
            continue
        dataset = datasets.get(target["datasetUuid"])
        if dataset is None:
            yield Problem(board.path, f"filter {each['name']} reads a dataset that is in no file")
        elif "column" in target and target["column"]["name"] not in _columns(dataset):
            yield Problem(
                board.path,
                f"filter {each['name']}: {dataset.content['table_name']} has no column "
                f"{target['column']['name']}",
            )
        elif (order := each["controlValues"].get("sortMetric")) not in {None, *_metrics(dataset)}:
            yield Problem(board.path, f"filter {each['name']} is sorted by {order}, no metric")
    for name in BROWSER_LISTS:
        if each.get(name):
            yield Problem(board.path, f"filter {each['name']}: {name} belongs to one installation")


def _scope(
    board: Asset, each: Content, charts: dict[str, Asset], datasets: dict[str, Asset]
) -> Iterator[Problem]:
    """Superset drops a filter on a column that a dataset lacks, and shows the total."""
    wanted = {target["column"]["name"] for target in each["targets"] if "column" in target}
    if not wanted:
        return
    reached = 0
    for chart in _in_scope(board, each, charts):
        dataset = datasets.get(chart.content["dataset_uuid"])
        missing = wanted - _columns(dataset) if dataset else set()
        reached += not missing
        for column in sorted(missing):
            yield Problem(
                board.path,
                f"filter {each['name']} would be ignored by {chart.path.stem}: its dataset has no "
                f"{column}; exclude the chart from the filter's scope",
            )
    if not reached:
        yield Problem(board.path, f"filter {each['name']} reaches no chart")


def _in_scope(board: Asset, each: Content, charts: dict[str, Asset]) -> list[Asset]:
    roots, excluded = set(each["scope"]["rootPath"]), set(each["scope"]["excluded"])
    return [
        charts[node["meta"]["uuid"]]
        for node in chart_nodes(board)
        if node["meta"].get("chartId") not in excluded
        and roots & {*node["parents"], "ROOT_ID"}
        and node["meta"]["uuid"] in charts
    ]


def _reached_by_period(board: Asset, charts: dict[str, Asset]) -> Iterator[Problem]:
    periods = [each for each in native_filters(board) if each["filterType"] == "filter_time"]
    if not periods:
        yield Problem(board.path, "it has no period filter")
    for period in periods:
        for chart in _in_scope(board, period, charts):
            if not any(each.get("operator") == "TEMPORAL_RANGE" for each in adhoc_filters(chart)):
                yield Problem(board.path, f"its period does not reach {chart.path.stem}")


def _columns(dataset: Asset) -> set[str]:
    return {str(column["column_name"]) for column in dataset.content["columns"]}


def _metrics(dataset: Asset) -> set[str]:
    return {str(metric["metric_name"]) for metric in dataset.content["metrics"]}
