"""The steps of the site's funnel as a dimension.

Superset's funnel draws one metric by one dimension, while the steps of a visit are its flags. Here
a visit stands under each step that it took, so that «Входы на сайт» by steps is the funnel.
"""

from collections.abc import Mapping

ANY_ORDER: Mapping[str, str] = {
    "1. Вход на сайт": "is_visit",
    "2. Категория": "visit_with_category",
    "3. Товар": "visit_with_product",
    "4. Корзина": "visit_with_cart",
    "5. Оформление": "visit_with_checkout",
    "6. Заказ": "visit_with_order",
}
"""Columns of visits by the step that they tell of, whatever came before it."""
IN_ORDER: Mapping[str, str] = {
    "1. Вход на сайт": "is_visit",
    "2. Категория": "visit_reached_category",
    "3. Товар": "visit_reached_product",
    "4. Корзина": "visit_reached_cart",
    "5. Оформление": "visit_reached_checkout",
    "6. Заказ": "visit_reached_order",
}
"""The same where every step before was taken, and in this order."""


def steps_of_a_visit(flags: Mapping[str, str]) -> str:
    """SQL of a dimension under whose values a visit stands once per step taken.

    Args:
        flags: column of visits by the name of the step.
    """
    taken = ", ".join(f"if({flag} = 1, '{step}', '')" for step, flag in flags.items())
    return f"arrayJoin(arrayFilter(step -> step != '', [{taken}]))"
