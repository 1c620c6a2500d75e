"""Writing what follows from dbt: datasets, the boards' «Методика», the catalogue of questions."""

import json
from pathlib import Path

from superset_assets.dataset_builder import generate as generate_datasets
from superset_assets.exposures import write_exposures
from superset_assets.files import AssetFiles, Content
from superset_assets.glossary import write_glossary
from superset_assets.manifest import Manifest
from superset_assets.methodology import write_methodology
from superset_assets.mindbox_report import write_page
from superset_assets.semantic_catalog import write_catalog
from superset_assets.semantics.catalog import CATALOG
from superset_assets.settings import ROOM
from superset_assets.words import METRICS as ENGLISH_METRICS
from superset_assets.words import definitions_catalogue

GLOSSARY = ROOM.parent / "docs" / "metrics.md"
MINDBOX_REPORT = ROOM.parent / "docs" / "mindbox-report.md"
EXPOSURES = ROOM.parent / "dbt" / "models" / "exposures.yml"


def generated(files: AssetFiles, manifest: Manifest) -> dict[Path, Content]:
    """Every generated file with its content as it has to be now.

    Raises:
        ManifestError: a metric cannot be translated.
    """
    datasets = generate_datasets(manifest)
    by_uuid = {str(content["uuid"]): content for content in datasets.values()}
    contents = {Path("datasets") / f"{name}.yaml": each for name, each in datasets.items()}
    for board in files.of("dashboards"):
        contents[board.path] = write_methodology(board, files.of("charts"), by_uuid)
    return contents


def write_generated(files: AssetFiles, manifest: Manifest) -> list[Path]:
    """Write the generated files anew and remove datasets that no metric needs any more.

    Returns:
        The files that changed.
    """
    contents = generated(files, manifest)
    changed = [path for path, content in contents.items() if files.write(path, content)]
    for dataset in files.of("datasets"):
        if dataset.path not in contents:
            (files.root / dataset.path).unlink()
            changed.append(dataset.path)
    return changed


def generated_texts(files: AssetFiles, manifest: Manifest) -> dict[Path, str]:
    """What is generated beside the assets: catalogue, glossary, English words, exposures."""
    catalog = json.dumps(write_catalog(manifest), ensure_ascii=False, indent=1) + "\n"
    return {
        CATALOG: catalog,
        GLOSSARY: write_glossary(manifest),
        MINDBOX_REPORT: write_page(manifest),
        ENGLISH_METRICS: definitions_catalogue(manifest),
        EXPOSURES: write_exposures(files),
    }


def write_generated_texts(files: AssetFiles, manifest: Manifest) -> list[Path]:
    """Write them anew.

    Returns:
        The files that changed.
    """
    changed = []
    for path, text in generated_texts(files, manifest).items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed
