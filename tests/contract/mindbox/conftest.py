from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests

from sandbox.mindbox.process import MindboxProcess
from sandbox.mindbox.world import World, WorldSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

UNTIL = datetime(2025, 11, 12, 9, tzinfo=UTC)
OPERATIONS = {
    "customers": "Export.Customers",
    "mailings": "Export.Mailings",
    "customerMessageStatuses": "Export.MessageStatuses",
    "orders": "Export.Orders",
    "customerActions": "Export.CustomerActions",
}
SINCE_ONLY = {"promotions": "Export.Promotions"}
"""Exports that know no end of a window."""


class Caller:
    """A client as plain as can be: what it reads is what was on the wire."""

    def __init__(self, process: MindboxProcess) -> None:
        self.process = process

    @property
    def world(self) -> World:
        assert self.process.world is not None
        return self.process.world

    def post(
        self,
        operation: str,
        body: object = None,
        *,
        way: str = "sync",
        authorization: str | None = "SecretKey stand-in-key",
        endpoint: str = "demo.Analytics",
    ) -> requests.Response:
        return requests.post(
            f"{self.process.url}/v3/operations/{way}",
            params={"endpointId": endpoint, "operation": operation},
            headers={"Authorization": authorization} if authorization else {},
            json=body,
            timeout=30,
        )

    def call(self, operation: str, body: object = None) -> dict[str, Any]:
        answer = self.post(operation, body)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result

    def start(self, operation: str, body: object = None) -> str:
        export_id: str = self.call(operation, body)["exportId"]
        return export_id

    def poll(self, operation: str, export_id: str) -> dict[str, Any]:
        result: dict[str, Any] = self.call(operation, {"exportId": export_id})["exportResult"]
        return result

    def links(self, operation: str, body: object = None) -> list[str]:
        export_id = self.start(operation, body)
        for _ in range(200):
            result = self.poll(operation, export_id)
            if result["processingStatus"] != "NotReady":
                links: list[str] = result["urls"]
                return links
            time.sleep(0.05)
        raise AssertionError("the export is never ready")

    def rows(self, root: str, since: str | None = None, till: str | None = None) -> list[Any]:
        """Rows of an export of [since, till); an open side is left out of the request."""
        body = {"sinceDateTimeUtc": since, "tillDateTimeUtc": till}
        filters = {name: value for name, value in body.items() if value}
        parts = [
            requests.get(link, timeout=30).json()
            for link in self.links({**OPERATIONS, **SINCE_ONLY}[root], filters)
        ]
        assert all(list(part) == [root] for part in parts)
        return [row for part in parts for row in part[root]]

    def merges(self, page: dict[str, object]) -> dict[str, Any]:
        return self.call("Customers.Merges", {"customerMergesPage": page})


@pytest.fixture(scope="session")
def settings() -> WorldSettings:
    return WorldSettings(customers=1500, months=6, seed=3, until=UNTIL)


@pytest.fixture(scope="session")
def mindbox(settings: WorldSettings) -> Iterator[Caller]:
    with MindboxProcess(settings) as process:
        yield Caller(process)


@pytest.fixture
def faulty(mindbox: Caller) -> Iterator[Caller]:
    """The same stand-in, whose faults are taken back after the test."""
    yield mindbox
    mindbox.process.set_faults()
