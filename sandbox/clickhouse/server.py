"""ClickHouse's HTTP interface over the embedded engine."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sandbox.clickhouse import request as requests_
from sandbox.clickhouse.answers import Answers, new_tag
from sandbox.clickhouse.body import Body, Incoming
from sandbox.clickhouse.encodings import decoded
from sandbox.clickhouse.errors import ClickHouseError, Code, refusal
from sandbox.clickhouse.sessions import Sessions
from sandbox.clickhouse.work import Work, Workshop, collect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import BinaryIO

    from sandbox.clickhouse.engine import Engine
    from sandbox.clickhouse.output import Output
    from sandbox.clickhouse.request import Gate
    from sandbox.clickhouse.statement import InsertHead, Statement

_RUNNERS = 100
_FIELD_BYTES = 256 << 20
_CLIENT_CLOSED_REQUEST = 499


class Server:
    """Answers requests."""

    def __init__(self, engine: Engine, gate: Gate) -> None:
        self._engine = engine
        self._gate = gate
        self._answers = Answers(engine)
        self._shop = Workshop(
            engine,
            Sessions(engine),
            runners=ThreadPoolExecutor(_RUNNERS, thread_name_prefix="run"),
            waiters=ThreadPoolExecutor(2 * _RUNNERS, thread_name_prefix="wait"),
        )
        self._running: set[str] = set()

    def application(self) -> Starlette:
        """The ASGI application; when it ends, what still runs is cancelled."""

        @asynccontextmanager
        async def life(_: Starlette) -> AsyncIterator[None]:
            yield
            self.cancel_all()
            self._shop.waiters.shutdown()
            self._shop.runners.shutdown()
            self._shop.sessions.close()
            self._engine.close()

        return Starlette(
            routes=[
                Route("/ping", _ok),
                Route("/replicas_status", _ok),
                Route("/", self._root, methods=["GET", "POST"]),
                Route("/query", self._root, methods=["GET", "POST"]),
            ],
            lifespan=life,
        )

    def cancel_all(self) -> None:
        """Cancels every statement under way. Blocks for a moment."""
        for query_id in tuple(self._running):
            self._engine.kill(query_id)

    async def _root(self, request: Request) -> Response:
        if request.method != "POST" and "query" not in request.query_params:
            return await _ok(request)
        incoming = Incoming(request.receive)
        try:
            return await self._answer(Request(request.scope, incoming.receive), incoming)
        except ClientDisconnect:
            return Response(status_code=_CLIENT_CLOSED_REQUEST)
        except ClickHouseError as raised:
            await incoming.discard()
            return self._answers.error(raised, request.query_params.get("query_id", ""))

    async def _answer(self, request: Request, incoming: Incoming) -> Response:
        user = self._gate.admit(request.query_params, request.headers)
        fields: dict[str, str] = dict(request.query_params)
        files: dict[str, BinaryIO] = {}
        if _is_form(request):
            form = await request.form(max_part_size=_FIELD_BYTES)
            for name, value in form.items():
                if isinstance(value, UploadFile):
                    files[name] = value.file
                else:
                    fields[name] = value
            body = Body(_nothing())
        else:
            encoding = request.headers.get("content-encoding", "").lower()
            body = Body(decoded(request.stream(), encoding))
        tables = [f"{name}_{part}" for name in files for part in ("format", "structure", "types")]
        settings = {name: value for name, value in fields.items() if name not in tables}
        work = Work(self._shop, requests_.read(user, settings, request.headers))
        self._register(work)
        try:
            await work.begin()
            await work.bring_tables(files, fields)
            statement, head = await work.parse(body)
            work.check(statement, request.method)
            return await self._respond(work, statement, head, body, incoming)
        except BaseException:
            if not work.abandoned:
                await self._close(work)
            raise

    def _register(self, work: Work) -> None:
        if work.asked.query_id in self._running:
            raise refusal(
                Code.QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING,
                f"Query with id = {work.asked.query_id} is already running.",
            )
        self._running.add(work.asked.query_id)

    async def _close(self, work: Work) -> None:
        self._running.discard(work.asked.query_id)
        await work.end()

    async def _respond(
        self,
        work: Work,
        statement: Statement,
        head: InsertHead | None,
        body: Body,
        incoming: Incoming,
    ) -> Response:
        if head is not None:
            counts = await work.insert(head, body)
            await self._close(work)
            return self._answers.finished(work.asked, b"", "", counts)
        if not statement.reads:
            found, counts = await work.run(statement)
            await self._close(work)
            name = work.asked.default_format if found else ""
            return self._answers.finished(work.asked, found, name, counts)
        return await self._select(work, work.select(statement), incoming)

    async def _select(self, work: Work, output: Output, incoming: Incoming) -> Response:
        reading = asyncio.ensure_future(self._begin(work, output))
        leaving = asyncio.ensure_future(incoming.left())
        try:
            await asyncio.wait({reading, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                return reading.result()
        finally:
            leaving.cancel()
            if not reading.done():
                reading.cancel()
                self._abandon(work, output)
        raise ClientDisconnect

    async def _begin(self, work: Work, output: Output) -> Response:
        """The response, once its status is known: at the first bytes or, if asked, at the end."""
        first = await output.read()
        if first and not work.asked.waits:
            tag = new_tag()
            content = self._content(work, output, first, tag)
            return self._answers.streamed(work.asked, content, output.format, tag)
        spool, counts = await collect(output, first)
        await self._close(work)
        return self._answers.spooled(work.asked, spool, output.format, counts)

    async def _content(
        self, work: Work, output: Output, first: bytes, tag: str
    ) -> AsyncIterator[bytes]:
        complete = False
        try:
            piece = first
            while piece:
                yield piece
                piece = await output.read()
            try:
                await output.outcome()
            except ClickHouseError as raised:
                yield self._answers.late_error(raised, tag)
            complete = True
            # Before the end of the response: with it the client may use the session again.
            await self._close(work)
        finally:
            if not complete:
                self._abandon(work, output)

    def _abandon(self, work: Work, output: Output) -> None:
        """The client has gone; what it asked for is cancelled, however long that takes."""

        def cancel() -> None:
            try:
                work.abandon(output)
            finally:
                self._running.discard(work.asked.query_id)

        work.abandoned = True
        self._shop.waiters.submit(cancel)


async def _ok(_: Request) -> Response:
    return PlainTextResponse("Ok.\n")


async def _nothing() -> AsyncIterator[bytes]:
    nothing: tuple[bytes, ...] = ()
    for piece in nothing:
        yield piece


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("multipart/form-data")
