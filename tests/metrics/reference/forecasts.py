"""What buyers are expected to do, written again from the papers: BG/NBD and Gamma-Gamma.

Fader, Hardie, Lee (2005), equation (10), and their note on P(alive); Fader, Hardie (2013), equation
(5). The hypergeometric function is its power series.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

from tests.metrics.reference.cells import Cell
from tests.metrics.reference.lives import StateRow
from tests.metrics.reference.words import ALL_BRANDS, Value

YEAR = 365


@dataclass(frozen=True)
class Forecast:
    """Parameters of a brand's models."""

    r: float
    alpha: float
    a: float
    b: float
    p: float
    q: float
    gamma: float


FITTED_TILL = date(2025, 4, 17)
FIRST_DAY = FITTED_TILL - timedelta(days=240)
LONGEST_AGE = 240 + 62
MOST_REPEATS = 3
"""Whoever has bought longer ago, or more often, is expected to order as somebody of these."""
FORECASTS = {
    ALL_BRANDS: Forecast(0.6, 70.5, 0.9, 3.1, 2.4, 3.3, 2100.0),
    "yasen": Forecast(1.3, 120.0, 1.7, 5.2, 4.1, 2.2, 900.0),
}
"""By brand; the other brand has none."""


def value_of_year(row: StateRow) -> float | None:
    """Rubles that a buyer is expected to bring within a year after the bucket's last day."""
    model = FORECASTS.get(row.life.brand)
    if model is None or not row.state.is_buyer:
        return None
    repeats = min(row.state.orders - 1, MOST_REPEATS)
    age = min(_days(row, row.closing_on), LONGEST_AGE)
    orders = orders_if_alive(model, repeats, age, YEAR)
    value = model.p * (model.gamma + float(row.state.amount))
    value /= model.p * row.state.orders + model.q - 1
    return orders * _alive(model, row) * value


def probability_alive(row: StateRow) -> float | None:
    """That somebody with repeat orders has not left by the bucket's last day."""
    model = FORECASTS.get(row.life.brand)
    return None if model is None or row.state.orders < 2 else _alive(model, row)


def _alive(model: Forecast, row: StateRow) -> float:
    repeats = row.state.orders - 1
    if not repeats:
        return 1.0
    assert row.state.last_order is not None
    age, recency = _days(row, row.closing_on), _days(row, row.state.last_order)
    odds = model.a / (model.b + repeats - 1)
    odds *= ((model.alpha + age) / (model.alpha + recency)) ** (model.r + repeats)
    return 1 / (1 + odds)


def _days(row: StateRow, day: date) -> int:
    assert row.state.first_order is not None
    return (day - row.state.first_order).days


@cache
def orders_if_alive(model: Forecast, repeats: int, age: int, days: int) -> float:
    """Expected orders within so many days of somebody who has not left."""
    a, b, shape = model.a, model.b, model.r + repeats
    z = days / (model.alpha + age + days)
    series = term = 1.0
    n = 0
    while abs(term) > abs(series) * 1e-17:
        term *= (shape + n) * (b + repeats + n) / (a + b + repeats - 1 + n) * z / (n + 1)
        series += term
        n += 1
    rest = (model.alpha + age) / (model.alpha + age + days)
    return (a + b + repeats - 1) / (a - 1) * (1 - rest**shape * series)


def predicted_value(cell: Cell) -> Value:
    """The mean over buyers; nothing where one of them has no forecast."""
    return _mean([value_of_year(row) for row in cell["closing"] if row.state.is_buyer])


def alive_share(cell: Cell) -> Value:
    """The mean over buyers with repeat orders; nothing where one of them has no forecast."""
    return _mean([probability_alive(row) for row in cell["closing"] if row.state.orders > 1])


def _mean(values: Sequence[float | None]) -> Value:
    known = [Decimal(value) for value in values if value is not None]
    return sum(known, Decimal(0)) / len(known) if known and len(known) == len(values) else None
