from pathlib import Path

import pytest

from superset_assets.files import AssetFiles
from superset_assets.manifest import Manifest
from superset_assets.settings import ROOM
from tests.superset.chart_data import ChartData
from tests.superset.stack import Stack, manifest_path, running_stack


@pytest.fixture(scope="session")
def manifest() -> Manifest:
    return Manifest.read(manifest_path())


@pytest.fixture(scope="session")
def stack() -> Stack:
    return running_stack()


@pytest.fixture(scope="session")
def wide_events(stack: Stack) -> ChartData:
    return ChartData.of(stack, "wide_events")


@pytest.fixture(scope="session")
def customer_base(stack: Stack) -> ChartData:
    return ChartData.of(stack, "mart_customer_base_daily")


@pytest.fixture
def files() -> AssetFiles:
    return AssetFiles(ROOM)


@pytest.fixture
def copied_files(tmp_path: Path, files: AssetFiles) -> AssetFiles:
    """A copy of the assets that a test may change."""
    copy = AssetFiles(tmp_path / "assets")
    for asset in files.all:
        copy.write(asset.path, asset.content)
    return copy
