"""Bringing what people changed in Superset back into the files."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from superset_assets.bundle import unpack
from superset_assets.client import SupersetClient
from superset_assets.files import Asset, AssetFiles, Content, to_yaml
from superset_assets.filter_bar import FilterBar, filters_changed_on
from superset_assets.normalize import normalize_chart, normalize_dashboard, stable_chart_ids
from superset_assets.publish import published_language
from superset_assets.series_colors import without_series_colors
from superset_assets.server.brand import Brand
from superset_assets.settings import Language
from superset_assets.translation import English
from superset_assets.words import english_values, read_words

# Russian names of new charts as file names.
CYRILLIC = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
LATIN = dict(
    zip(
        CYRILLIC,
        [
            *("a", "b", "v", "g", "d", "e", "e", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p"),
            *("r", "s", "t", "u", "f", "h", "ts", "ch", "sh", "sch", "", "y", "", "e", "yu", "ya"),
        ],
        strict=True,
    )
)


@dataclass(frozen=True)
class PullReport:
    """What a pull found.

    Attributes:
        changed: files that were written or removed.
        datasets_differ: generated datasets that somebody changed in Superset; a change of a
            metric belongs in dbt, the next push overwrites it here.
        filters_differ: names of shared filters that somebody changed on one board, by the board's
            file, which now holds the change; for all boards it belongs in the filter bar's file.
    """

    changed: list[Path]
    datasets_differ: list[Path]
    filters_differ: dict[Path, list[str]]


def pull(client: SupersetClient, files: AssetFiles, slugs: tuple[str, ...] = ()) -> PullReport:
    """Write the boards of the files, and those named by slug, as they are in Superset now.

    Raises:
        SupersetError: Superset could not be reached, or has no board of a given slug.
    """
    boards = [
        found["id"]
        for key in [*files.by_uuid("dashboards"), *slugs]
        if (found := client.by_uuid("dashboard", key)) is not None
    ]
    query = f"!({','.join(map(str, boards))})"
    exported = unpack(client.download("dashboard/export/", params={"q": query}))
    exported = without_series_colors(exported, files.all, Brand.chosen().palette)
    if published_language(client) is Language.ENGLISH:
        english = English(files, read_words(), english_values())
        exported = [replace(each, content=english.russian(each.content)) for each in exported]
    charts, datasets = files.by_uuid("charts"), files.by_uuid("datasets")
    changed: list[Path] = []
    filters_differ: dict[Path, list[str]] = {}
    for board in (asset for asset in exported if asset.kind == "dashboards"):
        written = _write_board(board, exported, files, charts)
        changed += written.changed
        if written.filters_differ:
            filters_differ[written.path] = written.filters_differ
    # A chart that no board holds any more leaves with the last of them.
    kept = {asset.uuid for asset in exported if asset.kind == "charts"}
    for chart in files.of("charts"):
        if chart.uuid not in kept:
            (files.root / chart.path).unlink()
            changed.append(chart.path)
    differ = [
        datasets[asset.uuid].path
        for asset in exported
        if asset.kind == "datasets"
        and asset.uuid in datasets
        and _comparable(asset.content) != _comparable(datasets[asset.uuid].content)
    ]
    return PullReport(changed, differ, filters_differ)


@dataclass(frozen=True)
class _Written:
    path: Path
    changed: list[Path]
    filters_differ: list[str]


def _write_board(
    board: Asset, exported: list[Asset], files: AssetFiles, charts: dict[str, Asset]
) -> _Written:
    written = files.by_uuid("dashboards").get(board.uuid)
    slug = board.content["slug"] or board.uuid[:8]
    path = written.path if written else Path("dashboards") / f"{slug}.yaml"
    ids = stable_chart_ids(board.content["position"], written)
    changed = []
    now = normalize_dashboard(board.content, ids)
    differ = _filters_differing(files.filter_bar, written.content if written else None, now)
    if files.write(path, now):
        changed.append(path)
    for chart in (asset for asset in exported if asset.kind == "charts" and asset.uuid in ids):
        known = charts.get(chart.uuid)
        target = known.path if known else _new_path(path.stem, chart)
        if files.write(target, normalize_chart(chart.content)):
            changed.append(target)
    return _Written(path, changed, differ)


def _filters_differing(bar: FilterBar, before: Content | None, now: Content) -> list[str]:
    """Shared filters that are other on the board than in its file; all of them on a new board."""
    known = filters_changed_on(bar.contracted(before)) if before else {}
    found = filters_changed_on(bar.contracted(now))
    return [bar.name(key) for key in found if found[key] != known.get(key)]


def _new_path(board: str, chart: Asset) -> Path:
    latin = "".join(LATIN.get(letter, letter) for letter in chart.content["slice_name"].lower())
    name = re.sub(r"[^a-z0-9]+", "_", latin).strip("_")[:40]
    return Path("charts") / board / f"{name}_{chart.uuid[:6]}.yaml"


def _comparable(dataset: Content) -> str:
    """A dataset's text whatever the order that Superset keeps its parts in."""
    columns = sorted(dataset["columns"], key=lambda column: str(column["column_name"]))
    metrics = sorted(dataset["metrics"], key=lambda metric: str(metric["metric_name"]))
    return to_yaml({**dataset, "columns": columns, "metrics": metrics})
