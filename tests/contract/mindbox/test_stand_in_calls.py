"""Calls: addresses, keys, envelope and errors (reference: developers.mindbox.ru, v3)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import requests

from sandbox.mindbox.api.access import Access
from sandbox.mindbox.api.answers import RefusalError
from sandbox.mindbox.api.settings import ApiSettings
from sandbox.mindbox.process import MindboxProcess, Serving, StandInError
from sandbox.mindbox.world import WorldSettings

from .conftest import Caller

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "authorization", ["SecretKey stand-in-key", 'Mindbox secretKey="stand-in-key"']
)
def test_both_forms_of_the_key_open(mindbox: Caller, authorization: str) -> None:
    answer = mindbox.post("Export.Mailings", {}, authorization=authorization)
    assert answer.json()["status"] == "Success"


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, 401),
        ("SecretKey wrong", 403),
        ('Mindbox secretKey="wrong"', 403),
        ("Bearer stand-in-key", 403),
    ],
)
def test_other_keys_do_not(mindbox: Caller, authorization: str | None, code: int) -> None:
    answer = mindbox.post("Export.Mailings", {}, authorization=authorization)
    assert answer.status_code == code
    body = answer.json()
    assert body["status"] == "ProtocolError"
    assert body["httpStatusCode"] == code
    assert body["errorMessage"]
    assert body["errorId"]


@pytest.mark.parametrize(
    ("operation", "endpoint"),
    [("Export.Nothing", "demo.Analytics"), ("", "demo.Analytics"), ("Export.Orders", "demo.Else")],
)
def test_unknown_operations_are_protocol_errors(
    mindbox: Caller, operation: str, endpoint: str
) -> None:
    answer = mindbox.post(operation, {}, endpoint=endpoint)
    assert (answer.status_code, answer.json()["status"]) == (400, "ProtocolError")


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff"])
def test_a_body_must_be_an_object(mindbox: Caller, content: bytes) -> None:
    answer = requests.post(
        f"{mindbox.process.url}/v3/operations/sync",
        params={"endpointId": "demo.Analytics", "operation": "Export.Orders"},
        headers={"Authorization": "SecretKey stand-in-key"},
        data=content,
        timeout=10,
    )
    assert (answer.status_code, answer.json()["status"]) == (400, "ProtocolError")


@pytest.mark.parametrize(
    ("body", "location"),
    [
        ({"sinceDateTimeUtc": "yesterday"}, "/sinceDateTimeUtc"),
        ({"sinceDateTimeUtc": 20250101}, "/sinceDateTimeUtc"),
        ({"tillDateTimeUtc": "2025-02-30 00:00"}, "/tillDateTimeUtc"),
        (
            {"sinceDateTimeUtc": "2025-03-01 00:00", "tillDateTimeUtc": "2025-03-01 00:00"},
            "/sinceDateTimeUtc",
        ),
        ({"exportId": "no such id"}, "/exportId"),
    ],
)
def test_bad_data_say_where_they_are(
    mindbox: Caller, body: dict[str, object], location: str
) -> None:
    answer = mindbox.call("Export.Orders", body)
    assert answer["status"] == "ValidationError"
    (message,) = answer["validationMessages"]
    assert message["location"] == location
    assert message["message"]


@pytest.mark.parametrize(
    "moment", ["2025-09-16 16:46", "2025-09-16 16:46:58.639", "2025-09-16T16:46:58Z"]
)
def test_moments_are_read_in_all_documented_forms(mindbox: Caller, moment: str) -> None:
    assert mindbox.call("Export.Orders", {"sinceDateTimeUtc": moment})["status"] == "Success"


def test_an_export_of_another_operation_is_not_found(mindbox: Caller) -> None:
    export_id = mindbox.start("Export.Orders", {})
    answer = mindbox.call("Export.Customers", {"exportId": export_id})
    assert answer["status"] == "ValidationError"


def test_async_calls_give_no_result(mindbox: Caller) -> None:
    answer = mindbox.post("Export.Orders", {}, way="async")
    assert answer.json() == {"status": "Success"}


def test_exports_are_no_imports(mindbox: Caller) -> None:
    assert mindbox.post("Export.Orders", {}, way="bulk").status_code == 400


def test_unknown_paths_are_not_found_and_then_shut_the_caller_out() -> None:
    serving = Serving(not_found_limit=5, ban_seconds=0.6)
    with MindboxProcess(WorldSettings(customers=20, months=1), serving=serving) as process:
        for path in ("/", "/v3/operations", "/v3/operations/later", "/v2.1/orders", "/files/1/1"):
            answer = requests.post(f"{process.url}{path}", timeout=10)
            assert (answer.status_code, answer.content) == (404, b"")
        assert requests.get(f"{process.url}/more", timeout=10).status_code == 404
        shut_out = requests.post(f"{process.url}/v3/operations/sync", timeout=10)
        assert shut_out.status_code == 429
        assert shut_out.json()["status"] == "ProtocolError"
        time.sleep(0.7)
        assert requests.post(f"{process.url}/v3/operations/sync", timeout=10).status_code == 401


def test_a_test_key_may_not_export_and_has_a_hundred_calls_an_hour() -> None:
    serving = Serving(test_key="trial")
    with MindboxProcess(WorldSettings(customers=20, months=1), serving=serving) as process:
        session = requests.Session()
        session.headers["Authorization"] = "SecretKey trial"

        def call(operation: str) -> requests.Response:
            return session.post(
                f"{process.url}/v3/operations/sync",
                params={"endpointId": process.endpoint_id, "operation": operation},
                json={"customerMergesPage": {"pageNumber": 1, "itemsPerPage": 1}},
                timeout=10,
            )

        assert call("Export.Orders").status_code == 403
        codes = [call("Customers.Merges").status_code for _ in range(101)]
        assert codes == [200] * 100 + [429]


def test_calls_of_an_operation_are_limited_by_the_minute() -> None:
    serving = Serving(calls_per_minute=3)
    with MindboxProcess(WorldSettings(customers=20, months=1), serving=serving) as process:
        caller = Caller(process)
        codes = [caller.post("Export.Orders", {}).status_code for _ in range(5)]
        assert codes == [200, 200, 200, 429, 429]
        refused = caller.post("Export.Orders", {}).json()
        assert (refused["status"], refused["errorMessage"]) == (
            "ProtocolError",
            "Too Many Requests",
        )
        assert caller.post("Export.Customers", {}).status_code == 200, "each has its own limit"


def test_the_limit_is_free_again_after_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    access = Access(ApiSettings(endpoint_id="e", secret_key="k", calls_per_minute=1))
    access.count("Export.Orders")
    with pytest.raises(RefusalError):
        access.count("Export.Orders")
    now += 61
    access.count("Export.Orders")


def test_what_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(StandInError, match="is no folder"):
        MindboxProcess(folder=tmp_path / "nowhere")


def test_a_restart_serves_the_same_world(tmp_path: Path) -> None:
    settings = WorldSettings(customers=50, months=1)
    kept = []
    for _ in range(2):
        with MindboxProcess(settings, state=tmp_path) as process:
            assert process.world is not None
            kept.append(process.world.truth.rows())
            assert "Generating" not in process.log
    assert kept[0] == kept[1]
    assert len(list((tmp_path / "worlds").iterdir())) == 1
