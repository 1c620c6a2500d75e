"""Faults: each does what it says, as often as it says, and to whom it says."""

from __future__ import annotations

import csv
import io
import json
import zlib
from typing import TYPE_CHECKING

import pytest
import requests

from sandbox.mindbox.api import faults
from sandbox.mindbox.serving.breakage import is_broken

if TYPE_CHECKING:
    from .conftest import Caller

WEEK = {"sinceDateTimeUtc": "2025-09-01 00:00", "tillDateTimeUtc": "2025-09-08 00:00"}
DAY = {"sinceDateTimeUtc": "2025-09-01 00:00", "tillDateTimeUtc": "2025-09-02 00:00"}


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_storm_passes_after_its_times(faulty: Caller, status: int) -> None:
    faulty.process.set_faults(faults.HttpError(status=status, times=2, stage="start"))
    answers = [faulty.post("Export.Orders", DAY) for _ in range(3)]
    assert [a.status_code for a in answers] == [status, status, 200]
    assert "Retry-After" not in answers[0].headers
    if status in (502, 504):
        assert answers[0].content == b""
    else:
        expected = "ProtocolError" if status == 429 else "InternalServerError"
        assert answers[0].json()["status"] == expected


def test_a_storm_may_say_when_to_come_again(faulty: Caller) -> None:
    faulty.process.set_faults(faults.HttpError(status=429, times=1, retry_after=7))
    assert faulty.post("Export.Orders", DAY).headers["Retry-After"] == "7"


def test_a_storm_strikes_its_operation_and_stage_alone(faulty: Caller) -> None:
    faulty.process.set_faults(
        faults.HttpError(status=503, operation="Export.Orders", stage="poll", times=1)
    )
    assert faulty.post("Export.Customers", DAY).status_code == 200
    export_id = faulty.start("Export.Orders", DAY)
    assert faulty.post("Export.Orders", {"exportId": export_id}).status_code == 503
    assert faulty.post("Export.Orders", {"exportId": export_id}).status_code == 200


def test_storms_reach_pages_and_files(faulty: Caller) -> None:
    (url,) = faulty.links("Export.Mailings", {})
    faulty.process.set_faults(
        faults.HttpError(status=500, stage="page", times=1),
        faults.HttpError(status=503, stage="file", times=1),
    )
    assert faulty.post("Customers.Merges", {}).status_code == 500
    assert requests.get(url, timeout=10).status_code == 503
    assert requests.get(url, timeout=10).status_code == 200
    assert faulty.process.faults() == []


def test_an_export_is_cancelled_with_its_reason(faulty: Caller) -> None:
    faulty.process.set_faults(faults.Cancel(reason="Отменён администратором", times=1))
    export_id = faulty.start("Export.Orders", DAY)
    assert faulty.poll("Export.Orders", export_id) == {
        "processingStatus": "Cancelled",
        "cancellationReason": "Отменён администратором",
    }
    assert faulty.poll("Export.Orders", faulty.start("Export.Orders", DAY))["urls"]


def test_long_windows_are_cancelled_for_their_resources(faulty: Caller) -> None:
    faulty.process.set_faults(faults.Cancel(longer_than_days=2))
    week = faulty.poll("Export.Orders", faulty.start("Export.Orders", WEEK))
    assert week["processingStatus"] == "Cancelled"
    assert "лимит ресурсов" in week["cancellationReason"]
    day = faulty.poll("Export.Orders", faulty.start("Export.Orders", DAY))
    assert day["processingStatus"] == "Ready"


def test_an_export_is_slow_when_told(faulty: Caller) -> None:
    faulty.process.set_faults(faults.Slow(seconds=0.3, times=1))
    export_id = faulty.start("Export.Orders", DAY)
    assert faulty.poll("Export.Orders", export_id)["processingStatus"] == "NotReady"
    duplicate = faulty.call("Export.Orders", DAY)
    assert duplicate == {"status": "Success", "exportId": export_id, "isDuplicate": True}


def test_a_truncated_part_is_good_http_and_bad_json(faulty: Caller) -> None:
    (url,) = faulty.links("Export.Orders", WEEK)
    whole = requests.get(url, timeout=10).content
    faulty.process.set_faults(faults.Truncate(share=0.5, times=1))
    part = requests.get(url, timeout=10)
    assert part.status_code == 200
    assert part.content == whole[: len(whole) // 2]
    with pytest.raises(json.JSONDecodeError):
        json.loads(part.content.decode(errors="replace"))
    assert requests.get(url, timeout=10).content == whole


def test_a_dropped_connection_breaks_the_download(faulty: Caller) -> None:
    (url,) = faulty.links("Export.Orders", WEEK)
    faulty.process.set_faults(faults.DropConnection(after_bytes=200, times=1))
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        requests.get(url, timeout=10)
    assert requests.get(url, timeout=10).status_code == 200


def test_a_stale_link_is_refused_once(faulty: Caller) -> None:
    (url,) = faulty.links("Export.Orders", DAY)
    faulty.process.set_faults(faults.StaleLink(times=1))
    assert requests.get(url, timeout=10).status_code == 403
    assert requests.get(url, timeout=10).status_code == 200


def test_a_ready_export_may_have_no_files(faulty: Caller) -> None:
    export_id = faulty.start("Export.Orders", DAY)
    faulty.process.set_faults(faults.NoFiles(times=1))
    assert faulty.poll("Export.Orders", export_id) == {"processingStatus": "Ready", "urls": []}


def test_a_share_of_rows_is_malformed_the_same_ones_each_time(faulty: Caller) -> None:
    whole = faulty.rows("orders")
    faulty.process.set_faults(faults.MalformedRows(operation="Export.Orders", share=0.05))
    spoilt = faulty.rows("orders")
    assert spoilt == faulty.rows("orders")
    changed = [after for before, after in zip(whole, spoilt, strict=True) if before != after]
    keyless = [row for row in changed if "ids" not in row]
    mistyped = [row for row in changed if row["firstAction"] == ["не момент", 13]]
    assert keyless
    assert mistyped
    assert len(keyless) + len(mistyped) == len(changed)
    expected = is_broken(faulty.world.orders.order_id, 0.05, ())
    assert len(changed) == int(expected.sum())
    assert "malformed_rows" in {fault["kind"] for fault in faulty.process.faults()}


def test_chosen_rows_are_malformed(faulty: Caller) -> None:
    ids = [int(i) for i in faulty.world.statuses.status_id[[3, 40, 500]]]
    faulty.process.set_faults(faults.MalformedRows(operation="Export.MessageStatuses", numbers=ids))
    rows = faulty.rows("customerMessageStatuses")
    spoilt = [r for r in rows if "ids" not in r or not isinstance(r["dateTimeUtc"], str)]
    assert len(spoilt) == len(ids)


def test_memberships_and_promotions_are_malformed_as_well(faulty: Caller) -> None:
    loyalty = {"segmentation": {"ids": {"externalId": "loyalty"}}}

    def rows(operation: str, body: object) -> list[dict[str, object]]:
        (url,) = faulty.links(operation, body)
        (found,) = requests.get(url, timeout=10).json().values()
        return list(found)

    faulty.process.set_faults(faults.MalformedRows(share=0.2))
    members = rows("Export.SegmentChanges", loyalty)
    assert {"customer" not in row for row in members} == {True, False}
    assert any(row["inSegmentation"] == ["не момент", 13] for row in members)
    promotions = rows("Export.Promotions", {})
    assert {"ids" not in row for row in promotions} == {True, False}


def test_lines_of_csv_files_are_malformed(faulty: Caller) -> None:
    def lines() -> list[dict[str, str]]:
        (url,) = faulty.links("Export.Products", {})
        text = requests.get(url, timeout=10).content.decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text), delimiter=";"))

    whole = lines()
    faulty.process.set_faults(faults.MalformedRows(operation="Export.Products", share=0.1))
    spoilt = lines()
    changed = [after for before, after in zip(whole, spoilt, strict=True) if before != after]
    keyless = [row for row in changed if not row["ProductIdsWebsite"]]
    mistyped = [row for row in changed if row["ProductChangeDateTimeUtc"] == "не момент"]
    assert keyless
    assert mistyped
    assert len(keyless) + len(mistyped) == len(changed) < len(whole) / 4


def test_compressed_files_stay_well_formed_when_rows_are_spoilt(faulty: Caller) -> None:
    (url,) = faulty.links("Export.Mailings", {})
    faulty.process.set_faults(faults.MalformedRows(share=0.5))
    answer = requests.get(url, stream=True, timeout=10)
    text = zlib.decompress(answer.raw.read(decode_content=False), 31)
    assert len(json.loads(text)["mailings"]) == faulty.world.truth.rows()["mailings"]


def test_the_control_needs_the_key(mindbox: Caller) -> None:
    url = f"{mindbox.process.url}/sandbox/faults"
    assert requests.get(url, timeout=10).status_code == 401
    wrong = {"Authorization": "SecretKey wrong"}
    assert requests.get(url, headers=wrong, timeout=10).status_code == 403


def test_the_control_takes_one_more_fault_and_refuses_nonsense(faulty: Caller) -> None:
    url = f"{faulty.process.url}/sandbox/faults"
    key = {"Authorization": f"SecretKey {faulty.process.secret_key}"}
    added = requests.post(url, headers=key, json={"kind": "slow", "seconds": 1}, timeout=10)
    assert [fault["kind"] for fault in added.json()] == ["slow"]
    wrong = requests.post(url, headers=key, json={"kind": "slow", "hours": 1}, timeout=10)
    assert wrong.status_code == 400
    assert [fault["kind"] for fault in faulty.process.faults()] == ["slow"]
    assert requests.delete(url, headers=key, timeout=10).json() == []
