"""The set-based attribution against a plain scan over random histories."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from tests.dbt.build import SHIPPED_VARS, Dbt
from tests.dbt.raw import insert, line

BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
WINDOW = timedelta(days=SHIPPED_VARS["attribution_window_days"])
GRACE = timedelta(seconds=SHIPPED_VARS["attribution_click_visit_grace_seconds"])
# By id: type, channel and brand. Each has marks of its own.
MAILINGS = {
    "1": ("mass", "Email", "a"),
    "2": ("trigger", "SMS", "a"),
    "3": ("transaction", "Email", "a"),
    "4": ("mass", "MobilePush", "b"),
    "5": ("mass", "Email", "a"),
}
EXCLUDED = "5"


class Histories:
    """Customers with a few messages, clicks, visits and orders on a coarse grid of time.

    Twelve-hour steps make touches coincide with each other, with orders, with visits and with the
    very edge of the window; visits lie around the edges of the grace after a click, too.
    """

    def __init__(self, seed: int, customers: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 (no secret)
        self.merges = {n: n + 1 for n in range(1, customers) if self.random.random() < 0.3}
        self.statuses: list[dict[str, Any]] = []
        self.orders: list[dict[str, Any]] = []
        self.actions: list[dict[str, Any]] = []
        for customer in range(1, customers + 1):
            for _ in range(self.random.randrange(6)):
                self._message(customer)
            ordered = [self._order(customer) for _ in range(self.random.randrange(4))]
            for ordered_at in ordered * 2:
                self._visit(customer, ordered_at - timedelta(hours=12 * self.random.randrange(4)))

    def _moment(self) -> datetime:
        return BEGIN + timedelta(hours=12 * self.random.randrange(50))

    def _message(self, customer: int) -> None:
        mailing = self.random.choice(list(MAILINGS))
        _, channel, brand = MAILINGS[mailing]
        sent_at = self._moment()
        # Lengths differ, so that ids compared as text would win where they lose as numbers.
        message_id = str(self.random.choice([9, 10, 900, 1000]) * 10_000 + len(self.statuses))
        clicks = [12 * self.random.randrange(4) for _ in range(self.random.randrange(3))]
        happened = [("Sent", sent_at)]
        happened += [("Clicked", sent_at + timedelta(hours=hours)) for hours in clicks]
        for status, at in happened:
            self.statuses.append(
                {
                    "status_id": str(len(self.statuses)),
                    "status": status,
                    "status_at": at,
                    "message_id": message_id,
                    "message_at": sent_at,
                    "customer_key": customer,
                    "mailing_id": mailing,
                    "channel": channel,
                    "brand": brand,
                }
            )

    def _order(self, customer: int) -> datetime:
        ordered_at = self._moment()
        status = self.random.choice(["Paid", "Delivered", "CheckedOut", "Cancelled", "Returned"])
        self.orders.append(
            {
                "order_id": str(len(self.orders)),
                "ordered_at": ordered_at,
                "customer_key": self.random.choice([customer, customer, customer, 0]),
                "brand": self.random.choice(["a", "a", "b"]),
                "lines": [line(status, 100.0), line("Cancelled", 50.0, 2)],
            }
        )
        return ordered_at

    def _visit(self, customer: int, about: datetime) -> None:
        at = about + self.random.choice([timedelta(), GRACE, GRACE + timedelta(milliseconds=1)])
        mailing = self.random.choice([*MAILINGS, "", "", "", "", "", ""])
        self.actions.append(
            {
                "action_id": str(len(self.actions)),
                "template": self.random.choice(["PerekhodNaSajt"] * 4 + ["ZapuskPrilozheniya"]),
                "channel": self.random.choice(["Direct", "OrganicSearch", "OtherAds", "New class"]),
                "utm_source": "mindbox",
                "utm_campaign": mailing and f"campaign {mailing}",
                "happened_at": at,
                "created_at": at,
                "customer_key": self.random.choice([customer, customer, customer, 0]),
                "brand": self.random.choice(["a", "a", "b"]),
            }
        )

    def write(self, client: Client) -> None:
        insert(
            client,
            "mailings",
            [
                {
                    "mailing_id": key,
                    "type": kind,
                    "channel": channel,
                    "brand": brand,
                    "utm_source": "mindbox",
                    "utm_campaign": f"campaign {key}",
                }
                for key, (kind, channel, brand) in MAILINGS.items()
            ],
        )
        insert(client, "customer_actions", self.actions)
        insert(client, "message_statuses", self.statuses)
        insert(client, "orders", self.orders)
        insert(
            client,
            "customer_merges",
            [
                {
                    "merged_customer_key": merged,
                    "resulting_customer_key": into,
                    "changed_at": BEGIN,
                    "merged_on": BEGIN.date(),
                }
                for merged, into in self.merges.items()
            ],
        )

    def person(self, customer: int) -> int:
        while customer in self.merges:
            customer = self.merges[customer]
        return customer

    def foreign_visits(self) -> list[tuple[int, str, datetime]]:
        """Person, brand and moment of every visit that may take a credit away."""
        visits = [
            (self.person(action["customer_key"]), action["brand"], action["happened_at"])
            for action in self.actions
            if action["template"] == "PerekhodNaSajt"
            and action["customer_key"] != 0
            and action["channel"] != "Direct"
            and not action["utm_campaign"]
        ]
        clicks = [
            (self.person(click["customer_key"]), click["brand"], click["status_at"])
            for click in self.statuses
            if click["status"] == "Clicked"
        ]
        return [
            (person, brand, at)
            for person, brand, at in visits
            if not any(
                (person, brand) == (clicker, mailing_brand) and timedelta() <= at - clicked <= GRACE
                for clicker, mailing_brand, clicked in clicks
            )
        ]

    def credits(self, sms_touch: str, *, visits_break: bool = True) -> set[tuple[str, str]]:
        """Order and message of every credit, by the wording of the rule."""
        credited = set()
        visits = self.foreign_visits() if visits_break else []
        for order in self.orders:
            *_, status, _ = order["lines"][0]
            valid = status in {"Paid", "Delivered", "CheckedOut"}
            if not valid or order["customer_key"] == 0:
                continue
            touches = []
            for status in self.statuses:
                kind, channel, brand = MAILINGS[status["mailing_id"]]
                touching = "Clicked"
                if channel == "SMS" and sms_touch == "delivery":
                    touching = "Sent"
                if (
                    status["status"] == touching
                    and kind != "transaction"
                    and status["mailing_id"] != EXCLUDED
                    and brand == order["brand"]
                    and self.person(status["customer_key"]) == self.person(order["customer_key"])
                    and status["status_at"] <= order["ordered_at"]
                ):
                    touches.append((status["status_at"], int(status["message_id"])))
            if not touches:
                continue
            touched_at, message = max(touches)
            broken = any(
                person == self.person(order["customer_key"])
                and brand == order["brand"]
                and touched_at < visited_at <= order["ordered_at"]
                for person, brand, visited_at in visits
            )
            if order["ordered_at"] - touched_at <= WINDOW and not broken:
                credited.add((order["order_id"], str(message)))
        return credited


@pytest.mark.parametrize("sms_touch", ["click", "delivery"])
def test_credits_equal_a_plain_scan(raw: Client, dbt: Dbt, sms_touch: str) -> None:
    histories = Histories(seed=20, customers=300)
    histories.write(raw)

    dbt.models(
        "+int_attribution",
        attribution_sms_touch=sms_touch,
        attribution_excluded_mailings=[EXCLUDED],
    )

    found = raw.query("SELECT order_id, message_id FROM intermediate.int_attribution").result_rows
    expected = histories.credits(sms_touch)
    assert len(expected) > 40
    assert len(histories.credits(sms_touch, visits_break=False)) >= len(expected) + 5
    assert sorted(found) == sorted(expected)
