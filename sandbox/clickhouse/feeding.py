"""Data of an INSERT on their way into the engine, as they arrive and never on disk.

The engine reads them `FROM INFILE` of an unnamed pipe: so it fails as a server does when a
constraint or a view refuses a row. (Its own interface for data in pieces, `send_insert`, loses
such rows and says that all is well.)
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from concurrent.futures import Future, ThreadPoolExecutor
    from typing import BinaryIO

    from sandbox.clickhouse.engine import Counts

_PIECE_BYTES = 1 << 20
_RETRY_SECONDS = 0.01


async def feed(
    pieces: AsyncIterator[bytes],
    run: Callable[[str], Counts],
    *,
    runners: ThreadPoolExecutor,
    writers: ThreadPoolExecutor,
    kill: Callable[[], bool],
) -> Callable[[], Counts]:
    """Runs an INSERT until all its data are handed to the engine.

    Args:
        pieces: The data.
        run: Runs the statement with its data in the file of that path, blocking.
        runners: Threads the engine works in.
        writers: Threads that wait for it.
        kill: Cancels the statement if it runs, and says whether it did.

    Returns:
        What waits for the commit, blocking, and counts the data; it raises ClickHouseError if the
        engine refuses them.

    Raises:
        ClickHouseError: The data cannot be decoded, or the statement is cancelled. As on a
            server, blocks before the bad one may be committed.
    """
    loop = asyncio.get_running_loop()
    source, sink = os.pipe2(os.O_CLOEXEC)
    fcntl.fcntl(sink, fcntl.F_SETPIPE_SZ, _PIECE_BYTES)
    running = runners.submit(_reading, run, source)
    try:
        async for piece in pieces:
            await loop.run_in_executor(writers, _write, sink, piece)
    except BrokenPipeError:
        # The engine has given up; the reason is its own error, raised by the result.
        return running.result
    except BaseException:
        # The end of the pipe would look like the end of the data.
        await asyncio.shield(loop.run_in_executor(writers, _stop, running, kill))
        raise
    finally:
        os.close(sink)
    return running.result


def pour(file: BinaryIO, run: Callable[[str], Counts]) -> Counts:
    """Runs an INSERT with the data of an open file. Blocks.

    Raises:
        ClickHouseError: The engine refuses them.
    """
    source, sink = os.pipe2(os.O_CLOEXEC)

    def write() -> None:
        try:
            while piece := file.read(_PIECE_BYTES):
                _write(sink, piece)
        except BrokenPipeError:
            # The engine has given up and says why.
            return
        finally:
            os.close(sink)

    writer = threading.Thread(target=write, name="pour")
    writer.start()
    try:
        return _reading(run, source)
    finally:
        writer.join()


def _reading(run: Callable[[str], Counts], source: int) -> Counts:
    try:
        return run(f"/proc/self/fd/{source}")
    finally:
        # A writer that still waits for room learns that nobody reads any more.
        os.close(source)


def _stop(running: Future[Counts], kill: Callable[[], bool]) -> None:
    """Returns once the statement is cancelled, though it may not have begun yet."""
    while not (running.done() or kill()):
        time.sleep(_RETRY_SECONDS)


def _write(sink: int, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(sink, rest) :]
