"""Reading request bodies: filters of exports and pages, with Mindbox's validation errors."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from sandbox.mindbox.api.answers import protocol_error, validation_error

_MOMENT = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[ T](?P<time>\d\d:\d\d(:\d\d)?)(\.(?P<fraction>\d{1,7}))?Z?"
)
SEGMENTATION_PATH = "/segmentation/ids/externalId"
_LAST_PAGE = 2_147_484
_LARGEST_PAGE = 10_000
_YOUNGEST_MERGE = timedelta(minutes=5)


def body_of(content: bytes) -> dict[str, Any]:
    """The request as an object; nothing at all counts as an empty one."""
    if not content.strip():
        return {}
    try:
        body = msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        raise protocol_error(400, f"The body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise protocol_error(400, "The body must be an object")
    return body


def window(body: dict[str, Any], until: int, path: str = "") -> tuple[int, int]:
    """[since, till) of an export in ms UTC; an open side reaches to the end of the data."""
    since = _moment(body, "sinceDateTimeUtc", path)
    till = _moment(body, "tillDateTimeUtc", path)
    first = 0 if since is None else since
    last = until if till is None else till
    if since is not None and since >= last:
        raise validation_error(
            "sinceDateTimeUtc must be earlier than tillDateTimeUtc", f"{path}/sinceDateTimeUtc"
        )
    return first, last


def since(body: dict[str, Any]) -> int:
    """The moment (ms UTC) from which on changes are asked for; all of them without one."""
    moment = _moment(body, "sinceDateTimeUtc", "")
    return 0 if moment is None else moment


def segmentation(body: dict[str, Any]) -> str:
    """External id of the segmentation that is asked for."""
    node: object = body
    for step in SEGMENTATION_PATH.split("/")[1:]:
        node = node.get(step) if isinstance(node, dict) else None
    if not isinstance(node, str):
        raise validation_error("segmentation.ids.externalId is required", SEGMENTATION_PATH)
    return node


def period(body: dict[str, Any]) -> tuple[date, date]:
    """Local dates of a report, both included."""
    since, till = _date(body, "sinceDate"), _date(body, "tillDate")
    if since > till:
        raise validation_error("sinceDate must not be later than tillDate", "/sinceDate")
    return since, till


def page(body: dict[str, Any], until: int) -> tuple[int, int, int, int]:
    """A page of merges: since, till (ms UTC), rows to skip, rows to give."""
    path = "/customerMergesPage"
    asked = body.get("customerMergesPage")
    if not isinstance(asked, dict):
        raise validation_error("customerMergesPage is required", path)
    number = _whole(asked, "pageNumber", _LAST_PAGE, path)
    size = _whole(asked, "itemsPerPage", _LARGEST_PAGE, path)
    since, till = window(asked, until, path)
    now = max(int(datetime.now(UTC).timestamp() * 1000), until)
    # Merges of the last minutes may still be under way, so they are not given.
    if till > now - _YOUNGEST_MERGE / timedelta(milliseconds=1) and "tillDateTimeUtc" in asked:
        raise validation_error(
            "tillDateTimeUtc must be at least 5 minutes in the past", f"{path}/tillDateTimeUtc"
        )
    return since, till, (number - 1) * size, size


def _moment(body: dict[str, Any], field: str, path: str) -> int | None:
    value = body.get(field)
    if value is None:
        return None
    refusal = validation_error(
        f"{field} is no moment of the form YYYY-MM-DD hh:mm", f"{path}/{field}"
    )
    parts = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if parts is None:
        raise refusal
    try:
        whole = datetime.fromisoformat(f"{parts['day']}T{parts['time']}+00:00")
    except ValueError as error:
        raise refusal from error
    milliseconds = int(f"{parts['fraction'] or '':0<3}"[:3])
    return int(whole.timestamp()) * 1000 + milliseconds


def _date(body: dict[str, Any], field: str) -> date:
    try:
        return date.fromisoformat(body.get(field, ""))
    except (TypeError, ValueError) as error:
        raise validation_error(f"{field} is no date of the form YYYY-MM-DD", f"/{field}") from error


def _whole(body: dict[str, Any], field: str, largest: int, path: str) -> int:
    value = body.get(field)
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if not isinstance(value, int) or not 1 <= value <= largest:
        raise validation_error(f"{field} must be from 1 to {largest}", f"{path}/{field}")
    return value
