"""The fit, from customers' states to what readers of the marts see of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import clickhouse_connect
import numpy as np
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from purchase_model import storage
from purchase_model.bg_nbd import BgNbd
from purchase_model.fitting import FEW_BUYERS, SHORT_HISTORY, Fit, PurchaseModel
from purchase_model.gamma_gamma import GammaGamma
from purchase_model.run import run
from purchase_model.storage import KEPT_FITS, PREDICTED_DAYS, VALID_DAYS
from sandbox.clickhouse.process import ClickHouseProcess
from tests.dbt.build import Dbt
from tests.unit.purchase_model.drawing import draw_life, draw_means

TODAY = date(2025, 6, 30)
END_OF_TIME = date(2149, 6, 6)
SEED = 11
VIEWS = ("mart_purchase_models", "mart_expected_orders")


@dataclass(frozen=True)
class Brand:
    """How customers of a brand order, how many there are, and since how many days."""

    orders: BgNbd
    values: GammaGamma
    customers: int
    days: int


USUAL = GammaGamma(p=5.0, q=4.0, gamma=1500.0)
BRANDS = {
    "often": Brand(BgNbd(1.1, 40.0, 0.9, 4.0), USUAL, 4000, 600),
    "seldom": Brand(BgNbd(0.5, 90.0, 0.8, 2.0), GammaGamma(p=2.0, q=3.0, gamma=5000.0), 4000, 600),
    "small": Brand(BgNbd(1.1, 40.0, 0.9, 4.0), USUAL, 300, 600),
    "new": Brand(BgNbd(1.1, 40.0, 0.9, 4.0), USUAL, 900, 120),
}
STATES = """
CREATE TABLE marts.mart_customer_states (
    brand LowCardinality(String), customer_key UInt64, valid_from Date, valid_till Date,
    is_buyer UInt8, orders_to_date UInt32, amount_to_date Decimal(18, 4),
    first_order_date Date, last_order_date Date
) ENGINE = MergeTree ORDER BY (brand, customer_key, valid_from)
"""


def states(name: str, brand: Brand, chance: np.random.Generator) -> Iterator[list[Any]]:
    """Rows of the mart: a stretch of days from each order to the next."""
    for key in range(brand.customers):
        age = int(chance.integers(0, brand.days + 1)) if key else brand.days
        first = TODAY - timedelta(days=age)
        moments, _ = draw_life(brand.orders, chance, age)
        days = [first, *(first + timedelta(days=int(moment)) for moment in moments)]
        value = float(draw_means(brand.values, np.array([float(len(days))]), chance)[0])
        for number, (day, until) in enumerate(pairwise([*days, END_OF_TIME]), start=1):
            if day < until:
                yield [name, key, day, until, 1, number, round(value * number, 4), first, day]


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseProcess]:
    with ClickHouseProcess(tmp_path_factory.mktemp("clickhouse")) as process:
        yield process


@pytest.fixture(scope="module")
def dbt(clickhouse: ClickHouseProcess, tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    return Dbt(clickhouse, tmp_path_factory.mktemp("dbt"))


@pytest.fixture(scope="module")
def shop(clickhouse: ClickHouseProcess, dbt: Dbt) -> Iterator[Client]:
    """A warehouse with customers of several brands, and dbt's marts over fits."""
    client = connected(clickhouse, "etl")
    client.command("CREATE TABLE marts.dim_date (date_day Date) ENGINE = MergeTree ORDER BY ()")
    client.insert("marts.dim_date", [[TODAY]])
    client.command(STATES)
    chance = np.random.default_rng(SEED)
    for name, brand in BRANDS.items():
        client.insert("marts.mart_customer_states", list(states(name, brand, chance)))
    dbt.models(*VIEWS)
    yield client
    client.close()


@pytest.fixture(scope="module")
def fits(shop: Client) -> dict[str, Fit]:
    return {fit.brand: fit for fit in run(shop, now=datetime.now(UTC))}


def connected(clickhouse: ClickHouseProcess, user: str) -> Client:
    return clickhouse_connect.get_client(
        host=clickhouse.host,
        port=clickhouse.port,
        username=user,
        password=clickhouse.passwords[user],
    )


def seen(client: Client) -> dict[str, list[Any]]:
    """All that the marts show."""
    return {
        view: client.query(f"SELECT * FROM marts.{view} ORDER BY ALL").result_rows  # noqa: S608
        for view in VIEWS
    }


@pytest.mark.parametrize("brand", ["often", "seldom"])
def test_a_brand_has_the_model_that_its_customers_follow(fits: dict[str, Fit], brand: str) -> None:
    found, truth = fits[brand].found, BRANDS[brand]

    assert isinstance(found, PurchaseModel)
    assert vars(found.orders) == pytest.approx(vars(truth.orders), rel=0.25)
    assert vars(found.values) == pytest.approx(vars(truth.values), rel=0.25)
    assert found.test_error == pytest.approx(0, abs=0.08)


def test_a_brand_that_is_too_small_or_too_new_has_a_reason(fits: dict[str, Fit]) -> None:
    assert {name: fits[name].found for name in ("small", "new")} == {
        "small": FEW_BUYERS,
        "new": SHORT_HISTORY,
    }


@pytest.mark.usefixtures("fits")
def test_readers_of_the_marts_see_the_fit_and_nothing_of_raw(
    clickhouse: ClickHouseProcess, shop: Client
) -> None:
    reader = connected(clickhouse, "superset")

    assert seen(reader) == seen(shop)
    with pytest.raises(DatabaseError):
        reader.query("SELECT * FROM raw.purchase_models")


def test_the_marts_hold_what_was_fitted(shop: Client, fits: dict[str, Fit]) -> None:
    rows = shop.query(
        "SELECT brand, fitted_buyers, why_no_model, bg_nbd_alpha, gamma_gamma_gamma, test_error, "
        "fitted_till, most_repeats, longest_age FROM marts.mart_purchase_models"
    ).result_rows

    assert len(rows) == len(BRANDS)
    for brand, buyers, reason, alpha, gamma, error, till, _, longest in rows:
        found = fits[brand].found
        assert (buyers, till) == (BRANDS[brand].customers, TODAY)
        if isinstance(found, PurchaseModel):
            assert (reason, alpha, gamma) == ("", found.orders.alpha, found.values.gamma)
            assert error == found.test_error
            assert longest == BRANDS[brand].days + VALID_DAYS
        else:
            assert (reason, alpha, gamma, error) == (found, None, None, None)


@pytest.mark.usefixtures("fits")
def test_a_build_leaves_a_fit_alone_and_finds_it_sound(dbt: Dbt, shop: Client) -> None:
    before = seen(shop)

    dbt("build", "--select", *VIEWS, "--exclude-resource-type", "unit_test")

    assert seen(shop) == before


def test_expected_orders_are_there_for_everybody(shop: Client, fits: dict[str, Fit]) -> None:
    found = fits["seldom"].found
    assert isinstance(found, PurchaseModel)
    rows = shop.query(
        "SELECT repeats, age_days, orders_if_alive FROM marts.mart_expected_orders "
        "WHERE brand = 'seldom' ORDER BY 1, 2"
    ).result_rows
    repeats, age, expected = (np.array(x, dtype=np.float64) for x in zip(*rows, strict=True))

    most, longest = shop.query(
        "SELECT most_repeats, longest_age FROM marts.mart_purchase_models WHERE brand = 'seldom'"
    ).first_row
    assert len(rows) == (most + 1) * (longest + 1)
    assert most >= fits["seldom"].most_orders
    assert expected == pytest.approx(found.orders.orders_if_alive(repeats, age, PREDICTED_DAYS))


def test_a_fit_that_dies_before_its_models_changes_nothing(
    shop: Client, fits: dict[str, Fit], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, kept = seen(shop), moments(shop)

    def dies(*_: Any) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(storage, "_write_models", dies)
        with pytest.raises(ConnectionError):
            storage.write(shop, list(fits.values()), fitted_at=datetime.now(UTC), fitted_till=TODAY)

    assert len(moments(shop)) == len(kept) + 1
    assert seen(shop) == before

    for _ in range(KEPT_FITS):
        storage.write(shop, list(fits.values()), fitted_at=datetime.now(UTC), fitted_till=TODAY)
    assert len(moments(shop)) == KEPT_FITS


def moments(shop: Client) -> list[Any]:
    """The fits whose expected orders are stored."""
    found = shop.query("SELECT DISTINCT fitted_at FROM raw.expected_orders")
    return [moment for (moment,) in found.result_rows]


@pytest.mark.usefixtures("fits")
def test_a_fit_is_silent_once_the_data_have_gone_far_beyond_it(shop: Client) -> None:
    last = TODAY + timedelta(days=VALID_DAYS)
    shop.insert("marts.dim_date", [[last]])
    assert seen(shop)["mart_purchase_models"]

    shop.insert("marts.dim_date", [[last + timedelta(days=1)]])
    assert not any(seen(shop).values())

    shop.command("DELETE FROM marts.dim_date WHERE date_day > {day:Date}", {"day": TODAY})
    assert seen(shop)["mart_purchase_models"]


def test_where_nobody_bought_nothing_is_fitted(shop: Client, fits: dict[str, Fit]) -> None:
    before = seen(shop)
    shop.command("RENAME TABLE marts.mart_customer_states TO marts.others")
    shop.command(STATES)

    assert run(shop, now=datetime.now(UTC)) == []

    shop.command("DROP TABLE marts.mart_customer_states")
    shop.command("RENAME TABLE marts.others TO marts.mart_customer_states")
    assert seen(shop) == before
