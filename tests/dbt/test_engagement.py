"""The engagement score of a few people, told by hand."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from sandbox.clickhouse.process import ClickHouseProcess
from superset_assets.manifest import Manifest
from tests.dbt.build import Dbt
from tests.dbt.raw import emptied, insert, line
from tests.metrics.reference import Question
from tests.metrics.warehouse import Warehouse

DAY = date(2025, 5, 1)
FIRST, LAST = date(2025, 1, 1), date(2025, 5, 10)
CLICK, VISIT, ORDER = 2, 1, 10


@pytest.fixture(scope="module")
def warehouse(clickhouse: ClickHouseProcess, dbt: Dbt) -> Iterator[Warehouse]:
    with emptied(clickhouse) as raw:
        write(raw)
        dbt.models("+mart_customer_states", "+dim_date")
        yield Warehouse(raw, Manifest.read(dbt.folder / "target" / "manifest.json"), LAST)


def write(raw: Client) -> None:
    """Two people, one of them known by two accounts, and a third who comes last."""
    registered = [(1, FIRST, "a"), (2, FIRST, "a"), (3, FIRST, "a"), (4, LAST, "a")]
    actions = [(customer, day, brand, "Registraciya") for customer, day, brand in registered]
    # A visit to a brand makes nobody a customer of it.
    actions.append((2, DAY, "b", "PerekhodNaSajt"))
    insert(raw, "customer_actions", [action(n, *told) for n, told in enumerate(actions)])
    clicks = [(1, before(30)), (2, before(90))]
    insert(raw, "message_statuses", [row for click in clicks for row in message(*click)])
    insert(raw, "orders", [order(3, DAY)])
    merge = {
        "merged_customer_key": 1,
        "resulting_customer_key": 2,
        "changed_at": noon(LAST),
        "merged_on": LAST,
    }
    insert(raw, "customer_merges", [merge])


def test_points_halve_with_time_and_are_gone_with_the_window(warehouse: Warehouse) -> None:
    today = (CLICK * left(30) + VISIT) + ORDER
    day_before = CLICK * left(29) + CLICK * left(89)

    assert CLICK * left(30) == 1
    assert score(warehouse, DAY) == {(None,): pytest.approx(today / 2)}
    assert score(warehouse, DAY - timedelta(days=1)) == {(None,): pytest.approx(day_before / 2)}


def test_a_brand_has_its_own_customers_and_their_deeds_in_it(warehouse: Warehouse) -> None:
    assert score(warehouse, DAY, "brand") == {
        (None, "a"): pytest.approx(CLICK * left(30) / 2),
        (None, "b"): pytest.approx(ORDER),
    }


def test_days_that_have_not_come_yet_are_the_last_loaded_one(warehouse: Warehouse) -> None:
    found = CLICK * left(39) + (VISIT + ORDER) * left(9)

    for day in (LAST, LAST + timedelta(days=200)):
        asked = Question("engagement_score", "event", FIRST, day)
        assert told(warehouse, asked) == {(None,): pytest.approx(found / 3)}


def score(warehouse: Warehouse, day: date, *group: str) -> dict[tuple[Any, ...], float | None]:
    return told(warehouse, Question("engagement_score", "event", day, day, {}, group))


def told(warehouse: Warehouse, question: Question) -> dict[tuple[Any, ...], float | None]:
    answer = warehouse.answer(question).items()
    return {key: None if value is None else float(value) for key, value in answer}


def left(days: int) -> float:
    """What is left of a point."""
    return 2 ** (-days / 30)


def before(days: int) -> date:
    return DAY - timedelta(days=days)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC)


def action(number: int, customer: int, day: date, brand: str, template: str) -> dict[str, Any]:
    return {
        "action_id": str(number),
        "template": template,
        "happened_at": noon(day),
        "created_at": noon(day),
        "customer_key": customer,
        "brand": brand,
    }


def message(customer: int, clicked_on: date) -> list[dict[str, Any]]:
    """A message that was clicked twice, an hour after it was sent."""
    sent_at = noon(clicked_on) - timedelta(hours=1)
    moments = [("Sent", sent_at), *(("Clicked", sent_at + timedelta(hours=n)) for n in (1, 2))]
    return [
        {
            "status_id": f"{customer} {n}",
            "status": status,
            "status_at": at,
            "message_id": str(customer),
            "message_at": sent_at,
            "customer_key": customer,
            "mailing_id": "7",
            "channel": "Email",
            "brand": "a",
        }
        for n, (status, at) in enumerate(moments)
    ]


def order(customer: int, day: date) -> dict[str, Any]:
    return {
        "order_id": "A",
        "ordered_at": noon(day),
        "customer_key": customer,
        "brand": "b",
        "lines": [line("Paid", Decimal(100))],
    }
