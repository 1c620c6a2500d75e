"""Real purchases go the whole way: a chart's months equal a direct count of the file."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from sandbox.mindbox.process import MindboxProcess
from superset_assets.dataset_builder import METRICS as DATASET
from superset_assets.dataset_builder import dataset_uuid
from tests.e2e.cdnow import (
    NOT_SHIPPED,
    SAMPLE,
    Month,
    Purchase,
    count_months,
    read_purchases,
    write_folder,
)
from tests.e2e.conftest import Chain, RunChain
from tests.superset.chart_data import ChartData

pytestmark = pytest.mark.skipif(not SAMPLE.exists(), reason=NOT_SHIPPED)
FIRST, AFTER_LAST = date(1997, 1, 1), date(1998, 7, 1)
METRICS = ["buyers", "orders", "revenue", "repeat_buyer_share"]


@pytest.fixture(scope="module")
def purchases() -> list[Purchase]:
    return read_purchases(SAMPLE)


@pytest.fixture(scope="module")
def mindbox(
    purchases: list[Purchase], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MindboxProcess]:
    folder = tmp_path_factory.mktemp("cdnow")
    write_folder(purchases, folder)
    with MindboxProcess(folder=folder) as process:
        yield process


@pytest.fixture(scope="module")
def chain(mindbox: MindboxProcess, run_chain: RunChain) -> Chain:
    return run_chain("cdnow", mindbox, FIRST, AFTER_LAST - timedelta(days=1))


def test_the_file_is_the_published_sample(purchases: list[Purchase]) -> None:
    buyers = {purchase.customer for purchase in purchases}
    assert (len(purchases), len(buyers)) == (6919, 2357)
    assert sum(purchase.amount for purchase in purchases) == Decimal("244091.94")


def test_every_month_on_a_chart_equals_a_count_of_the_file(
    chain: Chain, purchases: list[Purchase]
) -> None:
    found = chain.superset.by_uuid("dataset", dataset_uuid(DATASET))
    assert found is not None
    chart = ChartData(chain.superset, found["id"])
    rows = chart.rows(METRICS, (str(FIRST), str(AFTER_LAST)), grain="P1M")
    charted = {
        datetime.fromtimestamp(row["date"] / 1000, UTC).date(): Month(
            buyers=row["buyers"],
            orders=row["orders"],
            revenue=Decimal(str(row["revenue"])),
            repeat_buyer_share=pytest.approx(row["repeat_buyer_share"], rel=1e-12),
        )
        for row in rows
    }
    assert charted == count_months(purchases)
