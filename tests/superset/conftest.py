import shutil
from pathlib import Path

import pytest

from superset_assets.dataset_builder import METRICS
from superset_assets.files import AssetFiles
from superset_assets.filter_bar import FILE
from superset_assets.manifest import Manifest
from superset_assets.settings import ROOM
from tests.superset.chart_data import ChartData
from tests.superset.stack import SERVICES, Stack, manifest_path, running_stack


def pytest_sessionfinish() -> None:
    SERVICES.close()


@pytest.fixture(scope="session")
def manifest() -> Manifest:
    return Manifest.read(manifest_path())


@pytest.fixture(scope="session")
def stack() -> Stack:
    return running_stack()


@pytest.fixture(scope="session")
def metrics(stack: Stack) -> ChartData:
    """The dataset «Показатели»."""
    return ChartData.of(stack, METRICS)


@pytest.fixture(scope="session")
def files() -> AssetFiles:
    """The assets of this checkout, read once; a test that changes one changes a copy."""
    return AssetFiles(ROOM)


@pytest.fixture(scope="session")
def written_files(tmp_path_factory: pytest.TempPathFactory, files: AssetFiles) -> Path:
    """A folder of the assets, each in the one way in which it is written."""
    written = AssetFiles(tmp_path_factory.mktemp("written"))
    shutil.copy(ROOM / FILE, written.root)
    for asset in files.all:
        written.write(asset.path, asset.content)
    return written.root


@pytest.fixture
def copied_files(tmp_path: Path, written_files: Path) -> AssetFiles:
    """A copy of the assets that a test may change."""
    return AssetFiles(Path(shutil.copytree(written_files, tmp_path / "assets")))
