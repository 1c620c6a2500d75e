"""BG/NBD beside what is published of it, its definition, and customers drawn by it."""

from datetime import date
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import betaln

from purchase_model.bg_nbd import BgNbd
from purchase_model.likelihood import NotConvergedError
from tests.e2e.cdnow import NOT_SHIPPED, SAMPLE, read_purchases
from tests.unit.purchase_model.drawing import draw_customers

PUBLISHED = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
"""Of the CDNOW customers, in weeks: table 2 of the paper."""
CALIBRATION_END = date(1997, 9, 30)


def one(number: float) -> NDArray[np.float64]:
    return np.array([number], dtype=np.float64)


def cdnow_weeks() -> tuple[NDArray[np.float64], ...]:
    days: dict[int, set[date]] = {}
    for purchase in read_purchases(SAMPLE):
        if purchase.day <= CALIBRATION_END:
            days.setdefault(purchase.customer, set()).add(purchase.day)
    rows = [
        (len(own) - 1, (max(own) - min(own)).days / 7, (CALIBRATION_END - min(own)).days / 7)
        for own in days.values()
    ]
    return tuple(np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))


@pytest.mark.skipif(not SAMPLE.exists(), reason=NOT_SHIPPED)
def test_the_customers_of_the_paper_have_its_parameters() -> None:
    customers = cdnow_weeks()

    found = BgNbd.fitted(*customers)

    assert len(customers[0]) == 2357
    assert vars(found) == pytest.approx(vars(PUBLISHED), abs=6e-4)
    assert found.log_likelihood(*customers).sum() == pytest.approx(-9582.4, abs=0.05)


def test_the_customer_of_the_paper_is_expected_to_order_as_it_says() -> None:
    expected = PUBLISHED.expected_orders(one(2), one(30.43), one(38.86), 39)

    assert expected[0] == pytest.approx(1.226, abs=5e-4)


def integral(model: BgNbd, repeats: int, age: float, days: float) -> float:
    """The mean of (1 - exp(-rate p days)) / p over rates and probabilities p to leave, by p."""
    shape, b = model.r + repeats, model.b + repeats
    start = model.alpha + age

    def part(u: float) -> float:
        # p = u ** (1 / a): the density's pole at 0 is gone.
        p = max(u ** (1 / model.a), 1e-300)
        orders = -np.expm1(shape * np.log(start / (start + p * days))) / p
        return float(orders * (1 - p) ** (b - 1) / model.a / np.exp(betaln(model.a, b)))

    return float(quad(part, 0, 1, epsabs=0, epsrel=1e-9, limit=500)[0])


@pytest.mark.parametrize("repeats", [1, 3, 40])
@pytest.mark.parametrize("a", [0.6, 0.999999, 1.0, 1.8])
def test_expected_orders_are_those_of_the_definition(repeats: int, a: float) -> None:
    for r, alpha, b, age in product((0.2, 1.4), (20.0, 200.0), (1.2, 5.0), (0.0, 90.0, 1500.0)):
        model = BgNbd(r, alpha, a, b)
        expected = model.orders_if_alive(one(repeats), one(age), 365)[0]
        assert expected == pytest.approx(integral(model, repeats, age, 365), rel=3e-6)


def test_whoever_ordered_once_cannot_have_left() -> None:
    assert PUBLISHED.probability_alive(one(0), one(0), one(500))[0] == 1


def test_customers_of_very_many_orders_have_a_number() -> None:
    model = BgNbd(r=5.0, alpha=3.0, a=6.0, b=0.1)

    assert np.isfinite(model.expected_orders(one(500), one(0), one(0), 365))


@pytest.mark.parametrize("seed", [1, 2])
def test_customers_drawn_by_a_model_lead_back_to_it(seed: int) -> None:
    model = BgNbd(r=0.8, alpha=60.0, a=0.9, b=3.5)
    chance = np.random.default_rng(seed)
    drawn = draw_customers(model, 20_000, chance, longest_age=700, later=365)
    seen = (drawn.repeats, drawn.recency, drawn.age)

    found = BgNbd.fitted(*seen)

    assert vars(found) == pytest.approx(vars(model), rel=0.12)
    expected = found.expected_orders(*seen, 365)
    assert expected.sum() == pytest.approx(drawn.later_orders.sum(), rel=0.03)
    repeating = drawn.repeats > 0
    alive = found.probability_alive(*seen)[repeating]
    assert alive.mean() == pytest.approx(drawn.is_alive[repeating].mean(), abs=0.01)


@pytest.mark.parametrize("seed", range(1, 11))
def test_customers_who_all_stay_give_no_model(seed: int) -> None:
    """Where nobody leaves, there is no finite distribution of leaving.

    Where the search ends then differs from one set of customers, and one processor, to another.
    """
    chance = np.random.default_rng(seed)
    age = chance.uniform(100, 700, 2000)
    repeats = chance.poisson(age * chance.gamma(2, 0.01, 2000)).astype(np.float64)
    recency = np.where(repeats > 0, age * repeats / (repeats + 1), 0)

    with pytest.raises(NotConvergedError):
        BgNbd.fitted(repeats, recency, age)
