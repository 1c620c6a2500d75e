"""Metrics of orders that mailings earned, and of the goods in them: sections C.4 and C.9."""

from decimal import Decimal

from tests.metrics.reference.cells import Cell, Metric, counted, distinct, people, total
from tests.metrics.reference.mailed import clicks, delivered, halfway, recipients
from tests.metrics.reference.sources import OrderRow
from tests.metrics.reference.words import Value

HOUR_MS = 3_600_000


def _weight(row: OrderRow) -> Decimal:
    return row.weight


def _amount(row: OrderRow) -> Decimal:
    return row.amount


def _counts(row: OrderRow) -> bool:
    return row.counts


def hours_to_order(cell: Cell) -> Value:
    """The middle of the hours from the touch to the order, halfway between two of them."""
    waits = (
        Decimal(row.order.at - row.credit.touched_at) / HOUR_MS
        for row in cell["credits"]
        if row.counts
    )
    return halfway(sorted(waits))


def _different_orders(source: str) -> Metric:
    return distinct(source, lambda row: row.order.position, _counts)


mail_orders = total("credits", _weight, _counts)
mail_orders_by_order_date = total("credits_by_order", _weight, _counts)
mail_revenue = total("credits", _amount)
mail_revenue_by_order_date = total("credits_by_order", _amount)
mail_buyers = people("credits", _counts)
mail_units = total("credits", lambda row: row.units)
all_orders = counted("all_orders", _counts)
all_revenue = total("all_orders", _amount)

METRICS: dict[str, Metric] = {
    "mail_orders": mail_orders,
    "mail_orders_by_order_date": mail_orders_by_order_date,
    "mail_revenue": mail_revenue,
    "mail_revenue_by_order_date": mail_revenue_by_order_date,
    "revenue_per_message": mail_revenue / delivered,
    "revenue_per_recipient": mail_revenue / recipients,
    "revenue_per_click": mail_revenue / clicks,
    "mail_order_conversion": mail_orders / delivered,
    "click_to_order_conversion": mail_orders / clicks,
    "mail_buyers": mail_buyers,
    "mail_buyer_share": mail_buyers / recipients,
    "mail_aov": mail_revenue / mail_orders,
    "mail_revenue_share": mail_revenue_by_order_date / all_revenue,
    "mail_order_share": mail_orders_by_order_date / all_orders,
    "crm_orders": _different_orders("credits_by_order"),
    "time_to_order_median": Metric(frozenset({"credits"}), hours_to_order),
    "mail_units": mail_units,
    "mail_line_revenue": mail_revenue,
    "mail_items_per_order": mail_units / mail_orders,
    "mail_product_share": mail_revenue_by_order_date / all_revenue,
}
