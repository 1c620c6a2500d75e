"""Rows become columns: loosely typed, unknown fields skipped, unreadable rows told apart."""

import copy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindbox_extract.datasets import DATASETS
from mindbox_extract.decoding_sql import LOAD_COLUMNS
from mindbox_extract.values import customer_key

from .conftest import EXTRACTED_AT, MAY, SECRET, Decode, a_customer, a_status, an_order

# One engine call decodes a whole list, so a few examples of many rows say more than many of one.
few_examples = settings(max_examples=8, deadline=None)


def test_a_status_becomes_a_row(decode: Decode) -> None:
    link = "https://Shop.example/a/b?utm_source=mb&utm_campaign=%D0%BB%D0%B5%D1%82%D0%BE&sid=9#x"
    status = a_status()
    status["mailing"]["link"] = link
    (row,) = decode("message_statuses", [status]).good
    assert {name: value for name, value in row.items() if not name.startswith("_")} == {
        "status_id": "900001",
        "status": "Clicked",
        "status_at": datetime(2024, 5, 10, 12, 30, 0, 250000, tzinfo=UTC),
        "message_id": "500001",
        "message_at": datetime(2024, 5, 10, 12, tzinfo=UTC),
        "customer_key": customer_key(SECRET, "4711"),
        "mailing_id": "77",
        "variant_num": 2,
        "channel": "Email",
        "brand": "yasen",
        "link": "https://shop.example/a/b",
        "utm_source": "mb",
        "utm_medium": "",
        "utm_campaign": "лето",
        "utm_content": "",
        "utm_term": "",
        "not_sent_reason": "",
        "not_delivered_reason": "",
        "source_type": "",
        "source_id": "",
        "source_name": "",
    }
    assert row["_extracted_at"] == EXTRACTED_AT
    assert (row["_window_start"], row["_window_end"]) == (MAY.since, MAY.till)
    assert (row["_export_id"], row["_load_id"]) == ("61634", "the-load")


def test_an_order_becomes_a_row_with_lines(decode: Decode) -> None:
    (row,) = decode("orders", [an_order()]).good
    assert row["lines"] == [
        {
            "line_id": "1",
            "line_number": 1,
            "product_id": "p-1",
            "product_name": "Плед",
            "quantity": Decimal(2),
            "base_price": Decimal(600),
            "line_amount": Decimal("1000.5"),
            "status": "Paid",
            "promotions": [],
        }
    ]
    assert (row["total_price"], row["delivery_cost"]) == (Decimal("1000.5"), None)
    assert (row["channel_id"], row["channel_name"], row["brand"]) == ("site", "Сайт", "yasen")
    assert row["_version_at"] == MAY.till


def test_a_customer_is_versioned_by_its_change(decode: Decode) -> None:
    (row,) = decode("customers", [a_customer()]).good
    assert (
        row["_version_at"] == row["changed_at"] == datetime(2024, 5, 3, 0, 0, 0, 1000, tzinfo=UTC)
    )
    assert row["subscriptions"] == [
        {"brand": "yasen", "channel": "Email", "topic": "", "is_subscribed": 1}
    ]


def test_a_mailing_that_was_never_changed_is_versioned_by_its_creation(decode: Decode) -> None:
    mailing = {"ids": {"id": 5}, "creationDateTimeUtc": "2024-05-05 10:00:00", "tags": ["a", None]}
    (row,) = decode("mailings", [mailing]).good
    assert row["_version_at"] == datetime(2024, 5, 5, 10, tzinfo=UTC)
    assert row["tags"] == ["a", ""]


def test_one_row_for_each_merged_customer(decode: Decode) -> None:
    merge = {
        "resultingCustomer": {"ids": {"mindboxId": 1}, "changeDateTimeUtc": "2024-05-05 10:00:00"},
        "mergedCustomers": [{"ids": {"mindboxId": "2"}}, {"ids": {"mindboxId": 3}}],
    }
    empty = {**merge, "mergedCustomers": []}
    decoded = decode("customer_merges", [merge, empty], {"merged_on": "2024-05-05"})
    pairs = {(row["merged_customer_key"], row["resulting_customer_key"]) for row in decoded.good}
    assert pairs == {(customer_key(SECRET, who), customer_key(SECRET, "1")) for who in "23"}
    assert decoded.problems == ["mergedCustomers.ids.mindboxId|missing"]


def test_a_report_has_decimal_commas_quotes_and_a_byte_order_mark(decode: Decode) -> None:
    report = (
        "\ufeffReportMailingId;ReportNew;ReportMessageName;ReportSent;ReportConversionsRevenue\r\n"
        '7;x;"Скидки; ""лето""";120;1234567,89\r\n'
        "8;x;Имя;;\r\n"
    ).encode()
    days = {"taken_on": "2024-06-02", "period_start": "2024-05-01", "period_end": "2024-05-31"}
    first, second = decode("mailing_report_summary", report, days).good
    assert (first["mailing_name"], first["sent"]) == ('Скидки; "лето"', 120)
    assert first["conversion_revenue"] == Decimal("1234567.89")
    assert (second["sent"], second["conversion_revenue"], second["delivered"]) == (None, None, None)
    assert first["period_end"].isoformat() == "2024-05-31"


def as_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: as_texts(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_texts(inner) for inner in value]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def without_nothings(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_nothings(v) for k, v in value.items() if v is not None}
    return [without_nothings(v) for v in value] if isinstance(value, list) else value


def content(decode: Decode, dataset: str, row: dict[str, Any]) -> dict[str, Any]:
    (found,) = decode(dataset, [row]).good
    return {name: value for name, value in found.items() if name in DATASETS[dataset].columns}


@pytest.mark.parametrize(
    ("dataset", "row"),
    [("message_statuses", a_status()), ("orders", an_order()), ("customers", a_customer())],
)
@pytest.mark.parametrize("change", [as_texts, without_nothings])
def test_numbers_may_be_texts_and_nulls_may_be_absent(
    decode: Decode, dataset: str, row: dict[str, Any], change: Any
) -> None:
    assert content(decode, dataset, change(row)) == content(decode, dataset, row)


def test_a_project_s_own_names_are_found_with_either_first_letter(decode: Decode) -> None:
    capital = an_order()
    product = capital["lines"][0]["product"]
    product["ids"] = {"Website": product["ids"]["website"]}
    assert content(decode, "orders", capital) == content(decode, "orders", an_order())


unknown_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)


@few_examples
@given(st.lists(st.dictionaries(st.text(min_size=1), unknown_values, max_size=3), max_size=20))
def test_unknown_fields_are_skipped_wherever_they_are(
    decode: Decode, unknown: list[dict[str, Any]]
) -> None:
    rows = []
    for number, fields in enumerate(unknown):
        row = a_status(ids={"id": number})
        for place in (row, row["ids"], row["mailing"], row["mailing"]["brand"]):
            place.update({f"new{name}": value for name, value in fields.items()})
        rows.append(row)
    decoded = decode("message_statuses", rows)
    assert decoded.bad == []
    assert len({tuple(sorted(r.items())) for r in map(stripped, decoded.good)}) == bool(rows)


def stripped(row: dict[str, Any]) -> dict[str, Any]:
    return {
        k: v
        for k, v in row.items()
        if k in DATASETS["message_statuses"].columns and k != "status_id"
    }


moments = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1))  # noqa: DTZ001
forms = st.sampled_from(
    [
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y-%m-%d %H:%M:%S.%f",
        "%Y-%m-%dT%H:%M:%S.%f0Z",
        "%Y-%m-%dT%H:%M:%S+03:00",
        "%Y-%m-%dT%H:%M:%S.%f-0530",
    ]
)


@few_examples
@given(st.lists(st.tuples(moments, forms), min_size=1, max_size=300))
def test_every_form_of_time_is_read_to_the_millisecond(
    decode: Decode, written: list[tuple[datetime, str]]
) -> None:
    rows = [
        a_customer(ids={"mindboxId": n}, changeDateTimeUtc=moment.strftime(form))
        for n, (moment, form) in enumerate(written)
    ]
    decoded = decode("customers", rows)
    read = {row["customer_key"]: row["changed_at"] for row in decoded.good}
    assert decoded.bad == []
    for n, (moment, form) in enumerate(written):
        expected = moment.replace(microsecond=moment.microsecond // 1000 * 1000 * ("%f" in form))
        expected -= timedelta(hours=3 * ("+03:00" in form) - 5.5 * ("-0530" in form))
        assert read[customer_key(SECRET, str(n))] == expected.replace(tzinfo=UTC)


amounts = st.decimals(-(10**9), 10**9, places=4)


@few_examples
@given(st.lists(amounts, min_size=1, max_size=300))
def test_amounts_written_as_texts_are_exact(decode: Decode, written: list[Decimal]) -> None:
    rows = [an_order(ids={"mindboxId": n}, totalPrice=f"{a:f}") for n, a in enumerate(written)]
    read = {row["order_id"]: row["total_price"] for row in decode("orders", rows).good}
    assert read == {str(n): amount for n, amount in enumerate(written)}


@few_examples
@given(st.lists(st.decimals(0, 10**8, places=2), min_size=1, max_size=300))
def test_amounts_written_as_numbers_are_exact_to_the_kopeck(
    decode: Decode, written: list[Decimal]
) -> None:
    rows = [an_order(ids={"mindboxId": n}, totalPrice=float(a)) for n, a in enumerate(written)]
    read = {row["order_id"]: row["total_price"] for row in decode("orders", rows).good}
    assert read == {str(n): amount for n, amount in enumerate(written)}


def broken(dataset: str, path: str, value: Any) -> dict[str, Any]:
    """A good row with one place of it replaced; ABSENT takes it away."""
    row = copy.deepcopy(
        {"message_statuses": a_status, "orders": an_order, "customers": a_customer}[dataset]()
    )
    place: Any = row
    *parents, last = [int(key) if key.isdecimal() else key for key in path.split("/")]
    for key in parents:
        place = place[key]
    if value is ABSENT:
        del place[last]
    else:
        place[last] = value
    return row


ABSENT = object()
A_LINE = an_order()["lines"][0]


@pytest.mark.parametrize(
    ("dataset", "path", "value", "problem"),
    [
        ("message_statuses", "ids", ABSENT, "ids.id|missing"),
        ("message_statuses", "ids/id", "", "ids.id|missing"),
        ("message_statuses", "ids/id", {"value": 1}, "ids.id|unreadable"),
        ("message_statuses", "ids", "900001", "ids.id|missing"),
        ("message_statuses", "dateTimeUtc", None, "dateTimeUtc|missing"),
        ("message_statuses", "dateTimeUtc", "10.05.2024", "dateTimeUtc|unreadable"),
        ("message_statuses", "dateTimeUtc", "2024-02-30 00:00:00", "dateTimeUtc|unreadable"),
        ("message_statuses", "dateTimeUtc", 1715300000, "dateTimeUtc|unreadable"),
        ("message_statuses", "mailing/variantNum", -1, "mailing.variantNum|unreadable"),
        ("message_statuses", "mailing/variantNum", 300, "mailing.variantNum|unreadable"),
        ("message_statuses", "mailing/variantNum", 1.5, "mailing.variantNum|unreadable"),
        ("message_statuses", "customer", ["4711"], "customer|not an object"),
        ("message_statuses", "customer", "4711", "customer|not an object"),
        ("message_statuses", "customer/ids", [4711], "customer.ids|not an object"),
        ("message_statuses", "mailing/brand", 7, "mailing.brand|not an object"),
        ("message_statuses", "mailingSource", True, "mailingSource|not an object"),
        ("orders", "lines", {"id": 1}, "lines|not an array of objects"),
        ("orders", "lines", "none", "lines|not an array of objects"),
        ("orders", "lines/0", [1, 2], "lines|an element is not an object"),
        ("orders", "lines/0", "плед", "lines|not an array of objects"),
        ("orders", "lines", [None], "lines|not an array of objects"),
        ("orders", "lines", [None, A_LINE], "lines.quantity|missing"),
        ("orders", "lines", ["плед", A_LINE], "lines.quantity|missing"),
        ("orders", "lines/0/priceOfLine", ABSENT, "lines.priceOfLine|missing"),
        ("orders", "lines/0/priceOfLine", "дорого", "lines.priceOfLine|unreadable"),
        ("orders", "lines/0/product", [], "lines.product|not an object"),
        ("orders", "lines/0/product", "плед", "lines.product|not an object"),
        ("orders", "lines/0/product/ids", ["p-1"], "lines.product.ids|not an object"),
        ("orders", "totalPrice", "1 000", "totalPrice|unreadable"),
        ("orders", "totalPrice", "1e30", "totalPrice|unreadable"),
        ("customers", "sex", "unknown", "sex|unreadable"),
        ("customers", "birthDate", "29.02.1984", "birthDate|unreadable"),
        ("customers", "isEmailInvalid", "maybe", "isEmailInvalid|unreadable"),
        ("customers", "subscriptions/0/isSubscribed", None, "subscriptions.isSubscribed|missing"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_position(
    decode: Decode, dataset: str, path: str, value: Any, problem: str
) -> None:
    good = {"message_statuses": a_status, "orders": an_order, "customers": a_customer}[dataset]()
    decoded = decode(dataset, [good, broken(dataset, path, value), good])
    assert len(decoded.good) == 2
    ((position, found),) = [(row["position"], row["problem"]) for row in decoded.bad]
    assert (position, found) == (1, problem)


@pytest.mark.parametrize(
    "text", [b'{"ids":{"id":tru}}', b'{"ids":{"id":"\\ud83d"}}', b'{"ids":{"id":"\xff"}}']
)
def test_a_row_of_broken_json_is_set_aside_alone(decode: Decode, text: bytes) -> None:
    whole = b'{"orders":[' + text + b"]}"
    assert decode("orders", whole).problems == ["row|not valid JSON"]


def test_a_bad_row_s_hash_is_the_same_in_every_load_and_says_nothing(decode: Decode) -> None:
    bad = [a_status(ids=None), a_status(ids=None, dateTimeUtc="2024-05-11 00:00:00")]
    hashes = [row["row_hash"] for row in decode("message_statuses", bad).bad]
    again = [row["row_hash"] for row in decode("message_statuses", bad[::-1]).bad]
    assert len(set(hashes)) == 2
    assert set(again) == set(hashes)


def test_an_event_of_another_window_is_left_to_it(decode: Decode) -> None:
    times = ["2024-04-30 23:59:59.999", "2024-05-01", "2024-05-01 00:00:00", "2024-06-01 00:00:00"]
    rows = [a_status(ids={"id": n}, dateTimeUtc=time) for n, time in enumerate(times)]
    decoded = decode("message_statuses", rows)
    assert [row["status_id"] for row in decoded.good] == ["2"]
    assert decoded.outside == 2
    assert decoded.problems == ["dateTimeUtc|unreadable"]


def test_equal_content_has_equal_hashes_and_nulls_do_not_end_them(decode: Decode) -> None:
    orders = [
        an_order(totalPrice=None),
        an_order(totalPrice=None, deliveryCost=5),
        an_order(totalPrice=None, lines=[]),
        an_order(totalPrice=0),
    ]
    hashes = {row["_content_hash"] for row in decode("orders", [*orders, *orders]).good}
    assert len(hashes) == 4


def test_the_columns_are_those_of_the_raw_table(decode: Decode) -> None:
    (row,) = decode("orders", [an_order()]).good
    assert list(row) == [*DATASETS["orders"].columns, *LOAD_COLUMNS]


def test_rows_of_a_long_part_keep_their_positions(decode: Decode) -> None:
    rows = [a_status(ids={"id": n}, filler="x" * 500) for n in range(30_000)]
    for position in (0, 17_171, 29_999):
        rows[position]["ids"] = None
    decoded = decode("message_statuses", rows)
    assert sorted(row["position"] for row in decoded.bad) == [0, 17_171, 29_999]
    assert len(decoded.good) == 29_997
