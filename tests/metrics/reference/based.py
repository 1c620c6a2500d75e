"""Metrics of the base and of the customer's life: sections C.2 and C.6, and what C.1 divides by
people.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from tests.metrics.reference.bought import (
    buyers,
    days_between_orders,
    new_buyers,
    repeat_buyers,
    revenue_identified,
    revenue_per_buyer,
)
from tests.metrics.reference.calendar import unit_start
from tests.metrics.reference.cells import (
    Cell,
    Metric,
    average,
    changed,
    counted,
    of_bucket,
    people,
    total,
)
from tests.metrics.reference.forecasts import alive_share, predicted_value
from tests.metrics.reference.lives import (
    FIRST_DAYS,
    REGISTRATION_DAYS,
    LifeRow,
    StateRow,
    early_amount,
)
from tests.metrics.reference.mailed import recipients
from tests.metrics.reference.words import Value

CAP_MONTHS = 120


def closing(true: Callable[[StateRow], bool]) -> Metric:
    """People of whom something is true at the end."""
    return counted("closing", true)


def opening(true: Callable[[StateRow], bool]) -> Metric:
    """People of whom something is true before the beginning."""
    return counted("opening", true)


def reached(true: Callable[[StateRow], bool]) -> Metric:
    """As `closing`, of channels where they are asked for."""
    return counted("reach", true)


def base(true: Callable[[StateRow], bool]) -> Metric:
    """As `closing`, whatever slices of orders, mailings and visits are asked for."""
    return counted("base", true)


def events(kind: str) -> Metric:
    """How often something happened to people."""
    return counted("life", lambda row: row.kind == kind)


def _is_contact(row: StateRow) -> bool:
    return row.is_contact


def _is_reachable(row: StateRow) -> bool:
    return row.is_reachable


def _is_customer(row: StateRow) -> bool:
    return row.state.is_customer


def _is_buyer(row: StateRow) -> bool:
    return row.state.is_buyer


def _recency(row: StateRow) -> int | None:
    last = row.state.last_order
    return None if last is None else (row.own_on - last).days


def _observed_days(row: StateRow) -> int | None:
    first, last = row.state.first_order, row.state.last_order
    return None if first is None or last is None else (last - first).days


def _is_of_age(row: LifeRow) -> bool:
    """A registration so old that it is known who bought soon after."""
    return row.kind == "registered" and row.is_older_than(REGISTRATION_DAYS)


def _has_bought_since(row: LifeRow) -> bool:
    """One of these, after which an order followed soon."""
    soon = row.own_on + timedelta(days=REGISTRATION_DAYS)
    return _is_of_age(row) and bool(row.life.days) and row.life.days[0] <= soon


def _has_early_days(row: LifeRow) -> bool:
    """A first order whose first days are over."""
    return row.kind == "activated" and row.is_older_than(FIRST_DAYS)


def _early_amount(row: LifeRow) -> Decimal:
    return early_amount(row.life) if _has_early_days(row) else Decimal(0)


def earlier_buyers(cell: Cell) -> Value:
    """People with an order before the month that the bucket ends in."""
    return Decimal(len(_earlier(cell)))


def returning_buyers(cell: Cell) -> Value:
    """Those of them who ordered in that month again."""
    month = unit_start(cell.bucket.last, "month")
    last = (row.state.last_order for row in _earlier(cell))
    return Decimal(sum(day is not None and day >= month for day in last))


def _earlier(cell: Cell) -> list[StateRow]:
    month = unit_start(cell.bucket.last, "month")
    firsts = ((row, row.state.first_order) for row in cell["closing"])
    return [row for row, first in firsts if first is not None and first < month]


def retained_buyers(cell: Cell) -> Value:
    """People who ordered both in the period and in the one before."""
    now, before = (
        {row.person for row in cell[source] if row.is_known}
        for source in ("orders", "previous_orders")
    )
    return Decimal(len(now & before))


contacts = reached(_is_contact)
customers_total = closing(_is_customer)
subscribers = reached(_is_reachable)
opening_subscribers = counted("opening_reach", _is_reachable)
online_contacts = closing(lambda row: row.is_contact and row.state.is_online)
offline_contacts = closing(lambda row: row.is_contact and row.state.is_offline)
new_subscribers, lost_subscribers = events("subscribed"), events("unsubscribed")
opening_active = opening(lambda row: row.state.is_active)
retained = opening(lambda row: row.is_retained)
churn_rate = (opening_active - retained) / opening_active

MONTHS = of_bucket(lambda bucket: Decimal(bucket.days()) / Decimal("30.4375"))
lifetime_expected = changed(lambda months: min(months, Decimal(CAP_MONTHS)), MONTHS / churn_rate)
recency_days = average("closing", _recency)
clv_historic = total("closing", lambda row: row.state.amount) / closing(_is_buyer)
clv_predicted = Metric(frozenset({"closing"}), predicted_value)

METRICS: dict[str, Metric] = {
    "contacts": contacts,
    "customers_total": customers_total,
    "new_contacts": events("contact"),
    "registrations": events("registered"),
    "reachable_contacts": subscribers,
    "reachability": subscribers / contacts,
    "invalid_contacts": reached(lambda row: row.is_invalid),
    "invalid_share": reached(lambda row: row.is_invalid) / contacts,
    "online_contacts": online_contacts,
    "offline_contacts": offline_contacts,
    "engaged_contacts_90d": closing(lambda row: row.is_contact and row.state.is_engaged),
    "unknown_origin_contacts": contacts - online_contacts - offline_contacts,
    "online_share": online_contacts / contacts,
    "offline_share": offline_contacts / contacts,
    "base_reachability": subscribers / base(_is_customer),
    "subscribers": subscribers,
    "opening_subscribers": opening_subscribers,
    "new_subscribers": new_subscribers,
    "lost_subscribers": lost_subscribers,
    "subscriber_outflow": changed(lambda lost: -lost, lost_subscribers),
    "base_net_growth": subscribers - opening_subscribers,
    "base_growth_rate": (subscribers - opening_subscribers) / opening_subscribers,
    "list_churn_rate": lost_subscribers / opening_subscribers,
    "unreachable_contacts": customers_total - subscribers,
    "contacts_with_channel": contacts,
    "channel_overlap": subscribers,
    "buyers_in_base_share": closing(lambda row: row.is_contact and row.state.is_buyer) / contacts,
    "engagement_score": total("closing", lambda row: row.points, _is_customer) / customers_total,
    "merged_profiles": events("merged"),
    "active_customers": closing(lambda row: row.state.is_active),
    "opening_active": opening_active,
    "retained_customers": retained,
    "retention_rate": retained / opening_active,
    "churn_rate": churn_rate,
    "churned_customers": events("churned"),
    "churn_outflow": changed(lambda left: -left, events("churned")),
    "at_risk_customers": closing(lambda row: row.state.is_at_risk),
    "buyers_total": closing(_is_buyer),
    "churned_base": closing(lambda row: row.state.is_buyer and not row.state.is_active),
    "returning_customer_share": Metric(frozenset({"closing"}), returning_buyers)
    / Metric(frozenset({"closing"}), earlier_buyers),
    "reach_share": recipients / counted("base_reach", _is_reachable),
    "revenue_per_contact": revenue_identified / counted("base_reach", _is_contact),
    "buyer_conversion": buyers / counted("base_reach", _is_contact),
    "ordering_buyer_share": buyers / base(_is_buyer),
    "first_order_conversion": new_buyers / base(_is_customer),
    "repeat_order_conversion": repeat_buyers / (opening_active + new_buyers),
    "reg_to_buyer_conversion_n": counted("life", _has_bought_since) / counted("life", _is_of_age),
    "recency_days": recency_days,
    "missed_cycles": recency_days / days_between_orders,
    "period_retention_rate": Metric(frozenset({"orders", "previous_orders"}), retained_buyers)
    / people("previous_orders", lambda row: row.is_known),
    "lifetime_expected": lifetime_expected,
    "lifetime_observed": average("closing", _observed_days),
    "clv_simple": revenue_per_buyer / MONTHS * lifetime_expected,
    "clv_historic": clv_historic,
    "clv_predicted": clv_predicted,
    "clv_total": clv_historic + clv_predicted,
    "p_alive": Metric(frozenset({"closing"}), alive_share),
    "revenue_per_buyer_90d": total("life", _early_amount) / counted("life", _has_early_days),
}
