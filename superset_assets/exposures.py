"""The boards as exposures of dbt, so that its lineage ends where people look."""

import yaml

from superset_assets.files import Asset, AssetFiles
from superset_assets.semantics.catalog import DAYS, MARTS

HEAD = "# Written from the boards by `make boards-generate`.\n"
OWNER = {"name": "Аналитика рассылок"}


def write_exposures(files: AssetFiles) -> str:
    """The exposures as YAML; every board reads its numbers from the marts of the one dataset."""
    boards = sorted(files.of("dashboards"), key=lambda board: str(board.content["slug"]))
    exposures = [_exposure(board) for board in boards]
    return HEAD + yaml.safe_dump(
        {"exposures": exposures}, allow_unicode=True, sort_keys=False, width=100
    )


def _exposure(board: Asset) -> dict[str, object]:
    content = board.content
    return {
        "name": f"board_{content['slug'].replace('-', '_')}",
        "label": content["dashboard_title"],
        "type": "dashboard",
        "maturity": "high",
        "url": f"/superset/dashboard/{content['slug']}/",
        "description": content["description"] or content["dashboard_title"],
        "depends_on": [f"ref('{mart}')" for mart in (*MARTS, DAYS)],
        "owner": OWNER,
    }
