"""Rows: their shape, their quirks, and that they tell what is true of the world."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.mindbox.world.messages import STATUS_NAMES, Status

if TYPE_CHECKING:
    from .conftest import Caller

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def statuses(mindbox: Caller) -> Rows:
    return mindbox.rows("customerMessageStatuses")


@pytest.fixture(scope="module")
def orders(mindbox: Caller) -> Rows:
    return mindbox.rows("orders")


@pytest.fixture(scope="module")
def customers(mindbox: Caller) -> Rows:
    return mindbox.rows("customers")


@pytest.fixture(scope="module")
def mailings(mindbox: Caller) -> Rows:
    return mindbox.rows("mailings")


def amount(order: dict[str, Any]) -> Decimal | None:
    """Lines checked out, paid or delivered, and the delivery; None without such a line."""
    left = [
        Decimal(str(line["priceOfLine"]))
        for line in order["lines"]
        if line["status"]["ids"]["externalId"] in ("CheckedOut", "Paid", "Delivered")
    ]
    return sum(left, Decimal(str(order.get("deliveryCost") or 0))) if left else None


def test_statuses_are_those_of_the_world(mindbox: Caller, statuses: Rows) -> None:
    world = mindbox.world
    by_id = {int(row["ids"]["id"]): row for row in statuses}
    for n in range(0, len(world.statuses), 97):
        row = by_id[int(world.statuses.status_id[n])]
        message = int(world.statuses.message[n])
        mailing = world.plan.mailings[world.messages.mailing[message]]
        customer = int(world.customers.mindbox_id[world.messages.customer[message]])
        assert row["mailingStatus"]["ids"]["systemName"] == STATUS_NAMES[world.statuses.kind[n]]
        assert int(row["customerMessage"]["ids"]["id"]) == world.messages.message_id[message]
        assert int(row["customer"]["ids"]["mindboxId"]) == customer
        assert row["mailing"]["ids"]["id"] == str(mailing.mailing_id)
        assert row["mailing"]["name"] == mailing.name
        assert row["mailing"]["variantNum"] == world.messages.variant[message]


def test_a_reason_is_told_exactly_where_there_is_one(statuses: Rows) -> None:
    for row in statuses:
        kind = row["mailingStatus"]["ids"]["systemName"]
        assert bool(row["mailing"].get("notSentReason")) == (kind == "NotSent")
        assert bool(row["mailing"].get("notDeliveredReason")) == (kind == "NotDelivered")


def test_clicks_alone_have_a_link_and_it_is_tagged(statuses: Rows) -> None:
    for row in statuses:
        link = row["mailing"].get("link")
        is_click = row["mailingStatus"]["ids"]["systemName"] == STATUS_NAMES[Status.CLICKED]
        assert bool(link) == is_click
        if link:
            query = parse_qs(urlsplit(link).query)
            assert query["utm_source"] == ["mindbox"]
            assert {"utm_medium", "utm_campaign", "utm_content", "mbxid"} <= set(query)


def test_triggers_name_their_flow(statuses: Rows, mailings: Rows) -> None:
    types = {row["ids"]["id"]: row["type"] for row in mailings}
    for row in statuses:
        is_mass = types[row["mailing"]["ids"]["id"]] == "mass"
        assert ("mailingSource" in row) != is_mass


@pytest.mark.parametrize("path", [("ids", "id"), ("customer", "ids", "mindboxId")])
def test_ids_come_as_numbers_and_as_strings(statuses: Rows, path: tuple[str, ...]) -> None:
    kinds = set()
    for row in statuses:
        node: Any = row
        for step in path:
            node = node[step]
        kinds.add(type(node))
    assert kinds == {int, str}


def test_missing_values_are_null_in_some_rows_and_absent_in_others(customers: Rows) -> None:
    for field in ("email", "mobilePhone", "birthDate", "area"):
        assert any(field in row and row[field] is None for row in customers), field
        assert any(field not in row for row in customers), field
        assert any(row.get(field) for row in customers), field


def test_customers_come_with_their_personal_data(customers: Rows) -> None:
    row = next(r for r in customers if r.get("email") and r.get("mobilePhone"))
    assert "@" in row["email"]
    assert str(row["mobilePhone"]).startswith("79")
    assert all(row[name] for name in ("firstName", "middleName", "lastName"))
    assert row["customFields"]["deliveryAddress"]


def test_a_custom_field_has_lost_its_capital(customers: Rows) -> None:
    assert all("bonusProcent" in row["customFields"] for row in customers)


def test_unknown_fields_appear(customers: Rows, statuses: Rows, orders: Rows) -> None:
    assert any("isTestCustomer" in row for row in customers)
    assert any("sendingAttempt" in row for row in statuses)
    assert any("processingComment" in row for row in orders)


def test_only_living_customers_are_exported(mindbox: Caller, customers: Rows) -> None:
    merged = mindbox.world.truth.final_ids()
    assert merged
    assert not {int(row["ids"]["mindboxId"]) for row in customers} & set(merged)


def test_subscriptions_tell_who_has_left(mindbox: Caller, customers: Rows) -> None:
    world = mindbox.world
    index = {int(i): n for n, i in enumerate(world.customers.mindbox_id)}
    left = 0
    for row in customers:
        n = index[int(row["ids"]["mindboxId"])]
        for entry in row["subscriptions"]:
            if entry["pointOfContact"] != "Email":
                continue
            brand = ["yasen", "severchay"].index(entry["brand"])
            gone = world.customers.unsubscribed_at[n, brand] < world.settings.until_ms
            assert entry["isSubscribed"] == (not gone)
            left += gone
    assert left > 0


def test_amounts_of_orders_are_true_to_the_kopeck(mindbox: Caller, orders: Rows) -> None:
    truth = mindbox.world.truth
    expected = dict(zip(truth.order_ids(), truth.orders.amount.tolist(), strict=True))
    told = {str(row["ids"]["mindboxId"]): (amount(row) or 0) * 100 for row in orders}
    assert told == expected


def test_the_total_differs_only_where_points_paid(mindbox: Caller, orders: Rows) -> None:
    world = mindbox.world
    points = dict(zip(world.truth.order_ids(), world.orders.points_paid.tolist(), strict=True))
    for row in orders:
        whole = amount(row)
        if whole is not None:
            gap = (whole - Decimal(str(row["totalPrice"]))) * 100
            # Of an order brought back in part, points pay no more than what is left.
            assert gap == min(points[str(row["ids"]["mindboxId"])], whole * 100)
    assert any(points.values())


def test_some_orders_have_no_lines(orders: Rows) -> None:
    empty = [row for row in orders if row["lines"] == []]
    assert 0 < len(empty) < len(orders) / 50
    assert all(row["totalPrice"] > 0 for row in empty)


def test_anonymous_orders_have_a_guid_and_no_customer(orders: Rows) -> None:
    nameless = [row for row in orders if not row.get("customer")]
    assert 0.01 < len(nameless) / len(orders) < 0.1
    for row in orders:
        assert ("-" in str(row["ids"]["mindboxId"])) == (not row.get("customer"))
    assert any("customer" in row for row in nameless)
    assert any("customer" not in row for row in nameless)


def test_quantities_may_be_fractional(orders: Rows) -> None:
    quantities = [line["quantity"] for row in orders for line in row["lines"]]
    assert any(quantity != int(quantity) for quantity in quantities)
    assert max(quantities) > 20, "wholesale"


def test_orders_name_the_mailing_they_are_credited_to(mindbox: Caller, orders: Rows) -> None:
    truth = mindbox.world.truth
    mailing = truth.orders.credited_mailing.tolist()
    expected = dict(zip(truth.order_ids(), mailing, strict=True))
    told = {}
    for row in orders:
        campaigns = row.get("attributedCampaigns") or []
        for campaign in campaigns:
            assert (campaign["type"], campaign["actionType"]) == ("Mailing", "Click")
        told[str(row["ids"]["mindboxId"])] = int(campaigns[0]["ids"]["id"]) if campaigns else 0
    assert told == expected
    assert any(told.values())


def test_mailings_are_the_plan(mindbox: Caller, mailings: Rows) -> None:
    plan = {str(m.mailing_id): m for m in mindbox.world.plan.mailings}
    for row in mailings:
        mailing = plan[row["ids"]["id"]]
        assert row["name"] == mailing.name
        assert row["type"] == mailing.mailing_type
        assert row["folder"] == mailing.folder
        assert row["tags"] == list(mailing.tags)
        assert row["creationDateTimeUtc"] <= row["lastChangedDateTimeUtc"]
    assert {row["type"] for row in mailings} == {"mass", "trigger", "transaction"}
