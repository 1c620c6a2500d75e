"""Rules on identities and references between files."""

from collections import Counter
from collections.abc import Iterator

from superset_assets.files import KINDS, Asset, AssetFiles
from superset_assets.lint.problem import Problem
from superset_assets.references import chart_nodes

REFERENCES = {"datasets": ("database_uuid", "databases"), "charts": ("dataset_uuid", "datasets")}


def identity_rules(files: AssetFiles) -> Iterator[Problem]:
    """Unique UUIDs, nothing that points nowhere, nothing that nobody points at."""
    yield from _unique(files)
    for kind, (field, target) in REFERENCES.items():
        known = files.by_uuid(target)
        for asset in files.of(kind):
            if asset.content.get(field) not in known:
                yield Problem(asset.path, f"{field} {asset.content.get(field)} is in no file")
    yield from _orphans(files)


def _unique(files: AssetFiles) -> Iterator[Problem]:
    for kind in KINDS:
        counts = Counter(asset.uuid for asset in files.of(kind))
        for asset in files.of(kind):
            if counts[asset.uuid] > 1:
                yield Problem(asset.path, f"its uuid {asset.uuid} stands in another file too")


def _orphans(files: AssetFiles) -> Iterator[Problem]:
    charts = files.by_uuid("charts")
    placed: set[str] = set()
    for board in files.of("dashboards"):
        for node in chart_nodes(board):
            uuid = node["meta"]["uuid"]
            placed.add(uuid)
            if uuid not in charts:
                # Superset then silently unlinks other charts of the board.
                yield Problem(board.path, f"its layout holds chart {uuid}, which is in no file")
    yield from (
        Problem(chart.path, "no board shows this chart")
        for chart in files.of("charts")
        if chart.uuid not in placed
    )
    yield from _unread_datasets(files)


def _unread_datasets(files: AssetFiles) -> Iterator[Problem]:
    read = {chart.content["dataset_uuid"] for chart in files.of("charts")}
    for board in files.of("dashboards"):
        read |= _filter_datasets(board)
    for dataset in files.of("datasets"):
        if dataset.uuid not in read:
            yield Problem(dataset.path, "no chart and no filter reads this dataset")


def _filter_datasets(board: Asset) -> set[str]:
    filters = board.content["metadata"].get("native_filter_configuration", [])
    return {
        str(target["datasetUuid"])
        for each in filters
        for target in each.get("targets", [])
        if "datasetUuid" in target
    }
