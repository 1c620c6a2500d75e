"""ClickHouse's errors: code, text, HTTP status."""

from __future__ import annotations

import re
from enum import IntEnum
from http import HTTPStatus

# An error while data are read is told with the error itself inside.
_ENGINE_TEXT = re.compile(r"(?:Code: (?P<code>\d+)\. DB::Exception: )+(?P<message>.*)", re.DOTALL)
_ENGINE_VERSION = re.compile(r"\s*\(version [^()]*\)\s*$")
# Every connection of the embedded engine is the user `default`; the client knows itself by login.
_ENGINE_USER = re.compile(r"^default: ")


# Source: ClickHouse, src/Server/HTTP/exceptionCodeToHTTPStatus.cpp.
_STATUS = {
    "REQUIRED_PASSWORD": HTTPStatus.UNAUTHORIZED,
    **dict.fromkeys(
        (
            "ACCESS_DENIED",
            "AUTHENTICATION_FAILED",
            "SET_NON_GRANTED_ROLE",
            "UNKNOWN_USER",
            "WRONG_PASSWORD",
        ),
        HTTPStatus.FORBIDDEN,
    ),
    **dict.fromkeys(
        (
            "BAD_ARGUMENTS",
            "CANNOT_COMPILE_REGEXP",
            "CANNOT_PARSE_DATE",
            "CANNOT_PARSE_DATETIME",
            "CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING",
            "CANNOT_PARSE_ESCAPE_SEQUENCE",
            "CANNOT_PARSE_INPUT_ASSERTION_FAILED",
            "CANNOT_PARSE_IPV4",
            "CANNOT_PARSE_IPV6",
            "CANNOT_PARSE_NUMBER",
            "CANNOT_PARSE_QUOTED_STRING",
            "CANNOT_PARSE_TEXT",
            "CANNOT_PARSE_UUID",
            "DUPLICATE_COLUMN",
            "ILLEGAL_COLUMN",
            "INCORRECT_DATA",
            "SYNTAX_ERROR",
            "THERE_IS_NO_COLUMN",
            "TOO_BIG_AST",
            "TOO_DEEP_AST",
            "TYPE_MISMATCH",
            "UNEXPECTED_AST_STRUCTURE",
            "UNKNOWN_ELEMENT_IN_AST",
            "UNKNOWN_TYPE_OF_AST_NODE",
            "VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE",
        ),
        HTTPStatus.BAD_REQUEST,
    ),
    **dict.fromkeys(
        (
            "UNKNOWN_AGGREGATE_FUNCTION",
            "UNKNOWN_DATABASE",
            "UNKNOWN_DATABASE_ENGINE",
            "UNKNOWN_DIRECTION_OF_SORTING",
            "UNKNOWN_FORMAT",
            "UNKNOWN_FUNCTION",
            "UNKNOWN_IDENTIFIER",
            "UNKNOWN_ROLE",
            "UNKNOWN_SETTING",
            "UNKNOWN_STORAGE",
            "UNKNOWN_TABLE",
            "UNKNOWN_TYPE",
            "UNKNOWN_TYPE_OF_QUERY",
        ),
        HTTPStatus.NOT_FOUND,
    ),
    "QUERY_IS_TOO_LARGE": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "NOT_IMPLEMENTED": HTTPStatus.NOT_IMPLEMENTED,
    "SOCKET_TIMEOUT": HTTPStatus.SERVICE_UNAVAILABLE,
    "CANNOT_OPEN_FILE": HTTPStatus.SERVICE_UNAVAILABLE,
    "CANNOT_SCHEDULE_TASK": HTTPStatus.SERVICE_UNAVAILABLE,
    "HTTP_LENGTH_REQUIRED": HTTPStatus.LENGTH_REQUIRED,
    "TIMEOUT_EXCEEDED": HTTPStatus.REQUEST_TIMEOUT,
    "UNSUPPORTED_MEDIA_TYPE": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}
_NAME = re.compile(r"\((?P<name>[A-Z][A-Z0-9_]+)\)$")


class Code(IntEnum):
    """The error codes this server raises itself. Source: ClickHouse, src/Common/ErrorCodes.cpp."""

    CANNOT_READ_ALL_DATA = 33
    BAD_ARGUMENTS = 36
    CHECKSUM_DOESNT_MATCH = 40
    UNKNOWN_FUNCTION = 46
    NOT_IMPLEMENTED = 48
    SYNTAX_ERROR = 62
    UNKNOWN_TYPE_OF_QUERY = 78
    UNKNOWN_COMPRESSION_METHOD = 89
    TOO_LARGE_SIZE_COMPRESSED = 131
    READONLY = 164
    SOCKET_TIMEOUT = 209
    QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING = 216
    CANNOT_DECOMPRESS = 271
    DATABASE_ACCESS_DENIED = 291
    SESSION_NOT_FOUND = 372
    SESSION_IS_LOCKED = 373
    INVALID_SESSION_TIMEOUT = 374
    QUERY_WAS_CANCELLED = 394
    INTO_OUTFILE_NOT_ALLOWED = 418
    ACCESS_DENIED = 497
    SET_NON_GRANTED_ROLE = 512
    AUTHENTICATION_FAILED = 516
    QUERY_IS_TOO_LARGE = 1001
    UNKNOWN_EXCEPTION = 1002
    BAD_REQUEST_PARAMETER = 1003


class ClickHouseError(Exception):
    """A refusal in ClickHouse's form.

    Attributes:
        code: ClickHouse's error code.
        message: Text without `Code: N. DB::Exception:`, with the name of the code in brackets.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"Code: {code}. DB::Exception: {message}")
        self.code = code
        self.message = message

    @property
    def status(self) -> HTTPStatus:
        """HTTP status of the answer."""
        name = _NAME.search(self.message)
        default = HTTPStatus.INTERNAL_SERVER_ERROR
        return default if name is None else _STATUS.get(name["name"], default)


def refusal(code: Code, message: str) -> ClickHouseError:
    """An error of this server; the name of the code is appended as ClickHouse does."""
    return ClickHouseError(code, f"{message} ({code.name})")


def of_engine(raised: Exception, user: str) -> ClickHouseError:
    """The engine's exception as the client of `user` shall see it."""
    found = _ENGINE_TEXT.search(str(raised))
    if found is None:
        return refusal(Code.UNKNOWN_EXCEPTION, str(raised) or type(raised).__name__)
    message = _ENGINE_VERSION.sub("", found["message"])
    return ClickHouseError(int(found["code"]), _ENGINE_USER.sub(f"{user}: ", message))
