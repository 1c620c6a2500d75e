"""The CDNOW sample (Fader and Hardie, Interfaces 31, 2001) as a folder of NDJSON files.

One line a purchase, fixed width: customer id in the full set, customer id in the sample, date
(YYYYMMDD), number of CDs, amount in dollars. It has orders only, no mailings.
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

SAMPLE = Path(
    os.environ.get("CDNOW_SAMPLE")
    or Path(__file__).parents[3] / "shared" / "data" / "cdnow" / "CDNOW_sample.txt"
)
NOT_SHIPPED = "CDNOW_SAMPLE names no file: the CDNOW sample is not shipped"
BRAND = "cdnow"
# Noon in Moscow: the purchase's day is the same in UTC and in project time.
TIME_OF_DAY = "09:00:00.000"


@dataclass(frozen=True)
class Purchase:
    number: int
    customer: int
    day: date
    quantity: int
    amount: Decimal


@dataclass(frozen=True)
class Month:
    buyers: int
    orders: int
    revenue: Decimal
    repeat_buyer_share: float


def read_purchases(file: Path) -> list[Purchase]:
    purchases = []
    for number, line in enumerate(file.read_text().splitlines(), start=1):
        _, customer, day, quantity, amount = line.split()
        purchases.append(
            Purchase(
                number=number,
                customer=int(customer),
                day=date.fromisoformat(f"{day[:4]}-{day[4:6]}-{day[6:]}"),
                quantity=int(quantity),
                amount=Decimal(amount),
            )
        )
    return purchases


def write_folder(purchases: Iterable[Purchase], folder: Path) -> None:
    purchases = list(purchases)
    last_change = {purchase.customer: purchase.day for purchase in purchases}
    with (folder / "customers.ndjson").open("w") as customers:
        for customer, day in last_change.items():
            row = {"ids": {"mindboxId": customer}, "changeDateTimeUtc": f"{day} {TIME_OF_DAY}"}
            customers.write(json.dumps(row) + "\n")
    with (folder / "orders.ndjson").open("w") as orders:
        for purchase in purchases:
            orders.write(json.dumps(order_row(purchase)) + "\n")


def order_row(purchase: Purchase) -> dict[str, object]:
    line = {
        "id": f"{purchase.number}-1",
        "number": 1,
        "quantity": purchase.quantity,
        "priceOfLine": float(purchase.amount),
        "product": {"ids": {"website": "cd"}, "name": "CD"},
        "status": {"ids": {"externalId": "Delivered"}},
    }
    return {
        "ids": {"mindboxId": purchase.number},
        "firstAction": {
            "dateTimeUtc": f"{purchase.day} {TIME_OF_DAY}",
            "brand": {"ids": {"systemName": BRAND}},
        },
        "totalPrice": float(purchase.amount),
        "deliveryCost": 0,
        "customer": {"ids": {"mindboxId": purchase.customer}},
        "lines": [line],
    }


def count_months(purchases: Iterable[Purchase]) -> dict[date, Month]:
    """Buyers, orders, revenue and repeat share per month, counted straight from the file.

    A repeat buyer of a month made, in that month, an order that was not the first of his life.
    """
    by_month: dict[date, list[Purchase]] = defaultdict(list)
    repeat: dict[date, set[int]] = defaultdict(set)
    seen: set[int] = set()
    for purchase in sorted(purchases, key=lambda p: (p.day, p.number)):
        month = purchase.day.replace(day=1)
        by_month[month].append(purchase)
        if purchase.customer in seen:
            repeat[month].add(purchase.customer)
        seen.add(purchase.customer)
    months = {}
    for month, rows in by_month.items():
        buyers = len({row.customer for row in rows})
        months[month] = Month(
            buyers=buyers,
            orders=len(rows),
            revenue=sum((row.amount for row in rows), Decimal()),
            repeat_buyer_share=len(repeat[month]) / buyers,
        )
    return months
