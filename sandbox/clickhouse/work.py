"""One statement, from the request that brings it to the end of its result."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from functools import partial
from typing import IO, TYPE_CHECKING, TypeVar

from sandbox.clickhouse import external, feeding, rights
from sandbox.clickhouse.engine import QUERY_MARK
from sandbox.clickhouse.lease import Lease
from sandbox.clickhouse.output import Output
from sandbox.clickhouse.statement import insert_head, single, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import ThreadPoolExecutor
    from typing import BinaryIO

    from sandbox.clickhouse.body import Body
    from sandbox.clickhouse.engine import Connection, Counts, Engine
    from sandbox.clickhouse.request import QueryRequest
    from sandbox.clickhouse.sessions import Sessions
    from sandbox.clickhouse.statement import InsertHead, Statement, Token

_T = TypeVar("_T")

# How much of a body is looked at for the head of an INSERT, in turn.
_FRONTS = (1 << 12, 1 << 16)
_SPOOL_BYTES = 64 << 20


@dataclass(frozen=True)
class Workshop:
    """What all statements of a server share.

    Attributes:
        engine: The engine.
        sessions: Its connections.
        runners: Threads the engine works in.
        waiters: Threads that wait for the engine; apart, so that they cannot keep it from working.
    """

    engine: Engine
    sessions: Sessions
    runners: ThreadPoolExecutor
    waiters: ThreadPoolExecutor


class Work:
    """A statement and the connection it has for itself."""

    def __init__(self, shop: Workshop, asked: QueryRequest) -> None:
        self._shop = shop
        self._lease: Lease | None = None
        self._tables: list[str] = []
        self.asked = asked
        self.abandoned = False
        """Its end is in the hands of `abandon`."""

    @property
    def _connection(self) -> Connection:
        if self._lease is None:
            raise RuntimeError(f"Statement {self.asked.query_id} has no connection")
        return self._lease.connection

    async def begin(self) -> None:
        """Takes a connection.

        Raises:
            ClickHouseError: The session is busy, or a setting is refused.
        """
        self._lease = await self._in_thread(lambda: Lease(self._shop.sessions, self.asked))

    async def end(self) -> None:
        """Gives the connection back."""
        await self._in_thread(self.release)

    def release(self) -> None:
        """Gives the connection back, blocking; nothing if it is back."""
        lease, self._lease = self._lease, None
        if lease is None:
            return
        try:
            for name in self._tables:
                external.drop(name, lease.connection)
        finally:
            lease.release()

    async def bring_tables(self, files: Mapping[str, BinaryIO], fields: Mapping[str, str]) -> None:
        """Makes the external tables of the request.

        Raises:
            ClickHouseError: A structure or the data cannot be read.
        """
        for name, file in files.items():
            self._tables.append(name)
            await self._in_thread(partial(external.bring, name, file, fields, self._connection))

    async def parse(self, body: Body) -> tuple[Statement, InsertHead | None]:
        """The statement; of an INSERT with data the head, while the data stay in the body.

        Raises:
            ClickHouseError: There is no statement, or more than one.
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
        connection = self._connection
        return await self._in_thread(lambda: tokens(connection, text))

    def check(self, statement: Statement, method: str) -> None:
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
            method=method,
        )

    async def run(self, statement: Statement) -> tuple[bytes, Counts]:
        """Runs a statement that is neither SELECT nor brings data.

        Raises:
            ClickHouseError: The engine refuses it, or it fails.
        """
        if self._lease is not None:
            self._lease.note(statement)
        if statement.keyword == "KILL":
            # The engine runs everything under ids of its own; clients know theirs.
            statement = statement.with_word("query_id", f"Settings['{QUERY_MARK}']")
        connection = self._connection
        found = await self._in_thread(
            lambda: connection.run(statement.text, self.asked.default_format, self.asked.parameters)
        )
        return found.body, found.counts

    async def insert(self, head: InsertHead, body: Body) -> Counts:
        """Feeds the data of an INSERT to the engine as they arrive.

        Raises:
            ClickHouseError: The engine refuses the statement or the data.
        """
        return await feeding.insert(
            head,
            body.pieces(),
            self._connection,
            self.asked.parameters,
            runners=self._shop.runners,
            writers=self._shop.waiters,
            kill=lambda: self._shop.engine.kill(self.asked.query_id),
        )

    def select(self, statement: Statement) -> Output:
        """Starts a SELECT."""
        return Output(
            statement,
            self._connection,
            default_format=self.asked.default_format,
            parameters=self.asked.parameters,
            runners=self._shop.runners,
            readers=self._shop.waiters,
        )

    def abandon(self, output: Output) -> None:
        """Cancels a SELECT whose reader has gone, and gives the connection back. Blocks."""
        try:
            output.abandon(self._shop.engine, self.asked.query_id)
        finally:
            self.release()

    async def _in_thread(self, call: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._shop.runners, call)


async def collect(output: Output, first: bytes) -> tuple[IO[bytes], Counts]:
    """The whole result, in memory while it is small, else in a file that has no name.

    Raises:
        ClickHouseError: The statement failed.
    """
    spool = tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES)  # noqa: SIM115 - closed below or by the caller
    try:
        piece = first
        while piece:
            spool.write(piece)
            piece = await output.read()
        counts = await output.outcome()
    except BaseException:
        spool.close()
        raise
    spool.seek(0)
    return spool, counts
