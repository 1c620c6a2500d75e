"""A model for each brand and for all brands together: fitted, and tested on held-out days."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from clickhouse_connect.driver.client import Client

from purchase_model.bg_nbd import BgNbd
from purchase_model.gamma_gamma import GammaGamma
from purchase_model.histories import Histories, Overview, histories, overviews
from purchase_model.likelihood import NotConvergedError

FEWEST_BUYERS = 500
FEWEST_DAYS = 180
FREQUENT = 3
"""From so many orders on a buyer tells orders and leaving apart."""
TEST_DAYS = 180
"""So many of the last days are held out to test the model on: fewer would test it on a season."""

FEW_BUYERS = f"Меньше {FEWEST_BUYERS} покупателей"
SHORT_HISTORY = f"История заказов короче {FEWEST_DAYS} дней"
NOBODY_FREQUENT = f"Нет покупателей с {FREQUENT} заказами"
NOT_CONVERGED = "История покупок не определяет параметры модели"


@dataclass(frozen=True)
class PurchaseModel:
    """Both models of a brand.

    Attributes:
        orders: how often customers order and when they leave.
        values: what an order is worth.
        test_error: expected orders of the held-out days over actual ones, less 1; None where the
            days before them were not enough for a model.
    """

    orders: BgNbd
    values: GammaGamma
    test_error: float | None


@dataclass(frozen=True)
class Fit:
    """What came of a brand.

    Attributes:
        brand: its name, «Все бренды» for all together.
        buyers: on the day of the fit.
        most_orders: of one buyer.
        first_day: of the first order.
        found: the model, or the reason why there is none, in Russian, for people to read.
    """

    brand: str
    buyers: int
    most_orders: int
    first_day: date
    found: PurchaseModel | str


def fits(client: Client, day: date) -> Iterator[Fit]:
    """A model of every brand that has buyers, by their orders up to the end of a day.

    Args:
        client: a connection that may read the marts.
        day: the last loaded day.
    """
    test_day = day - timedelta(days=TEST_DAYS)
    before = overviews(client, test_day, frequent=FREQUENT)
    for brand, overview in overviews(client, day, frequent=FREQUENT).items():
        found: PurchaseModel | str | None = _obstacle(overview, day)
        if found is None:
            try:
                orders, values = _fitted(histories(client, brand, day, until=day))
            except NotConvergedError:
                found = NOT_CONVERGED
            else:
                error = None
                if brand in before and _obstacle(before[brand], test_day) is None:
                    error = _test_error(histories(client, brand, test_day, until=day))
                found = PurchaseModel(orders, values, error)
        yield Fit(brand, overview.buyers, overview.most_orders, overview.first_day, found)


def _obstacle(overview: Overview, day: date) -> str | None:
    """Why a brand's orders are not enough for a model; None if they are."""
    if overview.buyers < FEWEST_BUYERS:
        return FEW_BUYERS
    if (day - overview.first_day).days < FEWEST_DAYS:
        return SHORT_HISTORY
    return None if overview.frequent_buyers else NOBODY_FREQUENT


def _fitted(known: Histories) -> tuple[BgNbd, GammaGamma]:
    return (
        BgNbd.fitted(known.repeats, known.recency, known.age),
        GammaGamma.fitted(known.orders, known.mean_value),
    )


def _test_error(known: Histories) -> float | None:
    """How far the orders expected of the held-out days are from the actual ones, relatively."""
    try:
        model = BgNbd.fitted(known.repeats, known.recency, known.age)
    except NotConvergedError:
        return None
    actual = float(np.sum(known.further_orders))
    expected = model.expected_orders(known.repeats, known.recency, known.age, TEST_DAYS)
    return float(np.sum(expected)) / actual - 1 if actual else None
