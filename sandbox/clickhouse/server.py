"""ClickHouse's HTTP interface over the embedded engine."""

from __future__ import annotations

import asyncio
import json
import secrets
import string
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox.clickhouse import request as requests_
from sandbox.clickhouse import rights
from sandbox.clickhouse.body import Body
from sandbox.clickhouse.encodings import decoded, encoder
from sandbox.clickhouse.engine import literal, quoted
from sandbox.clickhouse.errors import ClickHouseError, Code, refusal
from sandbox.clickhouse.lease import Lease
from sandbox.clickhouse.output import Output
from sandbox.clickhouse.sessions import Sessions
from sandbox.clickhouse.statement import InsertHead, Statement, insert_head, single, tokens

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from sandbox.clickhouse.engine import Connection, Counts, Engine
    from sandbox.clickhouse.request import Gate, QueryRequest

_T = TypeVar("_T")

_HEAD_BYTES = 1 << 16
_SPOOL_BYTES = 64 << 20
_RUNNERS = 100
_TAG_LETTERS = 16
_CONTENT_TYPES = {
    "csv": "text/csv; charset=UTF-8; header=absent",
    "csvwithnames": "text/csv; charset=UTF-8; header=present",
    "tabseparated": "text/tab-separated-values; charset=UTF-8",
    "tsv": "text/tab-separated-values; charset=UTF-8",
    "json": "application/json; charset=UTF-8",
    "jsoncompact": "application/json; charset=UTF-8",
    "jsonstrings": "application/json; charset=UTF-8",
    "jsoneachrow": "application/x-ndjson; charset=UTF-8",
    "native": "application/octet-stream",
    "rowbinary": "application/octet-stream",
    "parquet": "application/octet-stream",
    "arrow": "application/octet-stream",
    "arrowstream": "application/octet-stream",
}


class Server:
    """Answers requests."""

    def __init__(self, engine: Engine, gate: Gate) -> None:
        self._engine = engine
        self._gate = gate
        self._sessions = Sessions(engine)
        self._runners = ThreadPoolExecutor(_RUNNERS, thread_name_prefix="run")
        self._readers = ThreadPoolExecutor(2 * _RUNNERS, thread_name_prefix="read")
        self._running: set[str] = set()

    def application(self) -> Starlette:
        """The ASGI application; it closes the engine when it ends."""

        @asynccontextmanager
        async def life(_: Starlette) -> AsyncIterator[None]:
            yield
            self._runners.shutdown()
            self._readers.shutdown()
            self._sessions.close()
            self._engine.close()

        return Starlette(
            routes=[
                Route("/ping", _ok, methods=["GET", "HEAD"]),
                Route("/replicas_status", _ok, methods=["GET", "HEAD"]),
                Route("/", self._root, methods=["GET", "HEAD", "POST"]),
                Route("/query", self._root, methods=["GET", "HEAD", "POST"]),
            ],
            lifespan=life,
        )

    async def _root(self, request: Request) -> Response:
        if request.method != "POST" and "query" not in request.query_params:
            return await _ok(request)
        query_id = request.query_params.get("query_id", "")
        body = Body(decoded(request.stream(), request.headers.get("content-encoding", "").lower()))
        try:
            return await self._answer(request, body)
        except ClientDisconnect:
            return Response(status_code=499)
        except ClickHouseError as raised:
            await _read_out(body)
            return self._error(raised, query_id)

    async def _answer(self, request: Request, body: Body) -> Response:
        user = self._gate.admit(request.query_params, request.headers)
        fields: dict[str, str] = dict(request.query_params)
        files: dict[str, UploadFile] = {}
        if _is_form(request):
            form = await request.form()
            fields |= {name: value for name, value in form.items() if isinstance(value, str)}
            files = {name: value for name, value in form.items() if isinstance(value, UploadFile)}
        asked = requests_.read(user, fields, request.headers)
        if asked.query_id in self._running:
            raise ClickHouseError(
                216,
                f"Query with id = {asked.query_id} is already running. "
                "(QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING)",
            )
        self._running.add(asked.query_id)
        work = _Work(self._engine, self._sessions, asked, self._runners, self._readers)
        try:
            await work.begin()
            await work.bring_tables(files, fields)
            return await self._respond(work, request.method, body)
        finally:
            if not work.streams:
                self._running.discard(asked.query_id)
                await work.end()

    async def _respond(self, work: _Work, method: str, body: Body) -> Response:
        statement, head = await work.parse(body)
        await work.check(statement, method)
        if head is not None:
            counts = await work.insert(head, body)
            return self._finished(work, b"", "", counts)
        if not statement.reads:
            found, counts = await work.run(statement)
            return self._finished(work, found, work.asked.default_format if found else "", counts)
        output = work.select(statement)
        first = await output.read()
        if not first:
            counts = await output.outcome()
            return self._finished(work, b"", output.format, counts)
        if work.asked.waits:
            return await self._spooled(work, output, first)
        return self._streamed(work, output, first)

    async def _spooled(self, work: _Work, output: Output, first: bytes) -> Response:
        """The whole result before the first byte of the answer, so that its status is true."""
        spool = tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES)  # noqa: SIM115 - outlives this
        piece = first
        while piece:
            spool.write(piece)
            piece = await output.read()
        counts = await output.outcome()
        spool.seek(0)

        async def content() -> AsyncIterator[bytes]:
            with spool:
                while piece := spool.read(1 << 20):
                    yield piece

        return self._streaming(work, output.format, content(), self._headers(work, counts))

    def _streamed(self, work: _Work, output: Output, first: bytes) -> Response:
        work.streams = True
        tag = "".join(secrets.choice(string.ascii_lowercase) for _ in range(_TAG_LETTERS))

        async def content() -> AsyncIterator[bytes]:
            complete = False
            try:
                piece = first
                while piece:
                    yield piece
                    piece = await output.read()
                try:
                    await output.outcome()
                except ClickHouseError as raised:
                    yield self._late_error(raised, tag)
                complete = True
                self._running.discard(work.asked.query_id)
                await work.end()
            finally:
                if not complete:
                    self._readers.submit(self._abandon, work, output)

        headers = {**self._headers(work, None), "X-ClickHouse-Exception-Tag": tag}
        return self._streaming(work, output.format, content(), headers)

    def _abandon(self, work: _Work, output: Output) -> None:
        """The client has gone: what it asked for is cancelled."""
        output.abandon(self._engine, work.asked.query_id)
        self._running.discard(work.asked.query_id)
        work.release()

    def _streaming(
        self, work: _Work, name: str, content: AsyncIterator[bytes], headers: dict[str, str]
    ) -> Response:
        compression = encoder(work.asked.accepted)
        if compression is not None:
            encoding, compress = compression
            headers["Content-Encoding"] = encoding

            async def compressed() -> AsyncIterator[bytes]:
                try:
                    async for piece in content:
                        yield compress.compress(piece)
                    yield compress.flush()
                finally:
                    await content.aclose()  # type: ignore[attr-defined]

            content = compressed()
        return StreamingResponse(
            content, headers={**headers, **_format_headers(name)}, media_type=None
        )

    def _finished(self, work: _Work, body: bytes, name: str, counts: Counts) -> Response:
        headers = {**self._headers(work, counts), **_format_headers(name)}
        compression = encoder(work.asked.accepted)
        if compression is not None and body:
            encoding, compress = compression
            headers["Content-Encoding"] = encoding
            body = compress.compress(body) + compress.flush()
        return Response(body, headers=headers)

    def _headers(self, work: _Work, counts: Counts | None) -> dict[str, str]:
        headers = {
            "X-ClickHouse-Query-Id": work.asked.query_id,
            "X-ClickHouse-Server-Display-Name": "sandbox",
            "X-ClickHouse-Timezone": self._engine.time_zone,
        }
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

    def _error(self, raised: ClickHouseError, query_id: str) -> Response:
        headers = {
            "X-ClickHouse-Exception-Code": str(raised.code),
            "X-ClickHouse-Server-Display-Name": "sandbox",
            "X-ClickHouse-Timezone": self._engine.time_zone,
        }
        if query_id:
            headers["X-ClickHouse-Query-Id"] = query_id
        return PlainTextResponse(
            self._error_text(raised), status_code=raised.status, headers=headers
        )

    def _error_text(self, raised: ClickHouseError) -> str:
        return f"{raised} (version {self._engine.version} (official build))\n"

    def _late_error(self, raised: ClickHouseError, tag: str) -> bytes:
        """An error after the first byte, in the form of servers from 25.11."""
        text = self._error_text(raised).encode()
        return b"\r\n__exception__\r\n%b\r\n%b%d %b\r\n__exception__\r\n" % (
            tag.encode(),
            text,
            len(text),
            tag.encode(),
        )


class _Work:
    """One statement from its request to the end of its result."""

    def __init__(
        self,
        engine: Engine,
        sessions: Sessions,
        asked: QueryRequest,
        runners: ThreadPoolExecutor,
        readers: ThreadPoolExecutor,
    ) -> None:
        self._engine = engine
        self._sessions = sessions
        self._runners = runners
        self._readers = readers
        self._lease: Lease | None = None
        self.asked = asked
        self.streams = False

    @property
    def connection(self) -> Connection:
        if self._lease is None:
            raise RuntimeError("The work has not begun")
        return self._lease.connection

    async def begin(self) -> None:
        self._lease = await self._in_thread(lambda: Lease(self._sessions, self.asked))

    async def end(self) -> None:
        await self._in_thread(self.release)

    def release(self) -> None:
        lease, self._lease = self._lease, None
        if lease is not None:
            lease.release()

    async def bring_tables(
        self, files: Mapping[str, UploadFile], fields: Mapping[str, str]
    ) -> None:
        """External tables of the request become temporary tables of the connection."""
        for name, file in files.items():
            structure = fields.get(f"{name}_structure")
            if structure is None:
                raise refusal(Code.BAD_ARGUMENTS, f"External table {name} has no structure")
            raise refusal(Code.NOT_IMPLEMENTED, f"External table {name}: {file.filename}")

    async def parse(self, body: Body) -> tuple[Statement, InsertHead | None]:
        """The statement, and the head of the INSERT when data follow; they are left in the body."""
        if self.asked.query:
            text = self.asked.query.encode("utf-8", "surrogateescape")
            return await self._parse_parameter(text, body)
        front, complete = await body.look(_HEAD_BYTES)
        found = await self._in_thread(lambda: tokens(self.connection, front))
        head = insert_head(front, found)
        if head is None and not complete:
            front = await body.whole()
            found = await self._in_thread(lambda: tokens(self.connection, front))
            head = insert_head(front, found)
        if head is None:
            return single(front, found), None
        body.skip(head.data_begin)
        return head.statement, head

    async def _parse_parameter(
        self, text: bytes, body: Body
    ) -> tuple[Statement, InsertHead | None]:
        found = await self._in_thread(lambda: tokens(self.connection, text))
        head = insert_head(text, found)
        if head is not None:
            body.put_before(text[head.data_begin :])
            return head.statement, head
        if rest := await body.whole():
            text += b"\n" + rest
            found = await self._in_thread(lambda: tokens(self.connection, text))
        return single(text, found), None

    async def check(self, statement: Statement, method: str) -> None:
        rights.check(
            statement,
            self.asked.user,
            self._engine.table_functions,
            parameters=self.asked.parameters,
            database=self.asked.database,
            method=method,
        )

    async def run(self, statement: Statement) -> tuple[bytes, Counts]:
        found = await self._in_thread(
            lambda: self.connection.run(
                statement.text, self.asked.default_format, self.asked.parameters
            )
        )
        return found.body, found.counts

    def select(self, statement: Statement) -> Output:
        return Output(
            statement,
            self.connection,
            default_format=self.asked.default_format,
            parameters=self.asked.parameters,
            runners=self._runners,
            readers=self._readers,
        )

    async def insert(self, head: InsertHead, body: Body) -> Counts:
        """Feeds the data to the engine as they arrive."""
        for name, value in self.asked.parameters.items():
            statement = f"SET {quoted('param_' + name)} = {literal(value)}"
            await self._in_thread(lambda text=statement: self.connection.command(text))
        insert = await self._in_thread(
            lambda: self.connection.insert(head.statement.text, head.format)
        )
        try:
            async for piece in body.pieces():
                await self._in_thread(lambda data=piece: insert.append(data))
        except BaseException:
            await asyncio.shield(self._in_thread(insert.cancel))
            raise
        return await self._in_thread(insert.finish)

    async def _in_thread(self, call: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._runners, call)


async def _ok(_: Request) -> Response:
    return PlainTextResponse("Ok.\n")


async def _read_out(body: Body) -> None:
    """A client that is still sending cannot read the answer."""
    try:
        await body.discard()
    except (ClientDisconnect, ClickHouseError, RuntimeError):
        return


def _is_form(request: Request) -> bool:
    content_type = request.headers.get("content-type", "")
    return content_type.startswith(("multipart/form-data", "application/x-www-form-urlencoded"))


def _format_headers(name: str) -> dict[str, str]:
    if not name:
        return {"Content-Type": "text/plain; charset=UTF-8"}
    return {
        "X-ClickHouse-Format": name,
        "Content-Type": _CONTENT_TYPES.get(name.lower(), "text/plain; charset=UTF-8"),
    }
