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
    from collections.abc import Callable
    from concurrent.futures import Future, ThreadPoolExecutor

    from sandbox.clickhouse.engine import Counts
    from sandbox.clickhouse.statement import Statement

_PIPE_BYTES = 1 << 20
_RETRY_SECONDS = 0.2
# Measured: smaller pieces and larger ones pass more slowly.
_ENOUGH_BYTES = 256 << 10
_GATHER_SECONDS = 0.001


class Output:
    """One SELECT on its way."""

    def __init__(
        self,
        statement: Statement,
        *,
        default_format: str,
        run: Callable[[bytes], Counts],
        done: Callable[[], None],
        runners: ThreadPoolExecutor,
        readers: ThreadPoolExecutor,
    ) -> None:
        """Starts the statement.

        Args:
            statement: The SELECT.
            default_format: Where the statement names none.
            run: Runs a text to its end, blocking.
            done: Called once it has run, in the thread it ran in.
            runners: Threads the engine works in.
            readers: Threads that wait for the pipe; apart from the runners, so that waiting
                readers cannot keep the writers from starting.
        """
        self._readers = readers
        self._pending: Future[bytes] | None = None
        self._source, self._sink = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        # The engine writes by the name of the pipe, and that descriptor waits.
        fcntl.fcntl(self._sink, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        text, self.format = statement.with_output(f"/proc/self/fd/{self._sink}", default_format)
        self._run: Future[Counts] = runners.submit(self._write, run, text, done)

    def _write(
        self, run: Callable[[bytes], Counts], text: bytes, done: Callable[[], None]
    ) -> Counts:
        try:
            return run(text)
        finally:
            try:
                done()
            finally:
                # The reader sees the end when the last writer closes; the engine has closed its
                # own. The reader then finds the connection given back.
                os.close(self._sink)

    async def read(self) -> bytes:
        """The next bytes; empty at the end, be it good or bad."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                return os.read(self._source, _PIPE_BYTES)
            except BlockingIOError:
                await _readable(loop, self._source)

    async def read_much(self) -> bytes:
        """As `read`, in large pieces, gathered while the last one is being sent."""
        self._pending = self._readers.submit(self._gather)
        return await asyncio.wrap_future(self._pending)

    def _gather(self) -> bytes:
        gathered = bytearray()
        while len(gathered) < _ENOUGH_BYTES:
            timeout = _GATHER_SECONDS if gathered else None
            readable, _, _ = select.select([self._source], [], [], timeout)
            piece = os.read(self._source, _PIPE_BYTES) if readable else b""
            if not piece:
                break
            gathered += piece
        return bytes(gathered)

    async def outcome(self) -> Counts:
        """What the ended statement counted. To be called once everything is read.

        Raises:
            ClickHouseError: It failed.
        """
        try:
            return await asyncio.wrap_future(self._run)
        finally:
            os.close(self._source)

    def abandon(self, kill: Callable[[], object]) -> None:
        """Cancels the statement and waits until the engine let go of it. Blocks."""
        kill()
        while self._pending is not None and not self._pending.done():
            wait([self._pending], timeout=_RETRY_SECONDS)
            kill()
        # An engine that is blocked by a full pipe sees the cancellation once it is drained; one
        # that had not begun yet sees the next.
        while True:
            readable, _, _ = select.select([self._source], [], [], _RETRY_SECONDS)
            if not readable:
                kill()
            elif not os.read(self._source, _PIPE_BYTES):
                break
        wait([self._run])
        os.close(self._source)


async def _readable(loop: asyncio.AbstractEventLoop, source: int) -> None:
    ready: asyncio.Future[None] = loop.create_future()

    def tell() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(source, tell)
    try:
        await ready
    finally:
        loop.remove_reader(source)
