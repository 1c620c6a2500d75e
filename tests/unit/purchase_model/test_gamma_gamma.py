"""Gamma-Gamma beside what is published of it, and beside customers drawn by it."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from purchase_model.gamma_gamma import GammaGamma
from purchase_model.likelihood import NotConvergedError
from tests.e2e.cdnow import NOT_SHIPPED, SAMPLE, read_purchases
from tests.unit.purchase_model.drawing import draw_means

PUBLISHED = GammaGamma(p=6.25, q=3.74, gamma=15.44)
"""Of the repeat orders of CDNOW customers, in dollars: section 4 of the note."""
CALIBRATION_END = date(1997, 9, 30)


@pytest.mark.skipif(not SAMPLE.exists(), reason=NOT_SHIPPED)
def test_the_customers_of_the_note_have_its_parameters() -> None:
    spent: dict[int, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for purchase in read_purchases(SAMPLE):
        if purchase.day <= CALIBRATION_END:
            spent[purchase.customer][purchase.day] += purchase.amount
    repeats = [[days[day] for day in sorted(days)[1:]] for days in spent.values()]
    repeats = [amounts for amounts in repeats if amounts]

    found = GammaGamma.fitted(
        np.array([len(amounts) for amounts in repeats], dtype=np.float64),
        np.array([float(sum(amounts)) / len(amounts) for amounts in repeats]),
    )

    assert len(repeats) == 946
    assert vars(found) == pytest.approx(vars(PUBLISHED), abs=0.01)


def test_customers_drawn_by_a_model_lead_back_to_it() -> None:
    model, chance = GammaGamma(p=3.0, q=4.0, gamma=2500.0), np.random.default_rng(7)
    orders = chance.integers(1, 12, 30_000).astype(np.float64)

    found = GammaGamma.fitted(orders, draw_means(model, orders, chance))

    assert vars(found) == pytest.approx(vars(model), rel=0.08)


def test_many_orders_are_worth_their_mean_and_none_are_worth_everybodys() -> None:
    model = GammaGamma(p=3.0, q=4.0, gamma=2500.0)
    everybodys = model.p * model.gamma / (model.q - 1)

    of_many = model.expected_value(np.array([1e6]), np.array([1e6 * 800.0]))
    of_none = model.expected_value(np.array([0.0]), np.array([0.0]))

    assert of_many[0] == pytest.approx(800, rel=1e-4)
    assert of_none[0] == pytest.approx(everybodys)


def test_free_orders_alone_give_no_model() -> None:
    with pytest.raises(NotConvergedError):
        GammaGamma.fitted(np.ones(600), np.zeros(600))
