"""Canaries: planted in every personal field, and each of them served where it says."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.mindbox.process import MindboxProcess
from sandbox.mindbox.world import WorldSettings

from .conftest import OPERATIONS, UNTIL, Caller

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def planted() -> Iterator[Caller]:
    settings = WorldSettings(customers=400, months=3, seed=9, until=UNTIL, canaries=True)
    with MindboxProcess(settings) as process:
        yield Caller(process)


def texts(caller: Caller, root: str) -> str:
    rows = caller.rows(root)
    found: list[str] = []
    while rows:
        value = rows.pop()
        if isinstance(value, dict):
            rows.extend(value.values())
        elif isinstance(value, list):
            rows.extend(value)
        else:
            found.append(str(value))
    return "\n".join(found)


def test_needles_are_unique(planted: Caller) -> None:
    needles = Counter(canary.needle for canary in planted.world.canaries())
    assert max(needles.values()) == 1
    assert len(needles) > 300


def test_every_personal_field_has_canaries(planted: Caller) -> None:
    fields = {(canary.dataset, canary.field) for canary in planted.world.canaries()}
    assert {field for dataset, field in fields if dataset == "customers"} == {
        *("firstName", "middleName", "lastName", "email", "mobilePhone", "birthDate"),
        *("ids.websiteID", "customFields.deliveryAddress"),
    }
    assert {("orders", "customer.email"), ("orders", "payments[].id")} <= fields
    assert ("promotions", "description") in fields
    assert ("customerMessageStatuses", "mailing.link?utm_term") in fields
    assert {field for dataset, field in fields if dataset == "customerActions"} == {
        *("customer.email", "customer.mobilePhone", "channel.utmContent", "channel.utmTerm"),
        *("customerBalanceChanges[].comment", "customFields.npsComment"),
    }


@pytest.mark.parametrize(
    "root", ["customers", "orders", "customerMessageStatuses", "customerActions", "promotions"]
)
def test_all_canaries_are_served(planted: Caller, root: str) -> None:
    everything = texts(planted, root)
    mine = [canary for canary in planted.world.canaries() if canary.dataset == root]
    assert mine
    assert [canary for canary in mine if canary.needle not in everything] == []


def test_links_carry_them_beside_the_path(planted: Caller) -> None:
    values = {canary.field: canary.value for canary in planted.world.canaries()}
    rows = planted.rows("customerMessageStatuses")
    links = [row["mailing"]["link"] for row in rows if row["mailing"].get("link")]
    (link,) = [link for link in links if values["mailing.link#fragment"] in link]
    parts = urlsplit(link)
    query = parse_qs(parts.query)
    assert query["email"] == [values["mailing.link?email"]]
    assert query["utm_content"] == [values["mailing.link?utm_content"]]
    assert query["utm_term"] == [f"+{values['mailing.link?utm_term']}"]
    assert parts.fragment == values["mailing.link#fragment"]
    assert "kanareyka" not in parts.path + parts.netloc


def test_a_world_without_them_has_none(mindbox: Caller) -> None:
    assert mindbox.world.canaries() == []
    assert not any("kanareyka" in texts(mindbox, root) for root in OPERATIONS)
