"""Gamma-Gamma: what a customer's order is worth on average.

Fader, Hardie, "The Gamma-Gamma Model of Monetary Value" (2013). Values of a customer's orders are
Gamma(p, nu) distributed, and nu is Gamma(q, gamma) distributed over customers, whatever the number
of their orders. What is seen of a customer is the number of orders and their mean value.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import gammaln

from purchase_model.likelihood import NotConvergedError, Numbers, most_likely


@dataclass(frozen=True)
class GammaGamma:
    """The model's parameters.

    Attributes:
        p: shape of the values of a customer's orders.
        q, gamma: shape and rate of the distribution over customers; gamma is in rubles.
    """

    p: float
    q: float
    gamma: float

    @classmethod
    def fitted(cls, orders: Numbers, mean_value: Numbers) -> Self:
        """The most likely parameters.

        Args:
            orders: of each customer, at least one.
            mean_value: rubles an order; customers who paid nothing say nothing and are left out.

        Raises:
            NotConvergedError: the values do not determine the parameters, or have no mean.
        """
        paid = mean_value > 0
        orders, mean_value = orders[paid], mean_value[paid]
        if not len(orders):
            raise NotConvergedError("nobody paid anything")
        unit = float(np.mean(mean_value))
        p, q, gamma = most_likely(
            lambda given: cls(*given.tolist()).log_likelihood(orders, mean_value / unit),
            start=(1.0, 2.0, 1.0),
        )
        if q <= 1:
            raise NotConvergedError(f"values of orders have no mean: q is {q}")
        return cls(p, q, gamma * unit)

    def log_likelihood(self, orders: Numbers, mean_value: Numbers) -> Numbers:
        """Of each customer's mean value: equation (1a) of the paper."""
        p, q, gamma = self.p, self.q, self.gamma
        shape = p * orders
        found: Numbers = (
            gammaln(shape + q)
            - gammaln(shape)
            - gammaln(q)
            + q * np.log(gamma)
            + (shape - 1) * np.log(mean_value)
            + shape * np.log(orders)
            - (shape + q) * np.log(gamma + orders * mean_value)
        )
        return found

    def expected_value(self, orders: Numbers, amount: Numbers) -> Numbers:
        """Rubles an order to expect of each customer: equation (5) of the paper.

        Args:
            orders: made so far.
            amount: rubles paid for all of them.
        """
        found: Numbers = self.p * (self.gamma + amount) / (self.p * orders + self.q - 1)
        return found
