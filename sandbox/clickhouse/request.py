"""What an HTTP request says besides the statement: who, where, with which settings."""

from __future__ import annotations

import binascii
import hmac
import uuid
from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.clickhouse import rights
from sandbox.clickhouse.body import RECEIVE_SECONDS
from sandbox.clickhouse.engine import is_setting_name
from sandbox.clickhouse.errors import Code, refusal
from sandbox.clickhouse.sessions import DEFAULT_TIMEOUT, MAX_TIMEOUT
from superset_assets.access.brand_accounts import account_password

if TYPE_CHECKING:
    from collections.abc import Mapping

    from superset_assets.access.users import Access, User

# Parameters that the HTTP interface keeps for itself; every other one is a setting.
_RESERVED = {
    "buffer_size",
    "client_protocol_version",
    "close_session",
    "compress",
    "database",
    "decompress",
    "default_format",
    "password",
    "query",
    "query_id",
    "quota_key",
    "role",
    "session_check",
    "session_id",
    "session_timeout",
    "stacktrace",
    "user",
    "wait_end_of_query",
}
_PARAMETER = "param_"
# As on a server: DBMS_DEFAULT_BUFFER_SIZE, and the default of http_headers_progress_interval_ms.
_HELD_BYTES = 1 << 20
_PROGRESS_MS = 100


@dataclass(frozen=True, kw_only=True)
class QueryRequest:
    """A request, read.

    Attributes:
        user: Who asks.
        query: The `query` parameter; the body may continue or replace it.
        query_id: The client's, or a fresh one.
        database: Where unqualified names are looked up; empty for the session's own.
        default_format: Format of the result where the statement names none.
        session_id: Empty for none.
        session_timeout: Seconds.
        session_must_exist: `session_check`.
        session_ends: `close_session`.
        method: HTTP method.
        waits: The response begins when the statement has ended, so that its status is final.
        held: Bytes of a result that are held back, so that an error in them has its status.
        progress_every: Seconds between two headers of progress; None for none.
        patience: Seconds to wait for the next piece of the body.
        packs: The answer goes in ClickHouse's own compressed blocks.
        unpacks: The body is in such blocks.
        checks_blocks: The checksums of these must be right.
        settings: Settings of this statement alone.
        parameters: Values of `{name:Type}`, escaped as in TabSeparated.
        accepted: Encodings of the response the client asked for; empty for plain.
    """

    user: User
    query: str
    query_id: str
    database: str
    default_format: str
    session_id: str
    session_timeout: int
    session_must_exist: bool
    session_ends: bool
    method: str
    waits: bool
    held: int
    progress_every: float | None
    patience: int
    packs: bool
    unpacks: bool
    checks_blocks: bool
    settings: Mapping[str, str]
    parameters: Mapping[str, str]
    accepted: str

    @property
    def reads_only(self) -> bool:
        """Whether the method lets the engine only read, though the user might do more."""
        return self.method != "POST" and "readonly" not in self.user.settings


class Gate:
    """Knows the users and their passwords."""

    def __init__(self, access: Access, passwords: Mapping[str, str]) -> None:
        self._access = access
        self._passwords = passwords

    def admit(self, parameters: Mapping[str, str], headers: Mapping[str, str]) -> User:
        """The user of a request.

        Raises:
            ClickHouseError: The credentials are wrong, or come in two ways at once.
        """
        name, password = _credentials(parameters, headers)
        account = self._access.account(name)
        family = self._access.family(account).name if account else ""
        known = self._passwords.get(family, "")
        # The comparison runs for unknown names too, so that its time tells nothing.
        expected = account_password(known, name)
        same = hmac.compare_digest(password.encode(), expected.encode())
        if account is None or not (known and same):
            raise refusal(
                Code.AUTHENTICATION_FAILED,
                f"{name}: Authentication failed: password is incorrect, or there is no user with "
                "such name.",
            )
        return account


def read(
    user: User, method: str, parameters: Mapping[str, str], headers: Mapping[str, str]
) -> QueryRequest:
    """The request of a user.

    Raises:
        ClickHouseError: A parameter cannot be meant.
    """
    if parameters.get("role"):
        raise refusal(
            Code.SET_NON_GRANTED_ROLE, f"Role {parameters['role']} should be granted to set current"
        )
    settings = {
        name: value
        for name, value in parameters.items()
        if name not in _RESERVED and not name.startswith(_PARAMETER)
    }
    for name in settings:
        if not is_setting_name(name):
            raise refusal(Code.BAD_REQUEST_PARAMETER, f"No setting can be named {name!r}")
    rights.check_settings(settings, user)
    return QueryRequest(
        user=user,
        query=parameters.get("query", ""),
        query_id=parameters.get("query_id") or str(uuid.uuid4()),
        database=parameters.get("database") or headers.get("x-clickhouse-database", ""),
        default_format=parameters.get("default_format")
        or headers.get("x-clickhouse-format", "TabSeparated"),
        session_id=parameters.get("session_id", ""),
        session_timeout=_timeout(parameters),
        session_must_exist=_is_on(parameters, "session_check"),
        session_ends=_is_on(parameters, "close_session"),
        method=method,
        waits=_is_on(parameters, "wait_end_of_query"),
        held=max(_HELD_BYTES, _number(parameters, "buffer_size", "http_response_buffer_size")),
        progress_every=(
            _number(parameters, "http_headers_progress_interval_ms", default=_PROGRESS_MS) / 1000
            if _is_on(parameters, "send_progress_in_http_headers")
            else None
        ),
        patience=_number(parameters, "http_receive_timeout", default=RECEIVE_SECONDS),
        packs=_is_on(parameters, "compress"),
        unpacks=_is_on(parameters, "decompress"),
        checks_blocks=not _is_on(
            parameters, "http_native_compression_disable_checksumming_on_decompress"
        ),
        settings=settings,
        parameters={
            name.removeprefix(_PARAMETER): value
            for name, value in parameters.items()
            if name.startswith(_PARAMETER)
        },
        accepted=headers.get("accept-encoding", "")
        if _is_on(parameters, "enable_http_compression")
        else "",
    )


def _credentials(parameters: Mapping[str, str], headers: Mapping[str, str]) -> tuple[str, str]:
    own = "x-clickhouse-user" in headers or "x-clickhouse-key" in headers
    basic = "authorization" in headers
    query = "user" in parameters or "password" in parameters
    if own + basic + query > 1:
        raise refusal(
            Code.AUTHENTICATION_FAILED,
            "Invalid authentication: it is not allowed to use two ways of authentication "
            "(X-ClickHouse headers, Authorization header, parameters) simultaneously",
        )
    if own:
        return headers.get("x-clickhouse-user", "default"), headers.get("x-clickhouse-key", "")
    if basic:
        return _basic(headers["authorization"])
    return parameters.get("user", "default"), parameters.get("password", "")


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    problem = "Invalid authentication: only well-formed Basic credentials are served here"
    if scheme.lower() != "basic":
        raise refusal(Code.AUTHENTICATION_FAILED, problem)
    try:
        name, _, password = b64decode(encoded, validate=True).decode().partition(":")
    except (ValueError, binascii.Error) as raised:
        raise refusal(Code.AUTHENTICATION_FAILED, problem) from raised
    return name, password


def _timeout(parameters: Mapping[str, str]) -> int:
    text = parameters.get("session_timeout", str(DEFAULT_TIMEOUT))
    if not text.isdecimal() or int(text) > MAX_TIMEOUT:
        raise refusal(
            Code.INVALID_SESSION_TIMEOUT,
            f"Invalid session timeout: '{text}': a number of seconds up to {MAX_TIMEOUT}",
        )
    return int(text)


def _number(parameters: Mapping[str, str], *names: str, default: int = 0) -> int:
    """The first of the parameters that is there."""
    for name in names:
        text = parameters.get(name)
        if text is None:
            continue
        if not text.isdecimal():
            raise refusal(Code.BAD_REQUEST_PARAMETER, f"Parameter {name} is no number: {text!r}")
        return int(text)
    return default


def _is_on(parameters: Mapping[str, str], name: str) -> bool:
    return parameters.get(name, "0").lower() in {"1", "true"}
