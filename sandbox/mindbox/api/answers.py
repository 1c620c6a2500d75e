"""Answers of the API: the envelope and its errors."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
from starlette.responses import Response

_STATUS_BY_CODE = {500: "InternalServerError", 503: "InternalServerError"}
_BARE = frozenset({404, 502, 504})
_DEFAULT_MESSAGE = {
    429: "Too Many Requests",
    500: "Internal server error",
    503: "Service is temporarily unavailable",
}


class RefusalError(Exception):
    """A call that is answered with an error instead of a result."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"answered with {response.status_code}")
        self.response = response


def success(**results: Any) -> Response:
    """HTTP 200 with `status: Success` and the results of the steps."""
    return _json(200, {"status": "Success", **results})


def error(code: int, message: str = "", retry_after: int | None = None) -> Response:
    """An error with the body that goes with its HTTP code (404, 502 and 504 have none)."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    if code in _BARE:
        return Response(status_code=code, headers=headers)
    body = {
        "status": _STATUS_BY_CODE.get(code, "ProtocolError"),
        "errorMessage": message or _DEFAULT_MESSAGE.get(code, "The call cannot be processed"),
        "errorId": str(uuid.uuid4()),
        "httpStatusCode": code,
    }
    return _json(code, body, headers)


def protocol_error(code: int, message: str) -> RefusalError:
    """Refuse a malformed or unauthorized call."""
    return RefusalError(error(code, message))


def validation_error(message: str, location: str) -> RefusalError:
    """Refuse bad data: HTTP 200, `ValidationError`, and where in the request it is."""
    messages = [{"message": message, "location": location}]
    return RefusalError(_json(200, {"status": "ValidationError", "validationMessages": messages}))


def _json(code: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(
        msgspec.json.encode(body),
        status_code=code,
        headers=headers,
        media_type="application/json; charset=utf-8",
    )
