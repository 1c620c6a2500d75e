"""Exports: the life cycle of a task, its files, and what a window holds."""

from __future__ import annotations

import gzip
import json
import time
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import requests

from sandbox.mindbox.api.settings import Gzip
from sandbox.mindbox.process import MindboxProcess, Serving
from sandbox.mindbox.world import WorldSettings

from .conftest import OPERATIONS, UNTIL, Caller

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOTS = sorted(OPERATIONS)
TAKES_SECONDS = 1.0
WINDOW = {"sinceDateTimeUtc": "2025-09-01 00:00", "tillDateTimeUtc": "2025-09-08 00:00"}


def key(root: str, row: dict[str, Any]) -> str:
    name = "mindboxId" if root in ("customers", "orders", "customerActions") else "id"
    return str(row["ids"][name])


@pytest.fixture(scope="module")
def slow() -> Iterator[Caller]:
    """A stand-in whose exports take a while."""
    serving = Serving(readiness_seconds=TAKES_SECONDS, part_rows=400)
    with MindboxProcess(WorldSettings(customers=300, months=2), serving=serving) as process:
        yield Caller(process)


def test_an_export_is_started_polled_and_downloaded(slow: Caller) -> None:
    started = slow.call("Export.Orders", {})
    assert set(started) == {"status", "exportId"}
    assert started["exportId"].isdecimal()
    assert slow.poll("Export.Orders", started["exportId"]) == {"processingStatus": "NotReady"}
    time.sleep(TAKES_SECONDS)
    ready = slow.poll("Export.Orders", started["exportId"])
    assert ready["processingStatus"] == "Ready"
    rows = [row for url in ready["urls"] for row in requests.get(url, timeout=10).json()["orders"]]
    assert len(rows) == slow.world.truth.rows()["orders"]


def test_the_same_export_is_not_made_twice_at_once(slow: Caller) -> None:
    body = {"sinceDateTimeUtc": "2025-01-01 00:00"}
    first = slow.call("Export.Customers", body)
    again = slow.call("Export.Customers", body)
    assert again == {"status": "Success", "exportId": first["exportId"], "isDuplicate": True}
    assert "isDuplicate" not in slow.call("Export.Customers", {})
    time.sleep(2 * TAKES_SECONDS)
    assert slow.call("Export.Customers", body)["exportId"] != first["exportId"]


def test_a_third_export_waits_for_a_place(slow: Caller) -> None:
    time.sleep(TAKES_SECONDS)
    began = time.monotonic()
    waiting = {
        slow.start("Export.Mailings", {"sinceDateTimeUtc": f"2025-0{n}-01 00:00"}): n
        for n in (1, 2, 3)
    }
    ready_after = {}
    while waiting:
        for export_id in list(waiting):
            if slow.poll("Export.Mailings", export_id)["processingStatus"] == "Ready":
                ready_after[waiting.pop(export_id)] = time.monotonic() - began
        time.sleep(0.02)
    assert max(ready_after[1], ready_after[2]) < ready_after[3]
    assert ready_after[3] >= 2 * TAKES_SECONDS, "it began only when one of the two was done"


def test_a_poll_may_repeat_the_filters(mindbox: Caller) -> None:
    export_id = mindbox.start("Export.Orders", WINDOW)
    answer = mindbox.call("Export.Orders", {**WINDOW, "exportId": export_id})
    assert answer["exportResult"]["processingStatus"] == "Ready"


def test_links_expire_and_are_given_afresh() -> None:
    serving = Serving(link_seconds=1.5)
    with MindboxProcess(WorldSettings(customers=20, months=1), serving=serving) as process:
        caller = Caller(process)
        export_id = caller.start("Export.Mailings", {})
        (url,) = caller.poll("Export.Mailings", export_id)["urls"]
        assert requests.get(url, timeout=10).status_code == 200
        time.sleep(1.5)
        assert requests.get(url, timeout=10).status_code == 403
        (fresh,) = caller.poll("Export.Mailings", export_id)["urls"]
        assert requests.get(fresh, timeout=10).status_code == 200


def test_links_cannot_be_made_up(mindbox: Caller) -> None:
    (url,) = mindbox.links("Export.Mailings", {})
    assert requests.get(url[:-1] + ("0" if url[-1] != "0" else "1"), timeout=10).status_code == 403
    assert requests.get(url.split("?")[0], timeout=10).status_code == 403


def test_results_come_in_parts_of_one_root_array_each(slow: Caller) -> None:
    links = slow.links("Export.MessageStatuses", {})
    parts = [requests.get(link, timeout=10).json() for link in links]
    sizes = [len(part["customerMessageStatuses"]) for part in parts]
    assert len(sizes) > 2
    assert set(sizes[:-1]) == {400}
    assert 0 < sizes[-1] <= 400


@pytest.mark.parametrize("root", ROOTS)
def test_an_empty_window_is_one_file_with_an_empty_array(mindbox: Caller, root: str) -> None:
    links = mindbox.links(
        OPERATIONS[root],
        {"sinceDateTimeUtc": "2001-01-01 00:00", "tillDateTimeUtc": "2001-01-02 00:00"},
    )
    assert [requests.get(link, timeout=10).json() for link in links] == [{root: []}]


@pytest.mark.parametrize("root", ROOTS)
def test_a_whole_export_holds_every_key_of_the_world(mindbox: Caller, root: str) -> None:
    rows = mindbox.rows(root)
    keys = {key(root, row) for row in rows}
    assert len(keys) == mindbox.world.truth.rows()[root]
    # Only actions stand twice now and then, in the very same words.
    assert (len(rows) > len(keys)) == (root == "customerActions")
    assert len({json.dumps(row) for row in rows}) == len(keys)


@pytest.mark.parametrize("root", ROOTS)
def test_windows_side_by_side_hold_what_the_whole_holds(mindbox: Caller, root: str) -> None:
    edges = [f"{UNTIL - timedelta(days=30 * n):%Y-%m-%d} 00:00" for n in range(20, -2, -1)]
    rows: dict[str, Any] = {}
    for since, till in pairwise(edges):
        for row in mindbox.rows(root, since, till):
            rows[key(root, row)] = row
    assert rows == {key(root, row): row for row in mindbox.rows(root)}


@pytest.mark.parametrize(
    ("root", "moment"),
    [("customerMessageStatuses", "dateTimeUtc"), ("customerActions", "creationDateTimeUtc")],
)
def test_rows_at_an_edge_come_in_both_windows(mindbox: Caller, root: str, moment: str) -> None:
    repeated = 0
    for day in range(1, 20):
        edges = [f"2025-09-{day:02d} {hour}:00" for hour in ("09", "10", "11")]
        first, second = (mindbox.rows(root, *window) for window in pairwise(edges))
        early = [row for row in first if row[moment] >= f"2025-09-{day:02d}T10"]
        assert all(row in second for row in early)
        assert all(row[moment] < f"2025-09-{day:02d}T10:15" for row in early)
        repeated += len(early)
    assert repeated > 0


def test_neighbouring_windows_can_be_kept_apart() -> None:
    settings = WorldSettings(customers=200, months=2)
    with MindboxProcess(settings, serving=Serving(edge_duplicates=False)) as process:
        rows = Caller(process).rows("customerActions", "2025-12-05 00:00", "2025-12-12 00:00")
    ids = [str(row["ids"]["mindboxId"]) for row in rows]
    assert len(set(ids)) == len(ids) > 10
    assert all("2025-12-05" <= row["creationDateTimeUtc"] < "2025-12-12" for row in rows)


def test_customers_come_by_their_last_change(mindbox: Caller) -> None:
    rows = mindbox.rows("customers", "2025-09-01 00:00", "2025-09-08 00:00")
    assert rows
    assert all("2025-09-01" <= row["changeDateTimeUtc"] < "2025-09-08" for row in rows)


def test_an_order_comes_in_every_window_of_its_actions(mindbox: Caller) -> None:
    seen: Counter[str] = Counter()
    for day in range(1, 29):
        for row in mindbox.rows(
            "orders", f"2025-09-{day:02d} 00:00", f"2025-09-{day + 1:02d} 00:00"
        ):
            seen[key("orders", row)] += 1
    # Made on one day, delivered on another; never both twice within a day.
    assert max(seen.values()) <= 4
    assert sum(count > 1 for count in seen.values()) > 10


@pytest.mark.parametrize("way", list(Gzip))
def test_files_are_compressed_in_the_way_that_is_set(way: Gzip) -> None:
    serving = Serving(gzip=way)
    with MindboxProcess(WorldSettings(customers=50, months=1), serving=serving) as process:
        caller = Caller(process)
        (url,) = caller.links("Export.Mailings", {})
        answer = requests.get(url, stream=True, timeout=10)
        raw = answer.raw.read(decode_content=False)
    assert answer.headers.get("Content-Encoding") == ("gzip" if way is Gzip.ENCODING else None)
    assert (raw[:2] == b"\x1f\x8b") == (way is not Gzip.NONE)
    assert url.split("?")[0].endswith(".json.gz" if way is Gzip.FILE else ".json")
    text = raw if way is Gzip.NONE else gzip.decompress(raw)
    assert text.startswith(b'{"mailings":[{')
