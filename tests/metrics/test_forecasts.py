"""Forecasts where there is no model: of a brand, or of any."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from purchase_model.fitting import FEW_BUYERS, Fit
from purchase_model.storage import write
from tests.metrics.chain import Chain
from tests.metrics.forecasts import BRAND_WITHOUT
from tests.metrics.reference import Question, Value
from tests.metrics.reference.forecasts import FIRST_DAY, FITTED_TILL, FORECASTS
from tests.metrics.reference.words import ALL_BRANDS
from tests.metrics.warehouse import Warehouse

SINCE, TILL = date(2025, 2, 1), date(2025, 4, 17)
METRICS = ("clv_predicted", "clv_total", "p_alive")
(BRAND,) = FORECASTS.keys() - {ALL_BRANDS}


def value(warehouse: Warehouse, metric: str, *brands: str) -> Value:
    filters = {"brand": set(brands)} if brands else {}
    question = Question(metric, "event", SINCE, TILL, filters, (), None)
    return warehouse.answer(question)[None,]


@pytest.fixture
def nothing_fitted(chain: Chain) -> Iterator[None]:
    """A newer fit that found no model, and is gone afterwards."""
    at = datetime.now(UTC)
    fits = [
        Fit(brand, buyers=1, most_orders=1, first_day=FIRST_DAY, found=FEW_BUYERS)
        for brand in (ALL_BRANDS, BRAND, BRAND_WITHOUT)
    ]
    write(chain.client, fits, fitted_at=at, fitted_till=FITTED_TILL)
    yield
    chain.client.command(
        "DELETE FROM raw.purchase_models WHERE fitted_at = {at:DateTime64(3)}", {"at": at}
    )


@pytest.mark.parametrize("metric", METRICS)
def test_a_brand_without_a_model_has_no_forecast(warehouse: Warehouse, metric: str) -> None:
    assert value(warehouse, metric, BRAND)
    assert value(warehouse, metric, BRAND_WITHOUT) is None
    assert value(warehouse, metric, BRAND, BRAND_WITHOUT) is None


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.usefixtures("nothing_fitted")
def test_without_any_model_there_is_no_forecast(warehouse: Warehouse, metric: str) -> None:
    assert value(warehouse, metric) is None
    assert value(warehouse, metric, BRAND) is None


@pytest.mark.usefixtures("nothing_fitted")
def test_what_buyers_brought_needs_no_model(warehouse: Warehouse) -> None:
    assert value(warehouse, "clv_historic")


def test_nothing_is_looked_up_for_other_metrics(warehouse: Warehouse) -> None:
    asked = Question("clv_historic", "event", SINCE, TILL, {}, (), None)

    assert "purchase_models" not in warehouse.sql(asked)
    assert "expected_orders" not in warehouse.sql(
        Question("p_alive", "event", SINCE, TILL, {}, (), None)
    )
