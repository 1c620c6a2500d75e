"""Metrics of orders and money: section C.1 of the catalogue, as far as orders alone tell."""

from collections import defaultdict
from decimal import Decimal

from tests.metrics.reference.calendar import unit_start
from tests.metrics.reference.cells import (
    Cell,
    Metric,
    average,
    counted,
    distinct,
    people,
    total,
    upper_median,
)
from tests.metrics.reference.sources import OrderRow
from tests.metrics.reference.words import Value


def _amount(row: OrderRow) -> Decimal:
    return row.amount


def _is_known(row: OrderRow) -> bool:
    return row.is_known


def _days(row: OrderRow) -> int | None:
    return row.place.days_since_previous(row.own_on) if row.is_known and row.place else None


def amount_of_new(cell: Cell) -> Value:
    """Amounts of orders of those whose first order lies in the bucket itself."""
    return sum(
        (
            row.amount
            for row in cell["orders"]
            if row.is_known and cell.bucket.first <= row.place.first.day <= cell.bucket.last
        ),
        Decimal(0),
    )


def buyers_of_several(cell: Cell) -> Value:
    """People with two orders or more in the cell."""
    orders_of: dict[int, set[int]] = defaultdict(set)
    for row in cell["orders"]:
        if row.is_known:
            orders_of[row.person].add(row.order.position)
    return Decimal(sum(len(found) >= 2 for found in orders_of.values()))


def omnichannel_buyers(cell: Cell) -> Value:
    """Buyers of the cell who had ordered both online and offline by the end of the bucket."""
    found = set()
    for row in cell["orders"]:
        if row.is_known:
            before = [x for x in row.place.history if x.day <= cell.bucket.last]
            if any(x.is_online for x in before) and any(x.is_offline for x in before):
                found.add(row.person)
    return Decimal(len(found))


buyers = people("orders", _is_known)
new_buyers = people("orders", lambda row: row.is_first)
repeat_buyers = people("orders", lambda row: row.is_repeat)
orders = counted("orders", lambda row: row.counts)
orders_identified = counted("orders", _is_known)
first_orders = counted("orders", lambda row: row.is_first)
repeat_orders = counted("orders", lambda row: row.is_repeat)
revenue = total("orders", _amount)
revenue_identified = total("orders", _amount, _is_known)
gross_demand = total("orders", lambda row: row.gross)
cancelled_amount = total("orders", lambda row: row.cancelled)
return_amount = total("orders", lambda row: row.returned)
days_between_orders = average("orders", _days)
aov_identified = revenue_identified / orders_identified
revenue_per_buyer = revenue_identified / buyers
new_buyer_revenue = Metric(frozenset({"orders"}), amount_of_new)

METRICS: dict[str, Metric] = {
    "buyers": buyers,
    "new_buyers": new_buyers,
    "repeat_buyers": repeat_buyers,
    "repeat_buyer_share": repeat_buyers / buyers,
    "orders": orders,
    "orders_identified": orders_identified,
    "identified_order_share": orders_identified / orders,
    "first_orders": first_orders,
    "repeat_orders": repeat_orders,
    "repeat_order_share": repeat_orders / orders_identified,
    "revenue": revenue,
    "revenue_identified": revenue_identified,
    "gross_demand": gross_demand,
    "cancelled_amount": cancelled_amount,
    "cancellation_rate": cancelled_amount / gross_demand,
    "return_amount": return_amount,
    "return_rate": return_amount / gross_demand,
    "aov": revenue / orders,
    "aov_identified": aov_identified,
    "order_value_median": upper_median("orders", _amount, lambda row: row.counts),
    "purchase_frequency": orders_identified / buyers,
    "orders_per_buyer_month": orders_identified
    / distinct("orders", lambda row: (row.person, unit_start(row.own_on, "month")), _is_known),
    "revenue_per_buyer": revenue_per_buyer,
    "days_between_orders": days_between_orders,
    "multi_order_buyer_share": Metric(frozenset({"orders"}), buyers_of_several) / buyers,
    "new_buyer_revenue": new_buyer_revenue,
    "new_buyer_revenue_share": new_buyer_revenue / revenue_identified,
    "omni_buyer_share": Metric(frozenset({"orders"}), omnichannel_buyers) / buyers,
    "days_between_orders_median": upper_median("orders", _days),
    "reactivated_customers": counted("orders", lambda row: row.is_reactivation),
    "repurchase_rate_n": counted("orders", lambda row: row.is_repurchased)
    / counted("orders", lambda row: row.is_of_age),
    "time_to_first_order": average("orders", lambda row: row.days_to_first),
    "time_to_second_order": upper_median("orders", _days, lambda row: row.number == 2),
}
