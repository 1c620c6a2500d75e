"""The boards as exposures of dbt, so that its lineage ends where people look."""

import yaml

from superset_assets.dataset_builder import METRICS, RECONCILIATION, dataset_uuid
from superset_assets.files import Asset, AssetFiles
from superset_assets.mindbox_report import MAILINGS, MART
from superset_assets.references import charts_of
from superset_assets.semantics.catalog import HELPERS, MARTS

HEAD = "# Written from the boards by `make boards-generate`.\n"
OWNER = {"name": "Аналитика рассылок"}
MARTS_OF_DATASETS = {
    dataset_uuid(METRICS): (*MARTS, *HELPERS),
    dataset_uuid(RECONCILIATION): (MART, MAILINGS),
}


def write_exposures(files: AssetFiles) -> str:
    """The exposures as YAML; a board depends on the marts behind its charts' datasets."""
    boards = sorted(files.of("dashboards"), key=lambda board: str(board.content["slug"]))
    exposures = [_exposure(board, charts_of(board, files.of("charts"))) for board in boards]
    return HEAD + yaml.safe_dump(
        {"exposures": exposures}, allow_unicode=True, sort_keys=False, width=100
    )


def _exposure(board: Asset, charts: list[Asset]) -> dict[str, object]:
    content = board.content
    asked = {str(chart.content["dataset_uuid"]) for chart in charts}
    marts = [mart for uuid, behind in MARTS_OF_DATASETS.items() if uuid in asked for mart in behind]
    return {
        "name": f"board_{content['slug'].replace('-', '_')}",
        "label": content["dashboard_title"],
        "type": "dashboard",
        "maturity": "high",
        "url": f"/superset/dashboard/{content['slug']}/",
        "description": content["description"] or content["dashboard_title"],
        "depends_on": [f"ref('{mart}')" for mart in marts],
        "owner": OWNER,
    }
