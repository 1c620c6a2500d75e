"""ClickHouse's HTTP interface over the embedded engine."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sandbox.clickhouse import request as requests_
from sandbox.clickhouse.answers import Answers, new_tag
from sandbox.clickhouse.blocks import unpacked
from sandbox.clickhouse.body import Body, Incoming
from sandbox.clickhouse.encodings import decoded
from sandbox.clickhouse.errors import ClickHouseError
from sandbox.clickhouse.progress import Progress
from sandbox.clickhouse.running import Runs
from sandbox.clickhouse.sessions import Sessions
from sandbox.clickhouse.work import Work, Workshop, collect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine
    from typing import IO, Any, BinaryIO

    from sandbox.clickhouse.engine import Engine
    from sandbox.clickhouse.output import Output
    from sandbox.clickhouse.request import Gate, QueryRequest
    from sandbox.clickhouse.statement import InsertHead, Statement

_T = TypeVar("_T")

_RUNNERS = 100
_FIELD_BYTES = 256 << 20
_PIECE_BYTES = 1 << 20
# Source: ClickHouse, default of http_max_field_value_size.
_HEADER_BYTES = 128 << 10
_CLIENT_CLOSED_REQUEST = 499
_METHODS = ("GET", "HEAD", "POST", "OPTIONS")
_HINT = """There is no handle {path}

Use / or /ping for health checks.
Or /replicas_status for more sophisticated health checks.

Send queries from your program with POST method or GET /?query=...
"""


@dataclass
class _Asking:
    """What is known of a request while it is answered.

    Attributes:
        incoming: Its body.
        asked: What it asks, once that is read.
    """

    incoming: Incoming
    asked: QueryRequest | None = None


class Server:
    """Answers requests."""

    def __init__(self, engine: Engine, gate: Gate) -> None:
        self._engine = engine
        self._gate = gate
        self._answers = Answers(engine)
        self._shop = Workshop(
            engine,
            Sessions(engine),
            Runs(engine),
            runners=ThreadPoolExecutor(_RUNNERS, thread_name_prefix="run"),
            readers=ThreadPoolExecutor(_RUNNERS, thread_name_prefix="read"),
            waiters=ThreadPoolExecutor(_RUNNERS, thread_name_prefix="wait"),
        )

    def application(self) -> Starlette:
        """The ASGI application; when it ends, what still runs is cancelled."""

        @asynccontextmanager
        async def life(_: Starlette) -> AsyncIterator[None]:
            yield
            self.cancel_all()
            self._shop.waiters.shutdown()
            self._shop.readers.shutdown()
            self._shop.runners.shutdown()
            self._shop.sessions.close()
            self._engine.close()

        application = Starlette(
            routes=[
                Route("/ping", _ok),
                Route("/replicas_status", _ok),
                Route("/", self._root, methods=_METHODS),
                Route("/query", self._root, methods=_METHODS),
            ],
            exception_handlers={
                HTTPStatus.NOT_FOUND: _unknown,
                HTTPStatus.METHOD_NOT_ALLOWED: _unsupported,
            },
            lifespan=life,
        )
        application.router.redirect_slashes = False
        return application

    def cancel_all(self) -> None:
        """Cancels every statement under way. Blocks for a moment."""
        self._shop.runs.cancel_all()

    async def _root(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(
                status_code=HTTPStatus.NO_CONTENT, headers={"Allow": ", ".join(_METHODS)}
            )
        if request.method != "POST" and "query" not in request.query_params:
            return await _ok(request)
        if _is_too_large(request):
            return PlainTextResponse("A header is too long\n", HTTPStatus.BAD_REQUEST)
        expects = request.headers.get("expect", "").lower() == "100-continue"
        asking = _Asking(Incoming(request.receive, expects_continue=expects))
        try:
            return await self._answer(Request(request.scope, asking.incoming.receive), asking)
        except ClientDisconnect:
            return Response(status_code=_CLIENT_CLOSED_REQUEST)
        except ClickHouseError as raised:
            reusable = await asking.incoming.discard()
            query_id = request.query_params.get("query_id", "")
            answer = self._answers.error(raised, query_id, asking.asked)
            if not reusable:
                answer.headers["Connection"] = "close"
            return answer

    async def _answer(self, request: Request, asking: _Asking) -> Response:
        user = self._gate.admit(request.query_params, request.headers)
        fields: dict[str, str] = dict(request.query_params)
        files: dict[str, BinaryIO] = {}
        if form := _is_form(request):
            for name, value in (await request.form(max_part_size=_FIELD_BYTES)).items():
                if isinstance(value, UploadFile):
                    files[name] = value.file
                else:
                    fields[name] = value
        tables = [f"{name}_{part}" for name in files for part in ("format", "structure", "types")]
        settings = {name: value for name, value in fields.items() if name not in tables}
        asked = requests_.read(user, request.method, settings, request.headers)
        asking.asked = asked
        asking.incoming.patience = asked.patience
        body = Body(_nothing() if form else _plain(request, asked))
        work = Work(self._shop, asked, Progress(request.state.early_head, asked.progress_every))
        try:
            await work.bring_tables(files, fields)
            statement, head = await work.parse(body)
            work.check(statement)
            return await self._respond(work, statement, head, body, asking.incoming)
        except BaseException:
            if work.abandoned:
                raise
            await asyncio.get_running_loop().run_in_executor(self._shop.waiters, work.end)
            raise

    async def _respond(
        self,
        work: Work,
        statement: Statement,
        head: InsertHead | None,
        body: Body,
        incoming: Incoming,
    ) -> Response:
        if head is not None:
            fed = await work.feed(head, body)
            counts = await self._unless_left(work, work.commit(fed), incoming)
            work.end()
            return self._answers.finished(work.asked, b"", "", counts)
        if not statement.reads:
            found = await self._unless_left(work, work.run(statement), incoming)
            work.end()
            name = work.asked.default_format if found.body else ""
            return self._answers.finished(work.asked, found.body, name, found.counts)
        return await self._unless_left(work, self._begin(work, work.select(statement)), incoming)

    async def _unless_left(
        self, work: Work, doing: Coroutine[Any, Any, _T], incoming: Incoming
    ) -> _T:
        """What the coroutine returns; if the client leaves before, the statement is cancelled."""
        running = asyncio.ensure_future(doing)
        leaving = asyncio.ensure_future(incoming.left())
        await asyncio.wait({running, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            leaving.cancel()
            return running.result()
        running.cancel()
        # It must have let go of the result before that is drained.
        await asyncio.wait({running})
        self._abandon(work)
        raise ClientDisconnect

    async def _begin(self, work: Work, output: Output) -> Response:
        """The response, once its status is known: when enough has come or all of it."""
        spool, complete = await collect(output, None if work.asked.waits else work.asked.held)
        if not complete:
            tag = new_tag()
            counts = await work.counted()
            content = self._content(work, output, spool, tag)
            return self._answers.streamed(work.asked, content, output.format, tag, counts)
        try:
            counts = await output.outcome()
        except BaseException:
            spool.close()
            raise
        work.end()
        return self._answers.complete(work.asked, spool, output.format, counts)

    async def _content(
        self, work: Work, output: Output, begun: IO[bytes], tag: str
    ) -> AsyncIterator[bytes]:
        complete = False
        try:
            with begun:
                while piece := begun.read(_PIECE_BYTES):
                    yield piece
            while piece := await output.read_much():
                yield piece
            try:
                await output.outcome()
            except ClickHouseError as raised:
                yield self._answers.late_error(raised, tag)
            complete = True
            # Before the end of the response: with it the client may use the session again.
            work.end()
        finally:
            if not complete:
                self._abandon(work)

    def _abandon(self, work: Work) -> None:
        """The client has gone; what it asked for is cancelled, however long that takes."""
        work.abandoned = True
        self._shop.waiters.submit(work.abandon)


async def _ok(_: Request) -> Response:
    return PlainTextResponse("Ok.\n")


async def _unknown(request: Request, _: Exception) -> Response:
    text = _HINT.format(path=request.url.path)
    return PlainTextResponse(text, status_code=HTTPStatus.NOT_FOUND)


async def _unsupported(_: Request, __: Exception) -> Response:
    return PlainTextResponse("Not Implemented\n", status_code=HTTPStatus.NOT_IMPLEMENTED)


def _is_too_large(request: Request) -> bool:
    return any(len(value) > _HEADER_BYTES for _, value in request.scope["headers"])


def _plain(request: Request, asked: QueryRequest) -> AsyncIterator[bytes]:
    """The body without HTTP's compression, and without ClickHouse's own inside it."""
    encoding = request.headers.get("content-encoding", "").lower()
    pieces = decoded(request.stream(), encoding)
    return unpacked(pieces, checks=asked.checks_blocks) if asked.unpacks else pieces


async def _nothing() -> AsyncIterator[bytes]:
    nothing: tuple[bytes, ...] = ()
    for piece in nothing:
        yield piece


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("multipart/form-data")
