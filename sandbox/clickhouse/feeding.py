"""Data of an INSERT on their way into the engine, as they arrive and never on disk."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from concurrent.futures import ThreadPoolExecutor

    from sandbox.clickhouse.engine import Connection, Counts
    from sandbox.clickhouse.statement import InsertHead


async def feed(
    head: InsertHead,
    pieces: AsyncIterator[bytes],
    connection: Connection,
    parameters: Mapping[str, str],
    *,
    runners: ThreadPoolExecutor,
    writers: ThreadPoolExecutor,
    kill: Callable[[], None],
) -> Callable[[], Counts]:
    """Runs an INSERT until all its data are handed to the engine.

    Args:
        head: The statement and the format of the data.
        pieces: The data.
        connection: Where it runs.
        parameters: Values of `{name:Type}`.
        runners: Threads the engine works in.
        writers: Threads that wait for it.
        kill: Cancels the statement.

    Returns:
        What commits the data, blocking, and counts them; it raises ClickHouseError if the engine
        refuses them at last.

    Raises:
        ClickHouseError: The engine refuses the statement or the data. As on a server, blocks
            before the bad one may be committed.
    """
    if head.input_call is not None:
        return await _through_input(
            head, pieces, connection, parameters, runners=runners, writers=writers, kill=kill
        )
    return await _direct(head, pieces, connection, parameters, runners)


async def _direct(
    head: InsertHead,
    pieces: AsyncIterator[bytes],
    connection: Connection,
    parameters: Mapping[str, str],
    runners: ThreadPoolExecutor,
) -> Callable[[], Counts]:
    loop = asyncio.get_running_loop()
    if parameters:
        bound = {f"param_{name}": value for name, value in parameters.items()}
        await loop.run_in_executor(runners, connection.set, bound)
    feed = await loop.run_in_executor(runners, connection.insert, head.statement.text, head.format)
    try:
        async for piece in pieces:
            await loop.run_in_executor(runners, feed.append, piece)
    except BaseException:
        await asyncio.shield(loop.run_in_executor(runners, feed.cancel))
        raise
    return feed.finish


async def _through_input(
    head: InsertHead,
    pieces: AsyncIterator[bytes],
    connection: Connection,
    parameters: Mapping[str, str],
    *,
    runners: ThreadPoolExecutor,
    writers: ThreadPoolExecutor,
    kill: Callable[[], None],
) -> Callable[[], Counts]:
    """`INSERT … SELECT … FROM input(…)`: the engine reads the data from a pipe."""
    loop = asyncio.get_running_loop()
    source, sink = os.pipe2(os.O_CLOEXEC)

    def run() -> Counts:
        try:
            text = head.reading(f"/proc/self/fd/{source}")
            return connection.run(text, parameters=parameters).counts
        finally:
            # A writer that still waits for room learns that nobody reads any more.
            os.close(source)

    running = runners.submit(run)
    try:
        async for piece in pieces:
            await loop.run_in_executor(writers, _write, sink, piece)
    except BrokenPipeError:
        # The engine has given up; the reason is its own error, raised by the result.
        return running.result
    except BaseException:
        # The end of the pipe would look like the end of the data.
        await asyncio.shield(loop.run_in_executor(writers, kill))
        raise
    finally:
        os.close(sink)
    return running.result


def _write(sink: int, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(sink, rest) :]
