"""Carrying the files to Superset."""

import json
from dataclasses import dataclass

from superset_assets.bundle import FOLDER, pack
from superset_assets.client import SupersetClient
from superset_assets.files import AssetFiles
from superset_assets.settings import Warehouse

# Superset keeps nothing that tells our objects from people's own, and its import never removes:
# what we published last time is written down in an annotation layer of this name.
LEDGER = "superset_assets: опубликованные объекты"
REMOVABLE = {"charts": "chart", "dashboards": "dashboard", "datasets": "dataset"}


@dataclass(frozen=True)
class PushReport:
    """What a push did."""

    published: int
    removed: list[str]


def push(client: SupersetClient, files: AssetFiles, warehouse: Warehouse) -> PushReport:
    """Make Superset hold what the files say.

    Objects are matched by UUID and overwritten. Objects of an earlier push that are in the files
    no longer are removed; what people made themselves is never touched.

    Raises:
        SupersetError: Superset refused the bundle or could not be reached.
    """
    databases = {
        f"databases/{asset.path.name}": warehouse.password for asset in files.of("databases")
    }
    client.post(
        "assets/import/",
        files={"bundle": (f"{FOLDER}.zip", pack(files.all, warehouse), "application/zip")},
        data={"passwords": json.dumps(databases), "overwrite": "true"},
    )
    published = {kind: sorted(files.by_uuid(kind)) for kind in REMOVABLE}
    removed = [
        f"{kind}/{uuid}"
        for kind, uuids in _ledger(client).items()
        for uuid in uuids
        if uuid not in published[kind] and _remove(client, REMOVABLE[kind], uuid)
    ]
    _write_ledger(client, published)
    return PushReport(len(files.all), removed)


def _remove(client: SupersetClient, resource: str, uuid: str) -> bool:
    found = client.by_uuid(resource, uuid)
    if found is None:
        return False
    client.delete(f"{resource}/{found['id']}")
    return True


def _ledger(client: SupersetClient) -> dict[str, list[str]]:
    layer = client.find("annotation_layer/", "name", LEDGER)
    if layer is None:
        return {}
    content: dict[str, list[str]] = json.loads(layer["descr"])
    return content


def _write_ledger(client: SupersetClient, published: dict[str, list[str]]) -> None:
    layer = client.find("annotation_layer/", "name", LEDGER)
    content = {"name": LEDGER, "descr": json.dumps(published)}
    if layer is None:
        client.post("annotation_layer/", json=content)
    elif layer["descr"] != content["descr"]:
        client.put(f"annotation_layer/{layer['id']}", json=content)
