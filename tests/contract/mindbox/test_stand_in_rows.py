"""Rows: their shape, their quirks, and that they tell what is true of the world."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.mindbox.world.actions import TEMPLATES, Template
from sandbox.mindbox.world.messages import STATUS_NAMES, Status
from sandbox.mindbox.world.points import KIND_NAMES
from sandbox.mindbox.world.traffic import SOURCES

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


@pytest.fixture(scope="module")
def actions(mindbox: Caller) -> Rows:
    return mindbox.rows("customerActions")


def named(actions: Rows, *templates: Template) -> Rows:
    names = [TEMPLATES[template].system_name for template in templates]
    return [row for row in actions if row["actionTemplate"]["ids"]["systemName"] in names]


def moment(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def test_actions_are_those_of_the_world(mindbox: Caller, actions: Rows) -> None:
    world = mindbox.world
    by_id = {int(row["ids"]["mindboxId"]): row for row in actions}
    assert len(by_id) == len(world.actions)
    brands = ["yasen", "severchay"]
    for n in range(0, len(world.actions), 61):
        row = by_id[int(world.actions.action_id[n])]
        customer = int(world.customers.mindbox_id[world.actions.customer[n]])
        template = TEMPLATES[world.actions.template[n]]
        assert row["actionTemplate"]["ids"]["systemName"] == template.system_name
        assert row["actionTemplate"]["name"] == template.name
        assert moment(row["dateTimeUtc"]) == world.actions.at[n]
        assert moment(row["creationDateTimeUtc"]) == world.actions.created_at[n]
        assert row["brand"]["ids"]["systemName"] == brands[world.actions.brand[n]]
        assert int(row["customer"]["ids"]["mindboxId"]) == customer


def test_a_visit_tells_its_source_and_marks(mindbox: Caller, actions: Rows) -> None:
    utms = {m.utm_campaign for m in mindbox.world.plan.mailings}
    of_mailings = 0
    for row in named(actions, Template.SITE_VISIT):
        channel = row["channel"]
        assert channel["ids"]["systemName"] in {source.system_name for source in SOURCES}
        assert "externalId" not in channel["ids"]
        if channel.get("utmSource") == "mindbox":
            assert channel["utmCampaign"] in utms
            assert channel["ids"]["systemName"] in ("Email", "OtherAds")
            of_mailings += 1
        elif channel.get("utmCampaign"):
            assert channel["utmCampaign"] not in utms
            assert channel["ids"]["systemName"] not in ("Direct", "OrganicSearch")
    assert of_mailings > 50


def test_what_is_done_on_the_site_names_its_point_of_contact(actions: Rows) -> None:
    done = named(actions, Template.PRODUCT_VIEW, Template.CART_ADD, Template.CHECKOUT_START)
    assert {row["channel"]["ids"]["externalId"] for row in done} == {"site", "app"}
    launches = named(actions, Template.APP_LAUNCH)
    assert {row["channel"]["ids"]["externalId"] for row in launches} == {"app"}
    registered = {
        row["channel"]["ids"]["externalId"] for row in named(actions, Template.REGISTRATION)
    }
    assert {"site", "app", "call-centre"} < registered


def test_views_carry_a_price_and_carts_a_count_and_a_price_each(actions: Rows) -> None:
    without = 0
    for row in named(actions, Template.PRODUCT_VIEW):
        products = row.get("products") or []
        assert bool(products) == ("productView" in row)
        without += not products
        if products:
            assert set(products[0]) == {"ids"}
            assert row["productView"]["price"] > 0
    assert without > 20, "views without products"
    for row in named(actions, Template.CART_ADD, Template.CART_REMOVE):
        (product,) = row["products"]
        assert product["count"] > 0
        assert product["price"] > 0
    lists = [row["products"] for row in named(actions, Template.CART_SET)]
    assert max(len(products) for products in lists) > 1
    assert all(set(p) == {"ids", "count", "price"} for products in lists for p in products)
    assert not any(row.get("products") for row in named(actions, Template.CART_CLEAR))


def test_movements_of_points_are_signed_and_add_up(mindbox: Caller, actions: Rows) -> None:
    told: Counter[str] = Counter()
    seen = set()
    for row in named(actions, Template.POINTS):
        if int(row["ids"]["mindboxId"]) in seen:
            continue
        seen.add(int(row["ids"]["mindboxId"]))
        (change,) = row["customerBalanceChanges"]
        assert change["balanceType"]["ids"]["systemName"] == "bonus"
        told[change["balanceChangeKind"]] += round(Decimal(str(change["changeAmount"])) * 100)
        needs_order = change["balanceChangeKind"].startswith("RetailOrder")
        assert bool(row.get("order")) == needs_order
    movements = mindbox.world.movements
    expected: Counter[str] = Counter()
    for kind, value in zip(movements.kind.tolist(), movements.amount.tolist(), strict=True):
        expected[KIND_NAMES[kind]] += value
    assert told == expected
    assert len(seen) == len(movements)


def test_answers_carry_a_score_and_sometimes_a_comment(actions: Rows) -> None:
    answers = named(actions, Template.ANSWER)
    assert {int(row["customFields"]["npsScore"]) for row in answers} <= set(range(11))
    commented = sum("npsComment" in row["customFields"] for row in answers)
    assert 0 < commented < len(answers)
    assert not any(
        "npsScore" in (row.get("customFields") or {})
        for row in named(actions, Template.PRODUCT_VIEW)
    )


@pytest.mark.parametrize("field", ["channel", "order", "products", "customerBalanceChanges"])
def test_what_an_action_lacks_is_empty_here_and_absent_there(actions: Rows, field: str) -> None:
    assert any(field in row and not row[field] for row in actions)
    assert any(field not in row for row in actions)
    assert any(row.get(field) for row in actions)


def test_ids_of_actions_come_as_numbers_and_as_strings(actions: Rows) -> None:
    assert {type(row["ids"]["mindboxId"]) for row in actions} == {int, str}
    assert {type(row["customer"]["ids"]["mindboxId"]) for row in actions} == {int, str}
    orders = [row["order"]["ids"]["mindboxId"] for row in actions if row.get("order")]
    assert {type(order) for order in orders} == {int, str}
    assert any("isReprocessed" in row for row in actions)
