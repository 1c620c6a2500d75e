"""What arrives late changes the past: events, cancellations, mergings."""

from datetime import UTC, datetime

from clickhouse_connect.driver.client import Client

from tests.dbt.build import Dbt
from tests.dbt.raw import insert, line

JANUARY = datetime(2025, 1, 10, 9, tzinfo=UTC)
FEBRUARY = datetime(2025, 2, 10, 9, tzinfo=UTC)
MARCH = datetime(2025, 3, 10, 9, tzinfo=UTC)

MONTHS = """
    SELECT
        toString(toStartOfMonth(send_date)) AS month,
        sum(is_sent), sum(is_opened), sum(is_order), toFloat64(sum(order_amount)),
        sum(is_first_order), uniqExactIf(customer_key, is_identified_order = 1)
    FROM marts.wide_events
    WHERE is_message OR is_opened OR is_order OR attributed_orders > 0
    GROUP BY month ORDER BY month
"""


def status(number: int, kind: str, at: datetime) -> dict[str, object]:
    return {
        "status_id": str(number),
        "status": kind,
        "status_at": at,
        "message_id": "1",
        "message_at": JANUARY,
        "customer_key": 1,
        "mailing_id": "7",
        "channel": "Email",
        "brand": "a",
    }


def order(order_id: str, at: datetime, customer: int, state: str) -> dict[str, object]:
    return {
        "order_id": order_id,
        "ordered_at": at,
        "customer_key": customer,
        "brand": "a",
        "lines": [line(state, 100.0)],
    }


def test_the_past_is_restated(raw: Client, dbt: Dbt) -> None:
    insert(raw, "message_statuses", [status(1, "Sent", JANUARY)])
    insert(raw, "orders", [order("A", JANUARY, 1, "Paid"), order("B", FEBRUARY, 2, "Paid")])
    dbt.models("+wide_events")
    assert raw.query(MONTHS).result_rows == [
        ("2025-01-01", 1, 0, 1, 100.0, 1, 1),
        ("2025-02-01", 0, 0, 1, 100.0, 1, 1),
    ]

    # In March January's message is opened, January's order is cancelled, and the two customers
    # turn out to be one, whose first order is now February's.
    insert(raw, "message_statuses", [status(2, "Opened", MARCH)])
    insert(
        raw,
        "orders",
        [order("A", JANUARY, 1, "Cancelled")],
        version=datetime(2025, 6, 2, tzinfo=UTC),
    )
    merge = {
        "merged_customer_key": 1,
        "resulting_customer_key": 2,
        "changed_at": MARCH,
        "merged_on": MARCH.date(),
    }
    insert(raw, "customer_merges", [merge])
    dbt.models("+wide_events")

    assert raw.query(MONTHS).result_rows == [
        ("2025-01-01", 1, 1, 0, 0.0, 0, 0),
        ("2025-02-01", 0, 0, 1, 100.0, 1, 1),
    ]
    people = "SELECT DISTINCT customer_key FROM marts.wide_events"
    assert raw.query(people).result_rows == [(2,)]


def test_merge_cycle_fails_the_build(raw: Client, dbt: Dbt) -> None:
    around = [(1, 2), (2, 1)]
    insert(
        raw,
        "customer_merges",
        [
            {
                "merged_customer_key": merged,
                "resulting_customer_key": into,
                "changed_at": MARCH,
                "merged_on": MARCH.date(),
            }
            for merged, into in around
        ],
    )

    done = dbt.attempt("build", "--select", "+int_customer_identity", "--exclude", "test_type:unit")

    assert done.returncode != 0
    assert "accepted_values_int_customer_identity_is_cyclic__0" in done.stdout


def test_unmapped_line_status_fails_the_build(raw: Client, dbt: Dbt) -> None:
    insert(raw, "orders", [order("A", JANUARY, 1, "Packed at the warehouse")])

    done = dbt.attempt(
        "build", "--select", "+stg_mindbox__order_lines", "--exclude", "test_type:unit"
    )

    assert done.returncode != 0
    assert "accepted_values_stg_mindbox__order_lines_status_category" in done.stdout
