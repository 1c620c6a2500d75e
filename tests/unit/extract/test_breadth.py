"""Actions, products, promotions, segments and the dynamics report, column by column."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mindbox_extract.datasets import DATASETS
from mindbox_extract.values import customer_key

from .conftest import EXTRACTED_AT, SECRET, Decode, a_customer, an_action, an_order

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def values(dataset: str, row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in DATASETS[dataset].columns}


def test_an_action_becomes_a_row(decode: Decode) -> None:
    (row,) = decode("customer_actions", [an_action()]).good
    assert values("customer_actions", row) == {
        "action_id": "8800",
        "template": "IzmenenieBallov",
        "happened_at": datetime(2024, 4, 20, 9, tzinfo=UTC),
        "created_at": datetime(2024, 5, 3, 10, 0, 0, 500000, tzinfo=UTC),
        "brand": "yasen",
        "channel": "site",
        "channel_name": "Сайт",
        "utm_source": "",
        "utm_medium": "",
        "utm_campaign": "",
        "utm_content": "",
        "utm_term": "",
        "customer_key": customer_key(SECRET, "4711"),
        "order_id": "31",
        "product_price": Decimal("1290.5"),
        "products": [{"product_id": "p-1", "quantity": Decimal(2), "price": Decimal(1290)}],
        "categories": [{"category_id": "plaids"}],
        "balance_changes": [
            {
                "balance": "bonus",
                "kind": "RetailOrderPayment",
                "amount": Decimal(-120),
                "available_from": EPOCH,
                "expires_at": datetime(2024, 9, 1, tzinfo=UTC),
            }
        ],
        "survey_score": 9,
    }
    assert "Иван" not in json.dumps(row, default=str, ensure_ascii=False)


def test_a_view_may_come_without_a_product_and_without_anybody(decode: Decode) -> None:
    bare = {
        key: value
        for key, value in an_action().items()
        if key in {"ids", "actionTemplate", "dateTimeUtc", "creationDateTimeUtc"}
    }
    (row,) = decode("customer_actions", [bare]).good
    assert (row["products"], row["categories"], row["balance_changes"]) == ([], [], [])
    assert (row["product_price"], row["survey_score"], row["customer_key"]) == (None, None, 0)


def test_a_product_that_only_other_systems_know_spoils_nothing(decode: Decode) -> None:
    foreign, ours = {"ids": {"sku": "x"}}, {"ids": {"website": "p-1"}}
    alone, beside = an_action(products=[foreign]), an_action(products=[foreign, ours])
    decoded = decode("customer_actions", [alone, beside])
    found = [[product["product_id"] for product in row["products"]] for row in decoded.good]
    assert sorted(found) == [[], ["", "p-1"]]


@pytest.mark.parametrize(
    ("ids", "channel"),
    [
        ({"mindboxId": 70, "externalId": "site", "systemName": "Site"}, "site"),
        ({"mindboxId": 70, "systemName": "OrganicSearch"}, "OrganicSearch"),
        ({"mindboxId": 70}, "70"),
        ({}, ""),
    ],
)
def test_a_channel_is_known_by_the_best_id_it_has(
    decode: Decode, ids: dict[str, Any], channel: str
) -> None:
    utm = {"utmSource": "mindbox", "utmTerm": "ivan@example.org"}
    (row,) = decode("customer_actions", [an_action(channel={"ids": ids, **utm})]).good
    assert (row["channel"], row["utm_source"], row["utm_term"]) == (channel, "mindbox", "")


def test_a_late_action_belongs_to_the_day_it_arrived(decode: Decode) -> None:
    late = an_action(dateTimeUtc="2024-03-01 00:00:00", creationDateTimeUtc="2024-05-31 23:59:59")
    early = an_action(dateTimeUtc="2024-05-01 00:00:00", creationDateTimeUtc="2024-06-01 00:00:00")
    decoded = decode("customer_actions", [late, early])
    assert [row["happened_at"].month for row in decoded.good] == [3]
    assert decoded.outside == 1


def test_a_custom_field_is_found_with_either_first_letter(decode: Decode) -> None:
    (row,) = decode("customer_actions", [an_action(customFields={"NpsScore": "10"})]).good
    assert row["survey_score"] == 10


COLUMNS = (
    "ProductIdsWebsite;ProductName;ProductVendorName;ProductBrandSystemName;"
    "ProductCategoryIdsWebsite;ProductCategoryName;ProductCategoryPath;ProductPrice;"
    "ProductOldPrice;ProductIsAvailable;ProductCustomFieldsCost;ProductCreationDateTimeUtc;"
    "ProductChangeDateTimeUtc"
)


def test_a_product_becomes_a_row(decode: Decode) -> None:
    line = "p-1;Плед;Ясень;yasen;plaids;Пледы;Дом/Текстиль/Пледы;1290,50;;True;640;{};{}"
    moments = "2024-01-01 00:00:00.000", "2024-05-03 10:00:00.000"
    (row,) = decode("products", f"{COLUMNS}\r\n{line.format(*moments)}\r\n".encode()).good
    assert values("products", row) == {
        "product_id": "p-1",
        "name": "Плед",
        "vendor": "Ясень",
        "brand": "yasen",
        "category_id": "plaids",
        "category_name": "Пледы",
        "category_path": "Дом/Текстиль/Пледы",
        "price": Decimal("1290.5"),
        "old_price": None,
        "cost": Decimal(640),
        "is_available": 1,
        "created_at": datetime(2024, 1, 1, tzinfo=UTC),
        "changed_at": datetime(2024, 5, 3, 10, tzinfo=UTC),
    }
    assert row["_version_at"] == row["changed_at"]


def test_a_promotion_is_versioned_by_the_moment_it_was_asked_for(decode: Decode) -> None:
    promotion = {
        "ids": {"externalId": "spring"},
        "name": "Весна",
        "description": "для Ивана",
        "startDateTimeUtc": "2024-03-01 00:00:00",
        "endDateTimeUtc": None,
        "state": "Execution",
    }
    (row,) = decode("promotions", [promotion]).good
    assert values("promotions", row) == {
        "promotion_id": "spring",
        "name": "Весна",
        "state": "Execution",
        "starts_at": datetime(2024, 3, 1, tzinfo=UTC),
        "ends_at": EPOCH,
    }
    assert row["_version_at"] == EXTRACTED_AT


def test_a_segment_change_says_which_segmentation_was_asked_for(decode: Decode) -> None:
    customer = {"ids": {"mindboxId": 4711}}
    rows = [
        {"customer": customer, "inSegmentation": True, "segment": {"ids": {"externalId": "gold"}}},
        {"customer": {"ids": {"mindboxId": 5}}, "inSegmentation": False, "segment": None},
    ]
    found = decode("segment_changes", rows, {"segmentation": "loyalty"}).good
    assert {(r["segmentation"], r["customer_key"], r["is_in"], r["segment"]) for r in found} == {
        ("loyalty", customer_key(SECRET, "4711"), 1, "gold"),
        ("loyalty", customer_key(SECRET, "5"), 0, ""),
    }


def test_the_dynamics_report_has_days(decode: Decode) -> None:
    report = (
        b"ReportDate;ReportMailingId;ReportMailingVariantNum;ReportOrders;ReportRevenue\r\n"
        b"2024-05-03;7;1;2;1000,5\r\n"
        b"03.05.2024;7;1;2;1\r\n"
        b"2024-05-32;7;1;2;1\r\n"
        b";7;1;2;1\r\n"
    )
    days = {"taken_on": "2024-06-02", "period_start": "2024-05-01", "period_end": "2024-05-31"}
    decoded = decode("mailing_report_dynamics", report, days)
    (row,) = decoded.good
    assert (row["report_date"], row["orders"]) == (date(2024, 5, 3), 2)
    assert (row["revenue"], row["sent"]) == (Decimal("1000.5"), None)
    assert decoded.problems == ["ReportDate|unreadable"] * 2 + ["ReportDate|missing"]


PROMOTION = {
    "type": "discount",
    "amount": 50.25,
    "promotion": {"ids": {"mindboxId": 3, "externalId": "spring"}, "name": "Весна", "type": "x"},
    "coupon": {"ids": {"code": "SPRING-7"}, "pool": {"ids": {"externalId": "pool"}}},
}
READ = {
    "type": "discount",
    "promotion_id": "spring",
    "promotion_name": "Весна",
    "amount": Decimal("50.25"),
    "coupon_code": "SPRING-7",
    "coupon_pool": "pool",
}
OF_NOBODY = {**READ, "promotion_id": "", "promotion_name": "", "coupon_pool": ""}


def test_promotions_of_an_order_and_of_its_lines(decode: Decode) -> None:
    external = {"type": "discount", "amount": "50.25", "coupon": {"ids": {"code": "SPRING-7"}}}
    order = an_order(
        appliedPromotions=[PROMOTION],
        bonusPointsInfoPerBalanceType=[
            {"balanceType": {"ids": {"systemName": "bonus"}}, "earnedAmount": 10}
        ],
        payments=[{"type": "card", "id": "4276-secret", "amount": 990}],
    )
    line = order["lines"][0]
    order["lines"] = [
        {**line, "appliedPromotions": [PROMOTION, external]},
        {**line, "id": 2, "appliedPromotions": None},
    ]
    (row,) = decode("orders", [order]).good
    assert [found["promotions"] for found in row["lines"]] == [[READ, OF_NOBODY], []]
    assert row["promotions"] == [READ]
    assert row["points"] == [{"balance": "bonus", "spent": Decimal(0), "earned": Decimal(10)}]
    assert row["payments"] == [{"type": "card", "amount": Decimal(990)}]


def test_balances_and_segmentations_of_a_customer(decode: Decode) -> None:
    customer = a_customer(
        balances=[{"balanceType": {"ids": {"systemName": "bonus"}}, "total": 5, "available": "3"}],
        segmentations=[
            {
                "ids": {"externalId": "loyalty"},
                "name": "Лояльность",
                "segment": {"ids": {"externalId": "gold"}, "name": "Золото"},
            }
        ],
    )
    (row,) = decode("customers", [customer]).good
    assert row["balances"] == [
        {"balance": "bonus", "total": Decimal(5), "available": Decimal(3), "blocked": Decimal(0)}
    ]
    assert row["segmentations"] == [
        {
            "segmentation": "loyalty",
            "segmentation_name": "Лояльность",
            "segment": "gold",
            "segment_name": "Золото",
        }
    ]


def order_with(promotions: Any) -> dict[str, Any]:
    order = an_order()
    line = order["lines"][0]
    good = {**line, "appliedPromotions": [PROMOTION]}
    order["lines"] = [line, good, {**line, "appliedPromotions": promotions}]
    return order


@pytest.mark.parametrize(
    ("promotions", "problem"),
    [
        ({"type": "discount"}, "lines.appliedPromotions|not an array of objects"),
        ("discount", "lines.appliedPromotions|not an array of objects"),
        ([["discount"]], "lines.appliedPromotions|an element is not an object"),
        (["discount"], "lines.appliedPromotions|not an array of objects"),
        (
            [{**PROMOTION, "promotion": "spring"}],
            "lines.appliedPromotions.promotion|not an object",
        ),
        ([{**PROMOTION, "coupon": ["x"]}], "lines.appliedPromotions.coupon|not an object"),
        (
            [PROMOTION, {**PROMOTION, "coupon": {"ids": "x"}}],
            "lines.appliedPromotions.coupon.ids|not an object",
        ),
        ([{**PROMOTION, "amount": "много"}], "lines.appliedPromotions.amount|unreadable"),
    ],
)
def test_what_is_misplaced_in_a_list_of_a_list_is_named(
    decode: Decode, promotions: Any, problem: str
) -> None:
    rows = [order_with([PROMOTION]), order_with(promotions), order_with(None), order_with([])]
    decoded = decode("orders", rows)
    assert [(row["position"], row["problem"]) for row in decoded.bad] == [(1, problem)]
    assert len(decoded.good) == 3


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"ids": {"mindboxId": None}}, "ids.mindboxId|missing"),
        ({"actionTemplate": {"name": "x"}}, "actionTemplate.ids.systemName|missing"),
        ({"creationDateTimeUtc": "вчера"}, "creationDateTimeUtc|unreadable"),
        ({"channel": "site"}, "channel|not an object"),
        ({"productView": [1]}, "productView|not an object"),
        ({"products": {"ids": {"website": "p"}}}, "products|not an array of objects"),
        ({"products": [{"ids": {"website": {"a": 1}}}]}, "products.ids.website|unreadable"),
        ({"products": [{"count": "two"}]}, "products.count|unreadable"),
        (
            {"customerBalanceChanges": [{"balanceChangeKind": "Custom"}]},
            "customerBalanceChanges.changeAmount|missing",
        ),
        ({"customerBalanceChanges": [{}]}, "customerBalanceChanges|not an array of objects"),
        (
            {"customerBalanceChanges": [{"changeAmount": 1, "expirationDateTimeUtc": "never"}]},
            "customerBalanceChanges.expirationDateTimeUtc|unreadable",
        ),
        ({"customFields": {"npsScore": 300}}, "customFields.npsScore|unreadable"),
        ({"customFields": {"npsScore": "девять"}}, "customFields.npsScore|unreadable"),
    ],
)
def test_what_cannot_be_read_of_an_action_is_named(
    decode: Decode, change: dict[str, Any], problem: str
) -> None:
    decoded = decode("customer_actions", [an_action(), an_action(**change)])
    assert decoded.problems == [problem]
    assert len(decoded.good) == 1
