"""Products, promotions, segment changes and the dynamics report, as they are on the wire."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import requests

from sandbox.mindbox.serving.products import ProductTable
from sandbox.mindbox.world import World, WorldSettings, vocabulary
from sandbox.mindbox.world.points import Kind
from sandbox.mindbox.world.segments import LOYALTY, OUT, SEGMENTATIONS, SEGMENTS

from .conftest import UNTIL, Caller

if TYPE_CHECKING:
    from collections.abc import Iterable

Rows = list[dict[str, Any]]
COUNTS = {
    "ReportMessagesTotal": "total",
    "ReportSent": "sent",
    "ReportDelivered": "delivered",
    "ReportOpened": "opened",
    "ReportClicked": "clicked",
    "ReportUnsubscribed": "unsubscribed",
    "ReportSpam": "spam",
    "ReportBounced": "bounced",
    "ReportConversions": "conversions",
    "ReportOrders": "orders",
}


def table(caller: Caller, operation: str, body: object) -> list[dict[str, str]]:
    (url,) = caller.links(operation, body)
    answer = requests.get(url, timeout=30)
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    text = answer.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def exported(caller: Caller, operation: str, root: str, body: object) -> Rows:
    parts = [requests.get(link, timeout=30).json() for link in caller.links(operation, body)]
    assert all(list(part) == [root] for part in parts)
    return [row for part in parts for row in part[root]]


def segment_changes(caller: Caller, name: str, since: str | None = None) -> Rows:
    body: dict[str, Any] = {"segmentation": {"ids": {"externalId": name}}}
    if since:
        body["sinceDateTimeUtc"] = since
    return exported(caller, "Export.SegmentChanges", "customerSegments", body)


def moment(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def test_products_are_the_catalogue(mindbox: Caller) -> None:
    goods = mindbox.world.catalogue
    rows = table(mindbox, "Export.Products", {})
    assert len(rows) == mindbox.world.truth.rows()["products"]
    place = {external: n for n, external in enumerate(goods.external_id)}
    for row in rows:
        n = place[row["ProductIdsWebsite"]]
        category = vocabulary.CATEGORIES[goods.category[n]]
        assert goods.is_exported[n]
        assert row["ProductName"] == goods.name[n]
        assert row["ProductBrandSystemName"] == vocabulary.BRANDS[goods.brand[n]].system_name
        assert row["ProductVendorName"] == vocabulary.VENDORS[goods.vendor[n]]
        assert row["ProductCategoryIdsWebsite"] == category.external_id
        assert row["ProductCategoryPath"] == category.path
        assert row["ProductIsAvailable"] == ("true" if goods.is_available[n] else "false")
        assert moment(row["ProductCreationDateTimeUtc"]) == goods.created_at[n]
        assert moment(row["ProductChangeDateTimeUtc"]) == goods.changed_at[n]
        for column, kopecks in (
            ("ProductPrice", goods.price[n]),
            ("ProductOldPrice", goods.old_price[n]),
            ("ProductCustomFieldsCost", goods.cost[n]),
        ):
            told = row[column].replace(",", ".")
            assert (Decimal(told) * 100 if told else 0) == int(kopecks)
    assert all("," in row["ProductPrice"] for row in rows)


def test_products_come_by_creation_and_by_change(mindbox: Caller) -> None:
    goods = mindbox.world.catalogue
    since, till = "2025-09-01 00:00", "2025-10-01 00:00"
    window = {"sinceDateTimeUtc": since, "tillDateTimeUtc": till}
    inside = [
        (at >= moment(since)) & (at < moment(till)) for at in (goods.created_at, goods.changed_at)
    ]
    expected = np.flatnonzero(goods.is_exported & (inside[0] | inside[1]))
    told = [row["ProductIdsWebsite"] for row in table(mindbox, "Export.Products", window)]
    assert told == [goods.external_id[n] for n in expected]
    assert told
    long_ago = {"sinceDateTimeUtc": "2001-01-01 00:00", "tillDateTimeUtc": "2001-01-02 00:00"}
    assert table(mindbox, "Export.Products", long_ago) == []


def test_products_may_have_a_decimal_point() -> None:
    world = World.generate(WorldSettings(customers=20, months=1, decimal_comma=False))
    text = ProductTable(world).csv(0, world.settings.until_ms).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert rows
    assert all("." in row["ProductPrice"] for row in rows)


def test_promotions_are_those_of_the_world(mindbox: Caller) -> None:
    rows = exported(mindbox, "Export.Promotions", "promotions", {})
    promotions = {p.external_id: p for p in mindbox.world.promotions.rows}
    assert len(rows) == len(promotions) == mindbox.world.truth.rows()["promotions"]
    for row in rows:
        promotion = promotions[row["ids"]["externalId"]]
        assert row["name"] == promotion.name
        assert row["state"] == promotion.state
        assert moment(row["startDateTimeUtc"]) == promotion.starts_at
        end = row.get("endDateTimeUtc")
        assert end is None or moment(end) == promotion.ends_at
        assert row["description"]
    assert any(row.get("endDateTimeUtc") is None for row in rows)


def test_promotions_come_by_their_change_since_a_date(mindbox: Caller) -> None:
    since = "2025-10-01 00:00"
    rows = exported(mindbox, "Export.Promotions", "promotions", {"sinceDateTimeUtc": since})
    expected = {
        p.external_id for p in mindbox.world.promotions.rows if p.changed_at >= moment(since)
    }
    assert {row["ids"]["externalId"] for row in rows} == expected
    assert 0 < len(expected) < mindbox.world.truth.rows()["promotions"]


@pytest.mark.parametrize("number", range(len(SEGMENTATIONS)))
def test_everyone_ever_in_a_segmentation_is_told_once(mindbox: Caller, number: int) -> None:
    world = mindbox.world
    everyone = world.truth.segments
    mine = everyone.take(everyone.segmentation == number)
    rows = segment_changes(mindbox, SEGMENTATIONS[number][0])
    told = {int(row["customer"]["ids"]["mindboxId"]): row for row in rows}
    ids = world.customers.mindbox_id[mine.customer].tolist()
    assert len(rows) == len(told)
    assert sorted(told) == sorted(ids)
    for customer, segment in zip(ids, mine.segment.tolist(), strict=True):
        row = told[customer]
        assert row["inSegmentation"] == (segment != OUT)
        name = (row.get("segment") or {}).get("ids", {}).get("externalId")
        assert name == (None if segment == OUT else SEGMENTS[number][segment][0])
    if number == LOYALTY:
        assert any(not row["inSegmentation"] for row in rows), "some leave the programme"


def test_all_segmentations_together_are_the_truth(mindbox: Caller) -> None:
    rows = [segment_changes(mindbox, name) for name, _ in SEGMENTATIONS]
    assert sum(map(len, rows)) == mindbox.world.truth.rows()["customerSegments"]


def test_since_a_date_only_those_who_moved_are_told(mindbox: Caller) -> None:
    since = "2025-10-20 12:30"
    everyone = mindbox.world.truth.segments
    for number, (name, _) in enumerate(SEGMENTATIONS):
        rows = segment_changes(mindbox, name, since)
        moved = (everyone.segmentation == number) & (everyone.changed_at >= moment(since))
        assert len(rows) == moved.sum() > 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"segmentation": "loyalty"},
        {"segmentation": {"ids": {}}},
        {"segmentation": {"ids": {"externalId": "unheard-of"}}},
    ],
)
def test_a_segmentation_must_be_a_known_one(mindbox: Caller, body: object) -> None:
    answer = mindbox.call("Export.SegmentChanges", body)
    assert answer["status"] == "ValidationError"
    assert answer["validationMessages"][0]["location"] == "/segmentation/ids/externalId"


def test_customers_carry_their_points_and_their_segments(mindbox: Caller) -> None:
    world = mindbox.world
    place = {int(i): n for n, i in enumerate(world.customers.mindbox_id)}
    everyone = world.truth.segments
    expected: dict[int, dict[str, str]] = {}
    columns = (everyone.segmentation, everyone.customer, everyone.segment)
    for number, customer, segment in zip(*(c.tolist() for c in columns), strict=True):
        if segment != OUT:
            name = SEGMENTS[number][segment][0]
            expected.setdefault(customer, {})[SEGMENTATIONS[number][0]] = name
    total, available = world.truth.balances.total, world.truth.balances.available
    blocked = 0
    for row in mindbox.rows("customers"):
        n = place[int(row["ids"]["mindboxId"])]
        told = {
            s["ids"]["externalId"]: s["segment"]["ids"]["externalId"] for s in row["segmentations"]
        }
        assert told == expected.get(n, {})
        accounts = row.get("balances") or [{"total": 0, "available": 0, "blocked": 0}]
        assert [a.get("balanceType") for a in accounts] in (
            [None],
            [{"ids": {"systemName": "bonus"}}],
        )
        (account,) = accounts
        assert Decimal(str(account["total"])) * 100 == int(total[n])
        assert Decimal(str(account["available"])) * 100 == int(available[n])
        assert account["total"] == account["available"] + account["blocked"]
        blocked += account["blocked"] > 0
    assert blocked > 0


def applied(node: dict[str, Any]) -> Iterable[dict[str, Any]]:
    return node.get("appliedPromotions") or []


def test_discounts_of_lines_are_what_promotions_took_off(mindbox: Caller) -> None:
    kinds = set()
    for order in mindbox.rows("orders"):
        for line in order["lines"]:
            whole = Decimal(str(line["basePricePerItem"])) * Decimal(str(line["quantity"]))
            gap = whole - Decimal(str(line["priceOfLine"]))
            assert gap >= Decimal("-0.01")
            for entry in applied(line):
                assert entry["type"] == "discount"
                assert abs(Decimal(str(entry["amount"])) - gap) <= Decimal("0.01")
                kinds.add(entry["promotion"]["type"])
                has_code = entry["promotion"]["type"] == "Промокод"
                assert ("coupon" in entry) == has_code
                if has_code:
                    assert entry["coupon"]["ids"]["code"]
                    assert entry["coupon"]["pool"]["ids"]["externalId"]
    assert kinds == {"Скидка", "Подарок", "Промокод"}


def test_promotions_of_lines_are_those_of_the_world(mindbox: Caller) -> None:
    world = mindbox.world
    promotions = world.promotions.rows
    expected: dict[str, list[str]] = {}
    ids = world.truth.order_ids()
    for order, promotion in zip(
        world.lines.order.tolist(), world.lines.promotion.tolist(), strict=True
    ):
        if promotion >= 0:
            expected.setdefault(ids[order], []).append(promotions[promotion].external_id)
    told: dict[str, list[str]] = {}
    for order in mindbox.rows("orders"):
        for line in order["lines"]:
            for entry in applied(line):
                promotion_id = entry["promotion"]["ids"]["externalId"]
                told.setdefault(str(order["ids"]["mindboxId"]), []).append(promotion_id)
    assert told == expected


def test_orders_tell_their_points_and_how_they_were_paid(mindbox: Caller) -> None:
    world = mindbox.world
    moves = world.movements
    points = {}
    for kind in (Kind.RETAIL_ORDER_BONUS, Kind.RETAIL_ORDER_PAYMENT):
        sums = np.zeros(len(world.orders), np.int64)
        mine = (moves.kind == kind) & (moves.order >= 0)
        np.add.at(sums, moves.order[mine], moves.amount[mine])
        points[kind] = sums
    place = {order_id: n for n, order_id in enumerate(world.truth.order_ids())}
    types: set[str] = set()
    paid_types: set[str] = set()
    for row in mindbox.rows("orders"):
        n = place[str(row["ids"]["mindboxId"])]
        earned = Decimal(int(points[Kind.RETAIL_ORDER_BONUS][n])) / 100
        spent = -Decimal(int(points[Kind.RETAIL_ORDER_PAYMENT][n])) / 100
        told = row.get("bonusPointsInfoPerBalanceType") or []
        assert bool(told) == bool(earned or spent), "only accounts with something on them"
        for account in told:
            assert account["balanceType"] == {"ids": {"systemName": "bonus"}}
            assert Decimal(str(account["earnedAmount"])) == earned
            assert Decimal(str(account["spentAmount"])) == spent
        amounts = {entry["type"]: Decimal(str(entry["amount"])) for entry in applied(row)}
        assert amounts.get("earnedBonusPoints", 0) == earned
        assert amounts.get("spentBonusPoints", 0) == spent
        assert amounts.get("deliveryDiscount", 0) * 100 == int(world.orders.delivery_discount[n])
        assert ("issuedCoupon" in amounts) == (world.orders.issued_coupon[n] > 0)
        types |= set(amounts)
        payments = {p["type"]: Decimal(str(p["amount"])) for p in row.get("payments") or []}
        assert payments.pop("bonus", 0) == spent
        assert set(payments.values()) <= {Decimal(str(row["totalPrice"]))}
        paid_types |= set(payments)
    assert types == {"earnedBonusPoints", "spentBonusPoints", "deliveryDiscount", "issuedCoupon"}
    assert paid_types == {"card", "cash", "sbp"}


def test_a_coupon_of_an_order_is_met_again_where_it_is_used(mindbox: Caller) -> None:
    rows = mindbox.rows("orders")
    issued = {
        entry["coupon"]["ids"]["code"]
        for row in rows
        for entry in applied(row)
        if entry["type"] == "issuedCoupon"
    }
    used = {
        entry["coupon"]["ids"]["code"]
        for row in rows
        for line in row["lines"]
        for entry in applied(line)
        if "coupon" in entry
    }
    assert issued & used


def test_the_dynamics_report_is_the_worlds_own(mindbox: Caller) -> None:
    world = mindbox.world
    since, till = date(2025, 9, 28), date(2025, 10, 20)
    dynamics = world.truth.dynamics(since, till)
    expected = {
        (
            world.calendar.dates[int(dynamics.day[n])].isoformat(),
            str(world.plan.mailings[dynamics.mailing[n]].mailing_id),
            str(dynamics.variant[n]),
        ): [
            *(str(getattr(dynamics, name)[n]) for name in COUNTS.values()),
            Decimal(int(dynamics.revenue[n])) / 100,
            Decimal(int(dynamics.revenue_of_day[n])) / 100,
        ]
        for n in range(len(dynamics))
    }
    rows = table(
        mindbox,
        "Export.MailingReportDynamics",
        {"sinceDate": since.isoformat(), "tillDate": till.isoformat()},
    )
    told = {
        (row["ReportDate"], row["ReportMailingId"], row["ReportMailingVariantNum"]): [
            *(row[column] for column in COUNTS),
            Decimal(row["ReportConversionsRevenue"].replace(",", ".")),
            Decimal(row["ReportRevenue"].replace(",", ".")),
        ]
        for row in rows
    }
    assert told == expected
    assert len(told) == len(rows) > 100
    assert {row["ReportChannel"] for row in rows} >= {"Email", "SMS", "Viber"}


def test_both_reports_name_subject_folder_and_brand(mindbox: Caller) -> None:
    period = {"sinceDate": "2025-09-01", "tillDate": "2025-09-30"}
    mailings = {str(m.mailing_id): m for m in mindbox.world.plan.mailings}
    for operation in ("Export.MailingReportSummary", "Export.MailingReportDynamics"):
        for row in table(mindbox, operation, period):
            mailing = mailings[row["ReportMailingId"]]
            assert row["ReportSubject"] == mailing.subject
            assert bool(row["ReportSubject"]) == (row["ReportChannel"] == "Email")
            assert row["ReportFolder"] == mailing.folder
            assert row["ReportBrand"] == vocabulary.BRANDS[mailing.brand].name


def test_a_dynamics_period_must_be_two_dates_in_order(mindbox: Caller) -> None:
    answer = mindbox.call("Export.MailingReportDynamics", {"sinceDate": f"{UNTIL:%Y-%m-%d}"})
    assert answer["validationMessages"][0]["location"] == "/tillDate"
