"""Responses in ClickHouse's form."""

from __future__ import annotations

import json
import secrets
import string
from typing import IO, TYPE_CHECKING

from starlette.responses import PlainTextResponse, Response, StreamingResponse

from sandbox.clickhouse.encodings import encoder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.clickhouse.engine import Counts, Engine
    from sandbox.clickhouse.errors import ClickHouseError
    from sandbox.clickhouse.request import QueryRequest

_TAG_LETTERS = 16
_PIECE_BYTES = 1 << 20
_TEXT = "text/plain; charset=UTF-8"
_CONTENT_TYPES = {
    "arrow": "application/octet-stream",
    "arrowstream": "application/octet-stream",
    "csv": "text/csv; charset=UTF-8; header=absent",
    "csvwithnames": "text/csv; charset=UTF-8; header=present",
    "json": "application/json; charset=UTF-8",
    "jsoncompact": "application/json; charset=UTF-8",
    "jsoneachrow": "application/x-ndjson; charset=UTF-8",
    "jsonstrings": "application/json; charset=UTF-8",
    "native": "application/octet-stream",
    "parquet": "application/octet-stream",
    "rowbinary": "application/octet-stream",
    "tabseparated": "text/tab-separated-values; charset=UTF-8",
    "tsv": "text/tab-separated-values; charset=UTF-8",
}


class Answers:
    """Makes the responses of one server."""

    def __init__(self, engine: Engine) -> None:
        self._version = engine.version
        self._server = {
            "X-ClickHouse-Server-Display-Name": "sandbox",
            "X-ClickHouse-Timezone": engine.time_zone,
        }

    def finished(self, asked: QueryRequest, body: bytes, name: str, counts: Counts) -> Response:
        """A result that is complete, in the format `name`; empty for none."""
        headers = {**self._headers(asked, counts), **_format_headers(name)}
        compression = encoder(asked.accepted)
        if compression is not None and body:
            headers["Content-Encoding"], compress = compression
            body = compress.compress(body) + compress.flush()
        return Response(body, headers=headers)

    def spooled(self, asked: QueryRequest, spool: IO[bytes], name: str, counts: Counts) -> Response:
        """A result that is complete and may be large. Closes it."""

        async def content() -> AsyncIterator[bytes]:
            with spool:
                while piece := spool.read(_PIECE_BYTES):
                    yield piece

        return _stream(asked, content(), {**self._headers(asked, counts), **_format_headers(name)})

    def streamed(
        self, asked: QueryRequest, content: AsyncIterator[bytes], name: str, tag: str
    ) -> Response:
        """A result on its way; its counts are not known yet, nor whether it will succeed."""
        headers = {**self._headers(asked, None), **_format_headers(name)}
        return _stream(asked, content, {**headers, "X-ClickHouse-Exception-Tag": tag})

    def error(self, raised: ClickHouseError, query_id: str) -> Response:
        """A refusal or failure before the first byte of a result."""
        headers = {**self._server, "X-ClickHouse-Exception-Code": str(raised.code)}
        if query_id:
            headers["X-ClickHouse-Query-Id"] = query_id
        return PlainTextResponse(self._text(raised), status_code=raised.status, headers=headers)

    def late_error(self, raised: ClickHouseError, tag: str) -> bytes:
        """A failure behind the first byte of a result, in the form of servers from 25.11."""
        text = self._text(raised).encode()
        mark = tag.encode()
        return b"\r\n__exception__\r\n%b\r\n%b%d %b\r\n__exception__\r\n" % (
            mark,
            text,
            len(text),
            mark,
        )

    def _text(self, raised: ClickHouseError) -> str:
        return f"{raised} (version {self._version} (official build))\n"

    def _headers(self, asked: QueryRequest, counts: Counts | None) -> dict[str, str]:
        headers = {**self._server, "X-ClickHouse-Query-Id": asked.query_id}
        if counts is not None:
            headers["X-ClickHouse-Summary"] = json.dumps(
                {
                    "read_rows": str(counts.read_rows),
                    "read_bytes": str(counts.read_bytes),
                    "written_rows": str(counts.written_rows),
                    "written_bytes": str(counts.written_bytes),
                    "result_rows": str(counts.result_rows),
                    "elapsed_ns": str(int(counts.seconds * 1e9)),
                }
            )
        return headers


def new_tag() -> str:
    """A mark that no result can hold by chance."""
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(_TAG_LETTERS))


def _stream(
    asked: QueryRequest, content: AsyncIterator[bytes], headers: dict[str, str]
) -> Response:
    compression = encoder(asked.accepted)
    if compression is None:
        return StreamingResponse(content, headers=headers)
    headers["Content-Encoding"], compress = compression

    async def compressed() -> AsyncIterator[bytes]:
        async for piece in content:
            yield compress.compress(piece)
        yield compress.flush()

    return StreamingResponse(compressed(), headers=headers)


def _format_headers(name: str) -> dict[str, str]:
    if not name:
        return {"Content-Type": _TEXT}
    content_type = _CONTENT_TYPES.get(name.lower(), _TEXT)
    return {"X-ClickHouse-Format": name, "Content-Type": content_type}
