"""Superset's bundles: a zip with one folder, its metadata and one YAML per object."""

import io
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import yaml

from superset_assets.files import KINDS, Asset, Content, to_yaml
from superset_assets.settings import Warehouse

FOLDER = "mindbox_analytics"
# Superset keeps the old value of a field that a file does not name.
CHART_DEFAULTS: Content = {
    "cache_timeout": None,
    "certification_details": None,
    "certified_by": None,
    "description": None,
    "external_url": None,
    "is_managed_externally": False,
    "query_context": None,
}
DASHBOARD_DEFAULTS: Content = {
    "certification_details": None,
    "certified_by": None,
    "css": "",
    "description": None,
    "external_url": None,
    "is_managed_externally": False,
    "published": True,
}


def pack(assets: Iterable[Asset], warehouse: Warehouse) -> bytes:
    """The zip that `/api/v1/assets/import/` takes."""
    buffer = io.BytesIO()
    metadata = {"version": "1.0.0", "type": "assets", "timestamp": datetime.now(UTC).isoformat()}
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{FOLDER}/metadata.yaml", to_yaml(metadata))
        for asset in assets:
            archive.writestr(f"{FOLDER}/{_path(asset)}", to_yaml(_complete(asset, warehouse)))
    return buffer.getvalue()


def _path(asset: Asset) -> PurePosixPath:
    return PurePosixPath(asset.path.as_posix())


def _complete(asset: Asset, warehouse: Warehouse) -> Content:
    match asset.kind:
        case "databases":
            return {**asset.content, "sqlalchemy_uri": warehouse.sqlalchemy_uri()}
        case "charts":
            return {**CHART_DEFAULTS, **asset.content}
        case "dashboards":
            return {**DASHBOARD_DEFAULTS, **asset.content}
    return asset.content


def unpack(archive: bytes) -> list[Asset]:
    """The objects of an exported zip, with their paths in it."""
    assets = []
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        for name in opened.namelist():
            path = Path(*PurePosixPath(name).parts[1:])
            if path.parts and path.parts[0] in KINDS:
                assets.append(Asset(path.parts[0], path, yaml.safe_load(opened.read(name))))
    return assets
