"""The summary report and the pages of merges."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import requests

from sandbox.mindbox.process import MindboxProcess
from sandbox.mindbox.world import WorldSettings

from .conftest import UNTIL, Caller

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
}

if TYPE_CHECKING:
    from collections.abc import Iterable


def report(caller: Caller, since: date, till: date) -> list[dict[str, str]]:
    (url,) = caller.links(
        "Export.MailingReportSummary",
        {"sinceDate": since.isoformat(), "tillDate": till.isoformat()},
    )
    answer = requests.get(url, timeout=10)
    assert answer.headers["Content-Type"].startswith("text/csv")
    text = answer.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def test_the_report_of_every_month_is_the_worlds_own(mindbox: Caller) -> None:
    world = mindbox.world
    for since, till in world.truth.months():
        summary = world.truth.summary(since, till)
        expected = {
            (str(world.plan.mailings[summary.mailing[n]].mailing_id), str(summary.variant[n])): [
                *(str(getattr(summary, name)[n]) for name in COUNTS.values()),
                Decimal(int(summary.revenue[n])) / 100,
            ]
            for n in range(len(summary))
        }
        told = {
            (row["ReportMailingId"], row["ReportMailingVariantNum"]): [
                *(row[column] for column in COUNTS),
                Decimal(row["ReportConversionsRevenue"].replace(",", ".")),
            ]
            for row in report(mindbox, since, till)
        }
        assert told == expected
        assert told


def test_both_ends_of_a_period_belong_to_it(mindbox: Caller) -> None:
    day = date(2025, 9, 10)
    next_day = day + timedelta(days=1)

    def total(rows: Iterable[dict[str, str]]) -> int:
        return sum(int(row["ReportMessagesTotal"]) for row in rows)

    apart = total(report(mindbox, day, day)) + total(report(mindbox, next_day, next_day))
    assert apart == total(report(mindbox, day, next_day)) > 0


def test_days_are_those_of_the_project(mindbox: Caller) -> None:
    world = mindbox.world
    day = date(2025, 9, 10)
    at = world.messages.participated_at
    # Moscow is three hours ahead of UTC.
    first = 1_757_462_400_000 - 3 * 3_600_000
    inside = (at >= first) & (at < first + 86_400_000)
    rows = report(mindbox, day, day)
    assert sum(int(row["ReportMessagesTotal"]) for row in rows) == int(inside.sum())


def test_numbers_have_a_decimal_comma_and_rates_are_percent(mindbox: Caller) -> None:
    rows = report(mindbox, date(2025, 9, 1), date(2025, 9, 30))
    row = max(rows, key=lambda r: int(r["ReportOpened"]))
    rate = Decimal(row["ReportOpenRate"].replace(",", "."))
    assert rate == round(Decimal(row["ReportOpened"]) * 100 / Decimal(row["ReportDelivered"]), 2)
    assert "," in row["ReportConversionsRevenue"]
    unopened = next(r for r in rows if r["ReportChannel"] == "SMS")
    assert unopened["ReportCTOR"] == "", "nothing to divide by"


def test_a_project_may_have_a_decimal_point() -> None:
    settings = WorldSettings(customers=200, months=2, until=UNTIL, decimal_comma=False)
    with MindboxProcess(settings) as process:
        rows = report(Caller(process), date(2025, 10, 1), date(2025, 10, 31))
    assert all("," not in row["ReportConversionsRevenue"] for row in rows)


@pytest.mark.parametrize(
    ("body", "location"),
    [
        ({}, "/sinceDate"),
        ({"sinceDate": "2025-09-01"}, "/tillDate"),
        ({"sinceDate": "2025-09-02", "tillDate": "2025-09-01"}, "/sinceDate"),
        ({"sinceDate": "01.09.2025", "tillDate": "2025-09-01"}, "/sinceDate"),
    ],
)
def test_a_period_must_be_two_dates_in_order(
    mindbox: Caller, body: dict[str, str], location: str
) -> None:
    answer = mindbox.call("Export.MailingReportSummary", body)
    assert answer["validationMessages"][0]["location"] == location


def page(number: object = 1, size: object = 10, **filters: str) -> dict[str, object]:
    return {"pageNumber": number, "itemsPerPage": size, **filters}


def pairs(entries: list[dict[str, Any]]) -> list[tuple[int, int]]:
    return [
        (int(merged["ids"]["mindboxId"]), int(entry["resultingCustomer"]["ids"]["mindboxId"]))
        for entry in entries
        for merged in entry["mergedCustomers"]
    ]


def test_pages_of_merges_hold_them_all_once(mindbox: Caller) -> None:
    world = mindbox.world
    found, number, total = [], 0, 1
    while len(found) < total:
        number += 1
        answer = mindbox.merges(page(number, 7))
        total = answer["totalCount"]
        assert len(answer["customerMerges"]) == min(7, total - len(found))
        found += answer["customerMerges"]
    assert mindbox.merges(page(number + 1, 7))["customerMerges"] == []
    ids = world.customers.mindbox_id
    expected = zip(
        ids[world.merges.merged].tolist(), ids[world.merges.resulting].tolist(), strict=True
    )
    assert sorted(pairs(found)) == sorted(expected)
    assert total < len(world.merges), "some executions merge two ids at once"


def test_merges_come_by_execution(mindbox: Caller) -> None:
    world = mindbox.world
    start = world.calendar.start_of(date(2025, 9, 1)) + 3 * 3_600_000
    end = start + 14 * 86_400_000
    answer = mindbox.merges(
        page(
            size=1000,
            sinceDateTimeUtc="2025-09-01 00:00",
            tillDateTimeUtc="2025-09-15 00:00:00.000",
        )
    )
    inside = (world.merges.at >= start) & (world.merges.at < end)
    assert len(pairs(answer["customerMerges"])) == int(inside.sum()) > 0


def test_following_the_merges_ends_at_the_living(mindbox: Caller) -> None:
    step = dict(pairs(mindbox.merges(page(size=10_000))["customerMerges"]))
    final = {}
    for merged in step:
        last = merged
        while last in step:
            last = step[last]
        final[merged] = last
    assert final == mindbox.world.truth.final_ids()
    assert any(step[merged] != last for merged, last in final.items()), "a chain"


@pytest.mark.parametrize(
    ("asked", "location"),
    [
        (page(0), "/customerMergesPage/pageNumber"),
        (page(size=10_001), "/customerMergesPage/itemsPerPage"),
        (page("x"), "/customerMergesPage/pageNumber"),
        (page(tillDateTimeUtc="2099-01-01 00:00"), "/customerMergesPage/tillDateTimeUtc"),
        (page(sinceDateTimeUtc="soon"), "/customerMergesPage/sinceDateTimeUtc"),
    ],
)
def test_pages_are_validated(mindbox: Caller, asked: dict[str, object], location: str) -> None:
    answer = mindbox.merges(asked)
    assert answer["validationMessages"][0]["location"] == location


def test_a_call_without_a_page_is_refused(mindbox: Caller) -> None:
    answer = mindbox.call("Customers.Merges", {})
    assert answer["validationMessages"][0]["location"] == "/customerMergesPage"
