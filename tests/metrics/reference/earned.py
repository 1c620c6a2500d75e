"""Metrics of orders that mailings earned, and of the goods in them: sections C.4 and C.9."""

from decimal import Decimal

from tests.metrics.reference.cells import (
    Cell,
    Metric,
    changed,
    counted,
    distinct,
    people,
    total,
)
from tests.metrics.reference.mailed import clicks, delivered, flow_customers, halfway, recipients
from tests.metrics.reference.sources import OrderRow, PathRow
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


def different_products(cell: Cell) -> Value:
    """Products of the credited orders."""
    return Decimal(len({product for row in cell["credits"] for product in row.products}))


def touches_of_orders(cell: Cell) -> Value:
    """Clicks of the window before each order that was touched."""
    return Decimal(sum({_order(row): row.path.touches for row in cell["paths"]}.values()))


def _order(row: PathRow) -> int:
    return row.path.order.position


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
    "unattributed_share": changed(
        lambda credited: 1 - credited, mail_orders_by_order_date / all_orders
    ),
    "time_to_order_median": Metric(frozenset({"credits"}), hours_to_order),
    "mail_units": mail_units,
    "mail_line_revenue": mail_revenue,
    "mail_products": Metric(frozenset({"credits"}), different_products),
    "mail_first_order_conversion": people("credits_by_order", lambda x: x.counts and x.number == 1)
    / counted("base", lambda row: row.state.is_customer),
    "mail_repeat_order_conversion": people("credits_by_order", lambda x: x.counts and x.number > 1)
    / counted("base", lambda row: row.state.is_active),
    "flow_order_customer_share": people(
        "credits", lambda row: row.counts and row.credit.letter.is_of_flow
    )
    / flow_customers,
    "assist_rate": distinct("paths", _order, lambda row: row.path.is_assist)
    / distinct("paths", _order),
    "path_length": Metric(frozenset({"paths"}), touches_of_orders) / distinct("paths", _order),
    "mail_items_per_order": mail_units / mail_orders,
    "mail_product_share": mail_revenue_by_order_date / all_revenue,
}
