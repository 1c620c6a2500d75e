"""Carrying the files to Superset."""

import json
from dataclasses import dataclass

from superset_assets.bundle import FOLDER, pack
from superset_assets.client import SupersetClient
from superset_assets.files import Asset, AssetFiles
from superset_assets.ledger import read_ledger, write_ledger
from superset_assets.series_colors import with_series_colors
from superset_assets.server.brand import Brand
from superset_assets.settings import Language, Warehouse
from superset_assets.translation import English
from superset_assets.words import english_values, read_words

# Superset's import never removes.
LANGUAGE = "language"
REMOVABLE = {"charts": "chart", "dashboards": "dashboard", "datasets": "dataset"}


@dataclass(frozen=True)
class PushReport:
    """What a push did."""

    published: int
    removed: list[str]


def push(
    client: SupersetClient,
    files: AssetFiles,
    warehouse: Warehouse,
    language: Language = Language.RUSSIAN,
) -> PushReport:
    """Make Superset hold what the files say, in one of their languages.

    Series have the colours of the brand that SUPERSET_BRAND names.

    Objects are matched by UUID and overwritten. Objects of an earlier push that are in the files
    no longer are removed; what people made themselves is never touched.

    Raises:
        SupersetError: Superset refused the bundle or could not be reached.
        TranslationError: a text has no English.
    """
    assets = with_series_colors(in_language(files, language), Brand.chosen().palette)
    databases = {
        f"databases/{asset.path.name}": warehouse.password for asset in files.of("databases")
    }
    client.post(
        "assets/import/",
        files={"bundle": (f"{FOLDER}.zip", pack(assets, warehouse), "application/zip")},
        data={"passwords": json.dumps(databases), "overwrite": "true"},
    )
    known = read_ledger(client)
    published = {kind: sorted(files.by_uuid(kind)) for kind in REMOVABLE}
    removed = [
        f"{kind}/{uuid}"
        for kind in REMOVABLE
        for uuid in known.get(kind, [])
        if uuid not in published[kind] and _remove(client, REMOVABLE[kind], uuid)
    ]
    write_ledger(client, **published, **{LANGUAGE: language})
    return PushReport(len(assets), removed)


def in_language(files: AssetFiles, language: Language) -> list[Asset]:
    """Every asset of the files, with its texts in a language.

    Raises:
        TranslationError: a text has no English.
    """
    if language is Language.RUSSIAN:
        return files.all
    return English(files, read_words(), english_values()).assets


def published_language(client: SupersetClient) -> Language:
    """The language that the last push was in; Russian before the first."""
    return Language(read_ledger(client).get(LANGUAGE, Language.RUSSIAN))


def _remove(client: SupersetClient, resource: str, uuid: str) -> bool:
    found = client.by_uuid(resource, uuid)
    if found is None:
        return False
    client.delete(f"{resource}/{found['id']}")
    return True
