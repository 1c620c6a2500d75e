"""The result of a running SELECT: the engine writes into a pipe, the response reads from it.

So a result of any size passes in constant memory, in the exact bytes of its format, and a slow
client slows the engine down. The pipe has no name and nothing touches the disk.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import select
from concurrent.futures import wait
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future, ThreadPoolExecutor

    from sandbox.clickhouse.engine import Connection, Counts, Engine
    from sandbox.clickhouse.statement import Statement

_PIPE_BYTES = 1 << 20
_RETRY_SECONDS = 0.2


class Output:
    """One SELECT on its way."""

    def __init__(
        self,
        statement: Statement,
        connection: Connection,
        *,
        default_format: str,
        parameters: Mapping[str, str],
        runners: ThreadPoolExecutor,
        readers: ThreadPoolExecutor,
    ) -> None:
        """Starts the statement.

        Args:
            statement: The SELECT.
            connection: Where it runs; the caller's until the outcome is known.
            default_format: Where the statement names none.
            parameters: Values of `{name:Type}`.
            runners: Threads the engine works in.
            readers: Threads that wait for the pipe; apart from the runners, so that waiting
                readers cannot keep the writers from starting.
        """
        self._readers = readers
        self._source, self._sink = os.pipe2(os.O_CLOEXEC)
        fcntl.fcntl(self._sink, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        text, self.format = statement.with_output(f"/proc/self/fd/{self._sink}", default_format)
        self._run: Future[Counts] = runners.submit(self._write, connection, text, parameters)
        self._pending: Future[bytes] | None = None

    def _write(self, connection: Connection, text: bytes, parameters: Mapping[str, str]) -> Counts:
        try:
            return connection.run(text, parameters=parameters).counts
        finally:
            # The reader sees the end when the last writer closes; the engine has closed its own.
            os.close(self._sink)

    async def read(self) -> bytes:
        """The next bytes; empty at the end, be it good or bad."""
        self._pending = self._readers.submit(os.read, self._source, _PIPE_BYTES)
        return await asyncio.wrap_future(self._pending)

    async def outcome(self) -> Counts:
        """What the ended statement counted. To be called once everything is read.

        Raises:
            ClickHouseError: It failed.
        """
        try:
            return await asyncio.wrap_future(self._run)
        finally:
            os.close(self._source)

    def abandon(self, engine: Engine, query_id: str) -> None:
        """Cancels the statement and waits until the engine let go of it. Blocks."""
        engine.kill(query_id)
        while self._pending is not None and not self._pending.done():
            wait([self._pending], timeout=_RETRY_SECONDS)
            engine.kill(query_id)
        # An engine that is blocked by a full pipe sees the cancellation once it is drained; one
        # that had not begun yet sees the next.
        while True:
            readable, _, _ = select.select([self._source], [], [], _RETRY_SECONDS)
            if not readable:
                engine.kill(query_id)
            elif not os.read(self._source, _PIPE_BYTES):
                break
        wait([self._run])
        os.close(self._source)
