"""Outcomes of an experiment large enough for one in a thousand to be somebody."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from clickhouse_connect.driver.client import Client

from tests.dbt.build import SHIPPED_VARS, Dbt
from tests.dbt.raw import insert, line

SENT_AT = datetime(2025, 3, 1, 10, tzinfo=UTC)
WINDOW = timedelta(days=SHIPPED_VARS["attribution_window_days"])
PEOPLE = 3_400


def test_the_largest_outcomes_are_cut_to_the_percentile_of_both_arms(dbt: Dbt, raw: Client) -> None:
    amounts = written(raw)
    dbt.models("+int_experiment_participants")
    found = raw.query(
        "SELECT customer_key, is_treated, amount, winsorised_amount "
        "FROM intermediate.int_experiment_participants"
    ).result_rows

    everybody = sorted(amounts.get(customer, Decimal(0)) for customer in range(1, PEOPLE + 1))
    limit = everybody[int(0.999 * PEOPLE)]
    assert sorted(found) == [
        (customer, customer % 2, amount, min(amount, limit))
        for customer in range(1, PEOPLE + 1)
        for amount in [amounts.get(customer, Decimal(0))]
    ]
    assert sum(amount > limit for amount in amounts.values()) == 3


def written(raw: Client) -> dict[int, Decimal]:
    """A mailing, half of it held back, and what its people bought; by customer, in roubles."""
    chance = random.Random(7)  # noqa: S311 (no secret)
    amounts = {
        customer: Decimal(round(100 * chance.lognormvariate(8, 1))) / 100
        for customer in range(1, PEOPLE + 1)
        if chance.random() < 0.04
    }
    insert(raw, "message_statuses", [status(customer) for customer in range(1, PEOPLE + 1)])
    orders = [order(customer, amount, WINDOW) for customer, amount in amounts.items()]
    # Far more, but after the window: nobody's outcome, though it says how far the loads reach.
    orders += [order(customer, Decimal(10**6), 2 * WINDOW) for customer in (1, 2)]
    insert(raw, "orders", orders)
    return amounts


def status(customer: int) -> dict[str, Any]:
    is_held_back = customer % 2 == 0
    return {
        "status_id": str(customer),
        "status": "NotSent" if is_held_back else "Sent",
        "status_at": SENT_AT,
        "not_sent_reason": "CustomerInMailingControlGroup" if is_held_back else "",
        "message_id": str(customer),
        "message_at": SENT_AT,
        "customer_key": customer,
        "mailing_id": "1",
        "channel": "Email",
        "brand": "a",
    }


def order(customer: int, amount: Decimal, after: timedelta) -> dict[str, Any]:
    return {
        "order_id": f"{customer} {after.days}",
        "ordered_at": SENT_AT + after,
        "customer_key": customer,
        "brand": "a",
        "lines": [line("Paid", float(amount))],
    }
