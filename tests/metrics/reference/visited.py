"""Metrics of visits and of the way from the door to the purchase: section C.7."""

from collections.abc import Callable

from tests.metrics.reference.cells import Metric, counted, people, total
from tests.metrics.reference.tours import StepRow, VisitRow
from tests.metrics.reference.visits import STEPS


def sessions(true: Callable[[VisitRow], bool]) -> Metric:
    """Visits of which something is true."""
    return counted("visits", true)


def sessions_with(*kinds: str) -> Metric:
    """Visits with all of the steps."""
    return sessions(lambda row: row.has(*kinds))


def visitors_with(kind: str) -> Metric:
    """People with a step in some visit."""
    return people("visits", lambda row: row.has(kind))


def steps(kind: str) -> Metric:
    """How often something was done."""

    def is_of_kind(row: StepRow) -> bool:
        return row.step.kind == kind

    return counted("steps", is_of_kind)


def conversion(first: str, second: str) -> Metric:
    """Of the visits with the first step, those with the second one too."""
    return sessions_with(first, second) / sessions_with(first)


def reached(kind: str) -> Metric:
    """Visits that came to a step one step after the other."""
    place = STEPS.index(kind) + 1
    return sessions(lambda row: row.visit.reached >= place)


site_visits = counted("visits")
visitors = people("visits")
new_visitors = people("visits", lambda row: row.is_first)
site_revenue = total("visits", lambda row: row.order_amount)
with_mature_cart = sessions(lambda row: row.has("cart") and row.visit.is_cart_mature)
with_cart_left = sessions(lambda row: row.has("cart") and row.visit.is_cart_abandoned)
viewers = people("visits", lambda row: any(step.is_mature for step in row.steps))
viewers_who_bought = people("visits", lambda row: any(step.is_bought for step in row.steps))
mail_visits = sessions(lambda row: row.mailing >= 0)

METRICS: dict[str, Metric] = {
    "site_visits": site_visits,
    "visitors": visitors,
    "category_views": steps("category"),
    "category_view_sessions": sessions_with("category"),
    "category_view_visitors": visitors_with("category"),
    "product_views": steps("product"),
    "product_view_sessions": sessions_with("product"),
    "product_view_visitors": visitors_with("product"),
    "add_to_cart": steps("cart"),
    "add_to_cart_sessions": sessions_with("cart"),
    "add_to_cart_visitors": visitors_with("cart"),
    "checkout_starts": steps("checkout"),
    "checkout_sessions": sessions_with("checkout"),
    "checkout_visitors": visitors_with("checkout"),
    "site_orders": sessions_with("order"),
    "site_orders_outside_visits": counted("strays"),
    "site_order_visitors": visitors_with("order"),
    "site_revenue": site_revenue,
    "product_landing_sessions": sessions_with("product") - sessions_with("category", "product"),
    "cr_visit_category": sessions_with("category") / site_visits,
    "cr_category_product": conversion("category", "product"),
    "cr_product_cart": conversion("product", "cart"),
    "cr_cart_checkout": conversion("cart", "checkout"),
    "cr_checkout_order": conversion("checkout", "order"),
    "cr_cart_order": conversion("cart", "order"),
    "cr_visit_order": sessions_with("order") / site_visits,
    "view_to_buy": viewers_who_bought / viewers,
    **{f"reached_{kind}_sessions": reached(kind) for kind in STEPS},
    "cr_visit_category_strict": reached("category") / site_visits,
    "cr_category_product_strict": reached("product") / reached("category"),
    "cr_product_cart_strict": reached("cart") / reached("product"),
    "cr_cart_checkout_strict": reached("checkout") / reached("cart"),
    "cr_checkout_order_strict": reached("order") / reached("checkout"),
    "cr_visit_order_strict": reached("order") / site_visits,
    "cart_abandon_rate": with_cart_left / with_mature_cart,
    "abandoned_cart_sessions": with_cart_left,
    "abandoned_cart_value": total("visits", lambda row: row.left_amount),
    "revenue_per_visit": site_revenue / site_visits,
    "new_visitors": new_visitors,
    "new_visitor_share": new_visitors / visitors,
    "mail_visits": mail_visits,
    "mail_visit_share": mail_visits / site_visits,
    "identified_visit_share": site_visits / site_visits,
}
