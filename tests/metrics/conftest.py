"""One small shop for all tests of metrics."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from purchase_model.storage import write
from sandbox.mindbox.world import WorldSettings
from superset_assets.dataset_builder import METRICS
from superset_assets.manifest import Manifest
from superset_assets.metric_sql import MetricSql
from tests.metrics.chain import Chain, loaded
from tests.metrics.forecasts import fits
from tests.metrics.reference import Reference
from tests.metrics.reference.forecasts import FITTED_TILL
from tests.metrics.warehouse import Warehouse
from tests.superset.chart_data import ChartData
from tests.superset.stack import stack_over


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """A shop of 400 people and 13 months, loaded and built."""
    # Not a month's end, and not midnight where the shop is: nothing is aligned by luck.
    settings = WorldSettings(
        customers=400, months=13, seed=5, until=datetime(2025, 4, 17, tzinfo=UTC)
    )
    with loaded(settings, tmp_path_factory.mktemp("chain")) as chain:
        chain.dbt("build")
        write(chain.client, fits(), fitted_at=datetime.now(UTC), fitted_till=FITTED_TILL)
        yield chain


@pytest.fixture(scope="session")
def reference(chain: Chain) -> Reference:
    return Reference(chain.world, chain.segment_loads)


@pytest.fixture(scope="session")
def sql(chain: Chain) -> MetricSql:
    return MetricSql(Manifest.read(chain.dbt.folder / "target" / "manifest.json"))


@pytest.fixture(scope="session")
def warehouse(chain: Chain) -> Warehouse:
    manifest = Manifest.read(chain.dbt.folder / "target" / "manifest.json")
    return Warehouse(chain.client, manifest, chain.until.date())


@pytest.fixture(scope="session")
def charts(chain: Chain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChartData]:
    """The dataset «Показатели» of a Superset on the shop's warehouse."""
    folder = tmp_path_factory.mktemp("superset")
    with ExitStack() as services:
        yield ChartData.of(
            stack_over(chain.dbt.clickhouse, chain.client, folder, services), METRICS
        )
