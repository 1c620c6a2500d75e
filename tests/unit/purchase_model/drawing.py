"""Customers drawn as the two models say customers are, life by life."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from purchase_model.bg_nbd import BgNbd
from purchase_model.gamma_gamma import GammaGamma

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Customers:
    """What is seen of them now, and what only the drawer knows."""

    repeats: Numbers
    recency: Numbers
    age: Numbers
    is_alive: NDArray[np.bool_]
    later_orders: Numbers


def draw_life(model: BgNbd, chance: Generator, days: float) -> tuple[list[float], bool]:
    """Days after the first order on which a customer orders again, and whether he stays at last."""
    rate, leaving = chance.gamma(model.r, 1 / model.alpha), chance.beta(model.a, model.b)
    moments: list[float] = []
    moment = 0.0
    while rate:
        moment += chance.exponential(1 / rate)
        if moment > days:
            break
        moments.append(moment)
        if chance.random() < leaving:
            return moments, False
    return moments, True


def draw_customers(
    model: BgNbd, count: int, chance: Generator, *, longest_age: float, later: float
) -> Customers:
    """Customers whose first order lies up to `longest_age` days back, and `later` days on."""
    rows = []
    for age in chance.uniform(0, longest_age, count):
        moments, stays = draw_life(model, chance, age + later)
        seen = [moment for moment in moments if moment <= age]
        followed = len(moments) - len(seen)
        rows.append((len(seen), max(seen, default=0.0), age, stays or followed > 0, followed))
    repeats, recency, ages, alive, later_orders = (
        np.array(column, dtype=np.float64) for column in zip(*rows, strict=True)
    )
    return Customers(repeats, recency, ages, alive.astype(bool), later_orders)


def draw_means(model: GammaGamma, orders: Numbers, chance: Generator) -> Numbers:
    """Mean values of so many orders of each customer."""
    scale = chance.gamma(model.q, 1 / model.gamma, len(orders))
    means: Numbers = chance.gamma(model.p * orders, 1 / scale) / orders
    return means
