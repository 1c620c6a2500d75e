"""Writing what follows from dbt: the datasets, and the boards' «Методика»."""

from pathlib import Path

from superset_assets.dataset_builder import generate as generate_datasets
from superset_assets.files import AssetFiles, Content
from superset_assets.manifest import Manifest
from superset_assets.methodology import write_methodology


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
