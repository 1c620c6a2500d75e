"""Responses in ClickHouse's form."""

from __future__ import annotations

import secrets
import string
from typing import IO, TYPE_CHECKING

from starlette.responses import PlainTextResponse, Response, StreamingResponse

from sandbox.clickhouse.blocks import Packer
from sandbox.clickhouse.encodings import Chain, encoder
from sandbox.clickhouse.progress import text

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
        if body:
            encoding, pack = _packing(asked)
            headers |= encoding
            body = pack.compress(body) + pack.flush()
        return Response(body, headers=headers)

    def complete(
        self, asked: QueryRequest, spool: IO[bytes], name: str, counts: Counts
    ) -> Response:
        """A result that is complete and may be large. Closes it."""
        begin = spool.read(_PIECE_BYTES)
        if len(begin) < _PIECE_BYTES:
            spool.close()
            return self.finished(asked, begin, name, counts)

        async def content() -> AsyncIterator[bytes]:
            with spool:
                piece = begin
                while piece:
                    yield piece
                    piece = spool.read(_PIECE_BYTES)

        return _stream(asked, content(), {**self._headers(asked, counts), **_format_headers(name)})

    def streamed(
        self,
        asked: QueryRequest,
        content: AsyncIterator[bytes],
        name: str,
        tag: str,
        counts: Counts,
    ) -> Response:
        """A result on its way; the counts are those so far, and it may still fail."""
        headers = {**self._headers(asked, counts), **_format_headers(name)}
        return _stream(asked, content, {**headers, "X-ClickHouse-Exception-Tag": tag})

    def error(self, raised: ClickHouseError, query_id: str, asked: QueryRequest | None) -> Response:
        """A refusal or failure before the first byte of a result.

        Args:
            raised: What happened.
            query_id: The client's, if it named one.
            asked: The request, if it could be read.
        """
        headers = {**self._server, "X-ClickHouse-Exception-Code": str(raised.code)}
        body = self._text(raised).encode()
        if asked is not None:
            encoding, pack = _packing(asked)
            headers |= encoding
            body = pack.compress(body) + pack.flush()
        if query_id := query_id or (asked.query_id if asked else ""):
            headers["X-ClickHouse-Query-Id"] = query_id
        return PlainTextResponse(body, status_code=raised.status, headers=headers)

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

    def _headers(self, asked: QueryRequest, counts: Counts) -> dict[str, str]:
        return {
            **self._server,
            "X-ClickHouse-Query-Id": asked.query_id,
            "X-ClickHouse-Summary": text(counts),
        }


def new_tag() -> str:
    """A mark that no result can hold by chance."""
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(_TAG_LETTERS))


def _stream(
    asked: QueryRequest, content: AsyncIterator[bytes], headers: dict[str, str]
) -> Response:
    encoding, pack = _packing(asked)

    async def packed() -> AsyncIterator[bytes]:
        async for piece in content:
            yield pack.compress(piece)
        yield pack.flush()

    return StreamingResponse(packed(), headers={**headers, **encoding})


def _packing(asked: QueryRequest) -> tuple[dict[str, str], Chain]:
    """Headers and encoders of a body: ClickHouse's blocks inside, HTTP's compression outside."""
    inner = [Packer()] if asked.packs else []
    outer = encoder(asked.accepted)
    if outer is None:
        return {}, Chain(*inner)
    name, compress = outer
    return {"Content-Encoding": name}, Chain(*inner, compress)


def _format_headers(name: str) -> dict[str, str]:
    if not name:
        return {"Content-Type": _TEXT}
    content_type = _CONTENT_TYPES.get(name.lower(), _TEXT)
    return {"X-ClickHouse-Format": name, "Content-Type": content_type}
