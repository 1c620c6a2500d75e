"""Random histories of customers, written raw the way the extractor would have left them."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from clickhouse_connect.driver.client import Client

from tests.dbt.build import SHIPPED_VARS
from tests.dbt.raw import insert, line

BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
GRACE = timedelta(seconds=SHIPPED_VARS["attribution_click_visit_grace_seconds"])
GOAL = {"Paid", "Delivered", "CheckedOut"}


class Mailing(NamedTuple):
    """A mailing of the histories; each has marks of its own."""

    kind: str
    channel: str
    brand: str


MAILINGS = {
    "1": Mailing("mass", "Email", "a"),
    "2": Mailing("trigger", "SMS", "a"),
    "3": Mailing("transaction", "Email", "a"),
    "4": Mailing("mass", "MobilePush", "b"),
    "5": Mailing("mass", "Email", "a"),
}
EXCLUDED = "5"
# By the beginning of a code: mailings that give it out, by their system names. The last of them
# is unknown to the dictionary.
PROMO_CODES = {"HI-": ["mailing 1", "mailing 2"], "BYE-": ["mailing 4", "mailing 5", "mailing 9"]}


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
        clicks = [12 * self.random.randrange(4) for _ in range(self.random.randrange(4))]
        opens = [12 * self.random.randrange(4) for _ in range(self.random.randrange(3))]
        happened = [("Sent", sent_at)]
        happened += [("Clicked", sent_at + timedelta(hours=hours)) for hours in clicks]
        happened += [("Opened", sent_at + timedelta(hours=hours)) for hours in opens]
        if self.random.random() < 0.2:
            happened.append(("NotDelivered", sent_at + timedelta(hours=1)))
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
        status = self.random.choice([*sorted(GOAL), "Cancelled", "Returned"])
        amount = Decimal(self.random.randrange(1, 1_000_000)) / 100
        code = self.random.choice(["HI-7", "BYE-8", "HI", "", "", "", ""])
        effect = self.random.choice(["discount", "discount", "discount", "issuedCoupon"])
        campaigns = self.random.sample([*MAILINGS, "unknown"], self.random.choice([0, 0, 0, 1, 3]))
        self.orders.append(
            {
                "order_id": str(len(self.orders)),
                "ordered_at": ordered_at,
                "customer_key": self.random.choice([customer, customer, customer, 0]),
                "brand": self.random.choice(["a", "a", "b"]),
                "lines": [line(status, amount), line("Cancelled", Decimal(50), 2)],
                "promotions": [(effect, "sale", "Скидки", Decimal(1), code, "")] if code else [],
                "attributed_campaigns": [(each, "Mailing", "Click") for each in campaigns],
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
        """Insert everything into the raw tables."""
        insert(
            client,
            "mailings",
            [
                {
                    "mailing_id": key,
                    "system_name": f"mailing {key}",
                    "type": mailing.kind,
                    "channel": mailing.channel,
                    "brand": mailing.brand,
                    "utm_source": "mindbox",
                    "utm_campaign": f"campaign {key}",
                }
                for key, mailing in MAILINGS.items()
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
        """Who a customer is after all merges."""
        while customer in self.merges:
            customer = self.merges[customer]
        return customer
