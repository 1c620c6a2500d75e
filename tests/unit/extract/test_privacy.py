"""What is personal is reduced in the extractor's process, whatever it looks like."""

import hashlib
import hmac
import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindbox_extract.datasets import DATASETS
from mindbox_extract.own_names import PRODUCT_COST_COLUMN, SURVEY_SCORE_FIELD
from mindbox_extract.values import (
    AGE_BANDS,
    EMAIL_DOMAIN_GROUPS,
    customer_key,
    keyed_hash_parameters,
)

from .conftest import SECRET, Decode, a_customer, a_status, an_order

few_examples = settings(max_examples=8, deadline=None)


def status_with_link(number: int, link: str | None) -> dict[str, Any]:
    status = a_status(ids={"id": number})
    status["mailing"]["link"] = link
    return status


def links_of(decode: Decode, *links: str | None) -> list[dict[str, Any]]:
    rows = [status_with_link(number, link) for number, link in enumerate(links)]
    found = {row["status_id"]: row for row in decode("message_statuses", rows).good}
    return [found[str(number)] for number in range(len(links))]


def test_the_customer_key_is_the_first_bytes_of_a_keyed_hash(decode: Decode) -> None:
    digest = hmac.new(SECRET.encode(), b"4711", hashlib.sha256).hexdigest()
    (row,) = decode("customers", [a_customer()]).good
    assert row["customer_key"] == int(digest[:16], 16) == customer_key(SECRET, "4711")


@few_examples
@given(st.lists(st.integers(0, 2**63), min_size=1, max_size=200, unique=True))
def test_engine_and_python_agree_on_every_key(decode: Decode, ids: list[int]) -> None:
    rows = [a_customer(ids={"mindboxId": n if n % 2 else str(n)}) for n in ids]
    keys = {row["customer_key"] for row in decode("customers", rows).good}
    assert keys == {customer_key(SECRET, str(n)) for n in ids}


@pytest.mark.parametrize("length", [1, 63, 64, 65, 200])
def test_a_secret_may_be_shorter_or_longer_than_a_block(length: int) -> None:
    secret = ("ключ" * 50)[:length]
    pads = {name: bytes.fromhex(pad) for name, pad in keyed_hash_parameters(secret).items()}
    inner = hashlib.sha256(pads["inner_pad"] + b"4711").digest()
    digest = hashlib.sha256(pads["outer_pad"] + inner).digest()
    assert int.from_bytes(digest[:8], "big") == customer_key(secret, "4711")


def test_nobody_has_the_key_zero(decode: Decode) -> None:
    rows = [an_order(ids={"mindboxId": 1}, customer=None), an_order(customer={"ids": {}})]
    assert [row["customer_key"] for row in decode("orders", rows).good] == [0, 0]
    assert customer_key(SECRET, "") == 0


@pytest.mark.parametrize(
    ("email", "group"),
    [
        (None, ""),
        ("", ""),
        ("a@mail.ru", "mail.ru"),
        ("A@BK.RU ", "mail.ru"),
        ("a@inbox.ru", "mail.ru"),
        ("a@yandex.ru", "yandex"),
        ("a@yandex.com.tr", "yandex"),
        ("a@ya.ru", "yandex"),
        ("a@googlemail.com", "gmail"),
        ("a@me.com", "icloud"),
        ("a@lenta.ru", "rambler"),
        ("a@zavod.example", "other"),
        ("a@notmail.ru", "other"),
        ("a@mail.ru.example", "other"),
        ("5f4dcc3b5aa765d61d8327deb882cf99", "other"),
    ],
)
def test_of_an_e_mail_its_provider_is_kept(decode: Decode, email: str | None, group: str) -> None:
    (row,) = decode("customers", [a_customer(email=email)]).good
    assert (row["email_domain_group"], row["has_email"]) == (group, int(bool(email)))


@pytest.mark.parametrize(
    ("born", "band"),
    [
        (None, ""),
        ("2006-05-04", "<18"),  # the change is on 3 May 2024, a day before the birthday
        ("2006-05-03", "18-24"),
        ("1999-05-04", "18-24"),
        ("1999-05-03", "25-34"),
        ("1989-05-03", "35-44"),
        ("1979-05-03", "45-54"),
        ("1969-05-03", "55-64"),
        ("1959-05-03T00:00:00Z", "65+"),
        ("1850-01-01", ""),
        ("0001-01-01", ""),
        ("2031-01-01", ""),
    ],
)
def test_of_a_birth_date_the_age_at_the_change_is_kept(
    decode: Decode, born: str | None, band: str
) -> None:
    (row,) = decode("customers", [a_customer(birthDate=born)]).good
    assert row["age_band"] == band


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ("https://shop.example/a/b?x=1", "https://shop.example/a/b"),
        ("HTTPS://Shop.Example/A#x", "https://shop.example/A"),
        ("https://shop.example", "https://shop.example"),
        ("https://user:password@shop.example:8443/a", ""),
        ("mailto:ivan@example.org", ""),
        ("tel:+79991234567", ""),
        ("/cart?x=1", ""),
        ("shop.example/a", ""),
        ("https://shop.example/u/ivan@example.org", "https://shop.example"),
        ("https://shop.example/u/ivan%40example.org/x", "https://shop.example"),
        ("https://shop.example/u/ivan%2540example.org", "https://shop.example"),
        ("https://shop.example/sms/+7(999)123-45-67", "https://shop.example"),
        ("https://shop.example/product/123456789", "https://shop.example/product/123456789"),
        ("не ссылка", ""),
    ],
)
def test_of_a_link_scheme_host_and_path_are_kept(decode: Decode, link: str, kept: str) -> None:
    (row,) = links_of(decode, link)
    assert row["link"] == kept


@pytest.mark.parametrize(
    ("utm", "kept"),
    [
        ("summer_sale", "summer_sale"),
        ("лето 2024", "лето 2024"),
        ("sale_2024-05-01", "sale_2024-05-01"),
        ("ivan@example.org", ""),
        ("x%40y", ""),
        ("79991234567", ""),
        ("+7 (999) 123-45-67", ""),
        ("id_1234567890", ""),
    ],
)
def test_a_utm_parameter_that_looks_personal_is_dropped(
    decode: Decode, utm: str, kept: str
) -> None:
    link = f"https://shop.example/?utm_term={quote(utm)}&utm_source={quote(utm)}"
    (row,) = links_of(decode, link)
    assert (row["utm_term"], row["utm_source"]) == (kept, kept)
    mailing = {"ids": {"id": 5}, "creationDateTimeUtc": "2024-05-05 10:00:00"}
    (row,) = decode("mailings", [{**mailing, "utm": {"utmCampaign": utm}}]).good
    assert row["utm_campaign"] == kept


printable = st.text(st.characters(min_codepoint=32, max_codepoint=0x24F), max_size=30)


@few_examples
@given(st.lists(st.tuples(printable, printable, printable), min_size=1, max_size=100))
def test_no_link_keeps_a_query_a_fragment_or_an_address(
    decode: Decode, pieces: list[tuple[str, str, str]]
) -> None:
    links = [f"https://shop.example/{path}?{query}#{rest}" for path, query, rest in pieces]
    for row in links_of(decode, *links):
        assert not re.search(r"[?#@]|\d{10}", row["link"])
        assert not any(
            "@" in row[c] or re.search(r"\d{10}", row[c]) for c in row if c[:4] == "utm_"
        )


UNLISTED = ["firstName", "lastName", "middleName", "pendingEmail", "customFields", "comment"]


@few_examples
@given(st.data())
def test_a_canary_outside_the_allow_list_appears_nowhere(
    decode: Decode, data: st.DataObject
) -> None:
    canary = "kanareyka" + data.draw(st.text("0123456789abcdef", min_size=12, max_size=12))
    values = st.sampled_from([canary, [canary], {"x": canary}, {canary: 1}])
    names = st.dictionaries(st.sampled_from([*UNLISTED, canary]), values, min_size=1)
    customer = a_customer(
        email=f"{canary}@bk.ru", mobilePhone=canary, ids={"mindboxId": 1, "websiteID": canary}
    )
    customer.update(data.draw(names))
    customer["area"].update(data.draw(names))
    link = f"https://shop.example/?email={canary}%40bk.ru&utm_term={canary}%40bk.ru#{canary}"
    status = status_with_link(1, link)
    order = an_order(**data.draw(names))
    order["customer"].update(email=f"{canary}@bk.ru", **data.draw(names))
    for dataset, good in (("customers", customer), ("message_statuses", status), ("orders", order)):
        found = decode(dataset, [good, {**good, "ids": {"name": canary}}])
        assert len(found.good) == len(found.bad) == 1
        assert canary not in json.dumps([found.good, found.bad], default=str)


def test_the_closed_lists_are_those_that_are_published() -> None:
    assert AGE_BANDS == ("<18", "18-24", "25-34", "35-44", "45-54", "55-64", "65+")
    assert EMAIL_DOMAIN_GROUPS == ("mail.ru", "yandex", "gmail", "icloud", "rambler", "other")


def test_no_dataset_reads_a_name_an_address_or_a_free_text() -> None:
    forbidden = re.compile(
        r"firstName|lastName|middleName|pending|comment|address|customFields|websiteID|credit",
        re.IGNORECASE,
    )
    paths = {path for spec in DATASETS.values() for path in spec.paths()}
    # The two custom fields that are read are numbers: neither column can hold a text.
    numbers = {f"customFields.{SURVEY_SCORE_FIELD}", f"ProductCustomFields{PRODUCT_COST_COLUMN}"}
    types = {
        DATASETS["customer_actions"].columns["survey_score"],
        DATASETS["products"].columns["cost"],
    }
    assert {path for path in paths if forbidden.search(path)} == numbers
    assert types == {"Nullable(UInt8)", "Nullable(Decimal(18, 4))"}
