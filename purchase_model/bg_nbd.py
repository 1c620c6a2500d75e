"""BG/NBD: how often customers order while they are active, and when they leave.

Fader, Hardie, Lee, "“Counting Your Customers” the Easy Way: An Alternative to the Pareto/NBD
Model", Marketing Science 24 (2005), and their note "Computing P(Alive) Using the BG/NBD Model"
(2008). Customers order at rates that are Gamma(r, alpha) distributed, and leave after an order with
probabilities that are Beta(a, b) distributed. What is seen of a customer are the repeat orders, the
time from the first order to the last (recency) and the time from the first order to now (age). Time
is in days here; any unit does, alpha has the same.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import gammaln, hyp2f1

from purchase_model.likelihood import Numbers, most_likely

# Where a is 1, the formula of the expected orders is 0 / 0; so near to it the limit is as good.
NEAR_ONE = 1e-6
# From here on gamma functions of the third parameter overflow in scipy's transformations of 2F1.
LARGE = 100.0


@dataclass(frozen=True)
class BgNbd:
    """The model's parameters.

    Attributes:
        r, alpha: shape, and rate in days, of the distribution of order rates.
        a, b: of the distribution of probabilities to leave after an order.
    """

    r: float
    alpha: float
    a: float
    b: float

    @classmethod
    def fitted(cls, repeats: Numbers, recency: Numbers, age: Numbers) -> Self:
        """The most likely parameters.

        Args:
            repeats: orders after the first, of each customer.
            recency: days from the first order to the last.
            age: days from the first order to the day of the fit.

        Raises:
            NotConvergedError: the orders do not determine the parameters.
        """
        # In units of the mean age all parameters are of the order of 1.
        unit = max(float(np.mean(age)), 1.0)
        recency, age = recency / unit, age / unit
        r, alpha, a, b = most_likely(
            lambda given: cls(*given.tolist()).log_likelihood(repeats, recency, age),
            start=(1.0, 1.0, 1.0, 1.0),
        )
        return cls(r, alpha * unit, a, b)

    def log_likelihood(self, repeats: Numbers, recency: Numbers, age: Numbers) -> Numbers:
        """Of each customer's orders: equation (6) of the paper."""
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        of_rates = gammaln(r + repeats) - gammaln(r) + r * np.log(alpha)
        of_staying = gammaln(a + b) + gammaln(b + repeats) - gammaln(b) - gammaln(a + b + repeats)
        active = -(r + repeats) * np.log(alpha + age)
        # After the first order alone nobody can have left.
        left = np.where(
            repeats > 0,
            np.log(a)
            - np.log(b + np.maximum(repeats, 1) - 1)
            - (r + repeats) * np.log(alpha + recency),
            -np.inf,
        )
        found: Numbers = of_rates + of_staying + np.logaddexp(active, left)
        return found

    def probability_alive(self, repeats: Numbers, recency: Numbers, age: Numbers) -> Numbers:
        """That each customer has not left; 1 without repeat orders."""
        odds = (
            self.a
            / (self.b + np.maximum(repeats, 1) - 1)
            * ((self.alpha + age) / (self.alpha + recency)) ** (self.r + repeats)
        )
        found: Numbers = 1 / (1 + np.where(repeats > 0, odds, 0.0))
        return found

    def orders_if_alive(self, repeats: Numbers, age: Numbers, days: float) -> Numbers:
        """Expected orders within the next `days` of customers who have not left.

        The numerator of equation (10) of the paper. Euler's transformation of its hypergeometric
        function leaves no power that could overflow for customers with many orders.
        """
        a = self.a if abs(self.a - 1) > NEAR_ONE else 1 + NEAR_ONE
        rest = (self.alpha + age) / (self.alpha + age + days)
        last = a + self.b + repeats - 1
        series = _hypergeometric(a + self.b - 1 - self.r, a - 1, last, 1 - rest)
        found: Numbers = last / (a - 1) * (1 - rest ** (a - 1) * series)
        return found

    def expected_orders(
        self, repeats: Numbers, recency: Numbers, age: Numbers, days: float
    ) -> Numbers:
        """Expected orders of each customer within the next `days`: equation (10) of the paper."""
        alive = self.probability_alive(repeats, recency, age)
        found: Numbers = alive * self.orders_if_alive(repeats, age, days)
        return found


def _hypergeometric(first: float, second: float, third: Numbers, z: Numbers) -> Numbers:
    """Gauss's 2F1, where 0 <= z < 1: scipy's, and for a large third parameter its power series."""
    third, z = np.broadcast_arrays(third, z)
    found: Numbers = hyp2f1(first, second, np.minimum(third, LARGE), z)
    large = third > LARGE
    if np.any(large):
        found[large] = _power_series(first, second, third[large], z[large])
    return found


def _power_series(first: float, second: float, third: Numbers, z: Numbers) -> Numbers:
    term, found, n = np.ones_like(z), np.ones_like(z), 0
    while np.any(np.abs(term) > np.finfo(np.float64).eps * np.abs(found)):
        term = term * (first + n) * (second + n) / ((third + n) * (n + 1)) * z
        found = found + term
        n += 1
    return found
