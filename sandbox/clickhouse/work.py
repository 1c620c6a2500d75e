"""One statement, from request to result."""

from __future__ import annotations

import asyncio
import concurrent.futures
import tempfile
from dataclasses import dataclass, replace
from functools import partial
from typing import IO, TYPE_CHECKING, Any, TypeVar

from sandbox.clickhouse import external, feeding, rights, user_files
from sandbox.clickhouse.engine import QUERY_MARK
from sandbox.clickhouse.lease import Lease
from sandbox.clickhouse.output import Output
from sandbox.clickhouse.statement import insert_head, single, tokens

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from concurrent.futures import Future, ThreadPoolExecutor
    from typing import BinaryIO

    from sandbox.clickhouse.body import Body
    from sandbox.clickhouse.engine import Connection, Counts, Engine, Result
    from sandbox.clickhouse.progress import Progress
    from sandbox.clickhouse.request import QueryRequest
    from sandbox.clickhouse.running import Run, Runs
    from sandbox.clickhouse.sessions import Sessions
    from sandbox.clickhouse.statement import InsertHead, Statement, Token

_T = TypeVar("_T")

# How much of a body is looked at for the head of an INSERT, in turn.
_FRONTS = (1 << 12, 1 << 16)
_SPOOL_BYTES = 64 << 20
_RETRY_SECONDS = 0.2


@dataclass(frozen=True)
class Workshop:
    """What all statements of a server share.

    Attributes:
        engine: The engine.
        sessions: Its connections.
        runs: The statements under way.
        runners: Threads the engine works in.
        readers: Threads that wait for its results; apart, so that they cannot keep it from working.
        waiters: Threads that feed it and cancel what it does; apart for the same reason.
    """

    engine: Engine
    sessions: Sessions
    runs: Runs
    runners: ThreadPoolExecutor
    readers: ThreadPoolExecutor
    waiters: ThreadPoolExecutor


class Work:
    """A statement and the connection it has for itself."""

    def __init__(self, shop: Workshop, asked: QueryRequest, progress: Progress) -> None:
        """Enters the statement.

        Raises:
            ClickHouseError: Another one runs under its id.
        """
        self._shop = shop
        self._progress = progress
        self._lease: Lease | None = None
        self._tables: list[str] = []
        self._output: Output | None = None
        self._doing: Future[Any] | None = None
        self._run: Run = shop.runs.begin(asked.query_id)
        self.asked = asked
        self.abandoned = False
        """Its end is in the hands of `abandon`."""

    def end(self) -> None:
        """Gives the connection back and takes the statement out; blocks if it has not run."""
        try:
            self._release()
        finally:
            self._shop.runs.end(self._run)

    async def bring_tables(self, files: Mapping[str, BinaryIO], fields: Mapping[str, str]) -> None:
        """Makes the external tables of the request.

        Raises:
            ClickHouseError: A structure or the data cannot be read.
        """
        for name, file in files.items():
            self._tables.append(name)
            await self._in_thread(partial(self._bring, name, file, fields))

    def _bring(self, name: str, file: BinaryIO, fields: Mapping[str, str]) -> None:
        external.bring(name, file, fields, self._connection())

    async def parse(self, body: Body) -> tuple[Statement, InsertHead | None]:
        """The statement; of an INSERT with data the head, while the data stay in the body.

        Raises:
            ClickHouseError: There is no statement, or more than one; or the session is busy, or
                a setting is refused.
        """
        if self.asked.query:
            return await self._parse_parameter(
                self.asked.query.encode("utf-8", "surrogateescape"), body
            )
        for size in _FRONTS:
            front, complete = await body.look(size)
            found = await self._tokens(front)
            head = insert_head(front, found)
            if head is not None:
                body.skip(head.data_begin)
                return head.statement, head
            if complete:
                return single(front, found), None
        return await self._parse_whole(await body.whole(), body)

    async def _parse_parameter(
        self, text: bytes, body: Body
    ) -> tuple[Statement, InsertHead | None]:
        found = await self._tokens(text)
        head = insert_head(text, found)
        if head is not None:
            body.put_before(text[head.data_begin :])
            return head.statement, head
        if rest := await body.whole():
            return await self._parse_whole(text + b"\n" + rest, body)
        return single(text, found), None

    async def _parse_whole(self, text: bytes, body: Body) -> tuple[Statement, InsertHead | None]:
        found = await self._tokens(text)
        head = insert_head(text, found)
        if head is None:
            return single(text, found), None
        body.put_before(text[head.data_begin :])
        return head.statement, head

    async def _tokens(self, text: bytes) -> list[Token]:
        return await self._in_thread(lambda: tokens(self._connection(), text))

    def check(self, statement: Statement) -> None:
        """Holds the statement to the rights of its user.

        Raises:
            ClickHouseError: It is not allowed.
        """
        rights.check(
            statement,
            self.asked.user,
            self._shop.engine.table_functions,
            parameters=self.asked.parameters,
            database=self.asked.database,
            method=self.asked.method,
        )
        user_files.check(statement, self._shop.engine.user_files)

    async def run(self, statement: Statement) -> Result:
        """Runs a statement that is neither SELECT nor brings data.

        Raises:
            ClickHouseError: The engine refuses it, or it fails.
        """
        if self._lease is not None:
            self._lease.note(statement)
        doing = self._shop.runners.submit(self._ended(self._run_whole), statement)
        self._doing = doing
        return await asyncio.wrap_future(doing)

    def _run_whole(self, statement: Statement) -> Result:
        connection = self._connection()
        if statement.keyword == "KILL":
            # The engine runs everything under ids of its own; clients know theirs.
            statement = statement.with_word("query_id", f"Settings['{QUERY_MARK}']")
            self._shop.runs.mark(_to_be_killed(statement, connection))
        if statement.inserts:
            statement = statement.as_seen_by(self.asked.user.name)
        return connection.run(
            statement.text,
            self.asked.default_format,
            self.asked.parameters,
            self._progress.note,
        )

    async def feed(self, head: InsertHead, body: Body) -> Callable[[], Counts]:
        """Feeds the data of an INSERT to the engine as they arrive.

        Returns:
            What commits them; for `commit`.

        Raises:
            ClickHouseError: The engine refuses the statement or the data, or it is cancelled.
        """

        def run(path: str) -> Counts:
            counts = (
                self._connection()
                .run(
                    head.reading(path), parameters=self.asked.parameters, watch=self._progress.note
                )
                .counts
            )
            # The engine takes the rows of a file for a result.
            return replace(counts, read_rows=counts.result_rows, read_bytes=counts.result_bytes)

        return await feeding.feed(
            self._while_it_stands(body.pieces()),
            run,
            runners=self._shop.runners,
            writers=self._shop.waiters,
            kill=self._kill,
        )

    async def _while_it_stands(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in pieces:
            self._run.must_stand()
            yield piece

    async def commit(self, fed: Callable[[], Counts]) -> Counts:
        """Commits what `feed` has fed.

        Raises:
            ClickHouseError: The engine refuses the data at last, or it is cancelled.
        """

        def finish() -> Counts:
            counts = fed()
            self._run.must_stand()
            return counts

        doing = self._shop.runners.submit(self._ended(finish))
        self._doing = doing
        return await asyncio.wrap_future(doing)

    def select(self, statement: Statement) -> Output:
        """Starts a SELECT."""

        def run(text: bytes) -> Counts:
            return (
                self._connection()
                .run(text, parameters=self.asked.parameters, watch=self._progress.note)
                .counts
            )

        self._output = Output(
            statement.as_seen_by(self.asked.user.name),
            default_format=self.asked.default_format,
            run=run,
            done=self._release,
            runners=self._shop.runners,
            readers=self._shop.readers,
        )
        return self._output

    async def counted(self) -> Counts:
        """What the running statement has counted so far."""
        engine, query_id = self._shop.engine, self.asked.query_id
        return await self._in_thread(lambda: engine.counts(query_id)) or self._progress.known

    def abandon(self) -> None:
        """Cancels what runs, waits for its end, and gives the connection back. Blocks."""
        try:
            if self._output is not None:
                self._output.abandon(self._kill)
            elif self._doing is not None:
                while not self._doing.done():
                    self._kill()
                    concurrent.futures.wait((self._doing,), _RETRY_SECONDS)
        finally:
            self.end()

    def _kill(self) -> bool:
        return self._shop.runs.cancel(self.asked.query_id)

    def _connection(self) -> Connection:
        """The connection, taken when first asked for; then this blocks."""
        if self._lease is None:
            self._lease = Lease(self._shop.sessions, self.asked)
        return self._lease.connection

    def _ended(self, call: Callable[..., _T]) -> Callable[..., _T]:
        """The call with the connection given back at its end, in the same thread."""

        def run(*arguments: Statement) -> _T:
            try:
                return call(*arguments)
            finally:
                self._release()

        return run

    def _release(self) -> None:
        lease, self._lease = self._lease, None
        if lease is None:
            return
        try:
            for name in self._tables:
                external.drop(name, lease.connection)
        finally:
            lease.release()

    async def _in_thread(self, call: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._shop.runners, call)


def _to_be_killed(kill: Statement, connection: Connection) -> list[str]:
    condition = kill.kill_condition()
    if condition is None:
        return []
    text = f"SELECT Settings['{QUERY_MARK}'] FROM system.processes WHERE ".encode() + condition  # noqa: S608
    return [query_id for [query_id] in connection.rows(text.decode("utf-8", "surrogateescape"))]


async def collect(output: Output, limit: int | None) -> tuple[IO[bytes], bool]:
    """The beginning of a result, in memory while it is small, else in a file that has no name.

    Args:
        output: The result.
        limit: Bytes to hold; None for all of it.

    Returns:
        The bytes, and whether they are all.
    """
    spool = tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES)  # noqa: SIM115 - closed below or by the caller
    held = 0
    try:
        while limit is None or held < limit:
            piece = await output.read()
            if not piece:
                spool.seek(0)
                return spool, True
            held += spool.write(piece)
    except BaseException:
        spool.close()
        raise
    spool.seek(0)
    return spool, False
