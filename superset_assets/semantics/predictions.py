"""What the purchase models expect of a buyer: the probability of being alive, the value of a year.

BG/NBD and Gamma-Gamma take of a customer what a row of states holds: orders, their amount, the days
of the first and the last one. The closed part of the formulas is SQL; expected orders of somebody
who is alive need a hypergeometric function and are looked up (`mart_expected_orders`).
"""

from collections.abc import Iterable

from superset_assets.semantics.catalog import EXPECTED_ORDERS, PURCHASE_MODELS, Catalog

ALIVE_PROBABILITY, YEAR_VALUE = "alive_probability", "year_value"
PREDICTIONS = frozenset({ALIVE_PROBABILITY, YEAR_VALUE})
TYPE = "Nullable(Float64)"
"""NULL for those who never bought, and where there is no model of the brand."""


def prediction(name: str, states: str, day: str) -> str:
    """A prediction for a row of states.

    Args:
        name: one of `PREDICTIONS`.
        states: the name of the rows in the SELECT.
        day: expression of the day that is predicted from.
    """
    if name == ALIVE_PROBABILITY:
        # One order says nothing of leaving: the model calls everybody alive who has one.
        return f"if({states}.orders_to_date > 1, {_alive(states, day)}, null)"
    order_value = (
        "models.gamma_gamma_p"
        f" * (models.gamma_gamma_gamma + toFloat64({states}.amount_to_date))"
        f" / (models.gamma_gamma_p * {states}.orders_to_date + models.gamma_gamma_q - 1)"
    )
    orders = f"if({states}.orders_to_date > 1, {_alive(states, day)}, 1) * expected.orders_if_alive"
    return f"if({states}.is_buyer = 1, {orders} * {order_value}, null)"


def join_models(
    source: str, names: Iterable[str], *, catalog: Catalog, states: str, day: str
) -> str:
    """Rows of states with what their predictions need.

    Args:
        source: what stands behind FROM.
        names: the predictions asked for.
        catalog: what there is.
        states: the name of the rows in the SELECT.
        day: expression of the day that is predicted from.
    """
    wanted = set(names)
    if wanted:
        source += (
            f"\nany left join {catalog.table(PURCHASE_MODELS)} as models"
            f" on {states}.brand = models.brand"
        )
    if YEAR_VALUE in wanted:
        source += (
            f"\nany left join {catalog.table(EXPECTED_ORDERS)} as expected"
            " on models.brand = expected.brand and models.fitted_at = expected.fitted_at"
            f" and least(toInt32({states}.orders_to_date) - 1, models.most_repeats)"
            " = expected.repeats"
            f" and least(toInt32({day} - {states}.first_order_date), models.longest_age)"
            " = expected.age_days"
        )
    return source


def _alive(states: str, day: str) -> str:
    """The probability of being alive after a repeat order, by BG/NBD."""
    repeats = f"({states}.orders_to_date - 1)"
    return (
        f"1 / (1 + models.bg_nbd_a / (models.bg_nbd_b + {repeats} - 1)"
        f" * pow((models.bg_nbd_alpha + ({day} - {states}.first_order_date))"
        f" / (models.bg_nbd_alpha + ({states}.last_order_date - {states}.first_order_date)),"
        f" models.bg_nbd_r + {repeats}))"
    )
