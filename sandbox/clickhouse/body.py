"""The body of a request: looked at from the front, then streamed or read to its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sandbox.clickhouse.errors import ClickHouseError, Code, refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Message, Receive

_PIECE_BYTES = 1 << 20
_STATEMENT_BYTES = 256 << 20
RECEIVE_SECONDS = 30
"""As on a server: the default of http_receive_timeout."""


class Body:
    """Bytes that arrive; each is handed out once. Nothing is written to disk."""

    def __init__(self, arriving: AsyncIterator[bytes]) -> None:
        self._arriving = arriving
        self._held = bytearray()

    async def look(self, size: int) -> tuple[bytes, bool]:
        """The first bytes, which stay in the body, and whether they are all of it."""
        complete = not await self._hold(size)
        return bytes(self._held[:size]), complete

    def skip(self, size: int) -> None:
        """Drops bytes that were looked at."""
        del self._held[:size]

    def put_before(self, content: bytes) -> None:
        """Puts bytes in front of what is to come."""
        self._held[:0] = content

    async def whole(self) -> bytes:
        """All that is left.

        Raises:
            ClickHouseError: A statement without data is longer than this server holds.
        """
        if await self._hold(_STATEMENT_BYTES):
            raise refusal(
                Code.QUERY_IS_TOO_LARGE, f"A statement is longer than {_STATEMENT_BYTES} bytes"
            )
        return self._taken()

    async def pieces(self) -> AsyncIterator[bytes]:
        """All that is left, in pieces of about a megabyte."""
        more = True
        while more:
            more = await self._hold(_PIECE_BYTES)
            if content := self._taken():
                yield content

    async def _hold(self, size: int) -> bool:
        """Waits for that many bytes; whether they came, so that more may be on the way."""
        while len(self._held) < size:
            piece = await anext(self._arriving, None)
            if piece is None:
                return False
            self._held += piece
        return True

    def _taken(self) -> bytes:
        content = bytes(self._held)
        self._held.clear()
        return content


class Incoming:
    """The ASGI messages of a request, with an eye on whether its body has arrived whole.

    Attributes:
        patience: Seconds to wait for the next piece of the body.
    """

    def __init__(self, receive: Receive, *, expects_continue: bool) -> None:
        """Takes over a request.

        Args:
            receive: ASGI's own.
            expects_continue: The client sends its body only once it is asked for.
        """
        self._receive = receive
        self._complete = False
        self._watches = False
        self._comes = not expects_continue
        self.patience: float = RECEIVE_SECONDS

    async def receive(self) -> Message:
        """The next message.

        Raises:
            ClickHouseError: The client has stopped sending.
        """
        self._comes = True
        try:
            async with asyncio.timeout(None if self._watches else self.patience):
                message = await self._receive()
        except TimeoutError as raised:
            self._comes = False
            raise refusal(
                Code.SOCKET_TIMEOUT,
                f"Timeout exceeded while reading from socket ({self.patience} s)",
            ) from raised
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            self._complete = True
        return message

    async def discard(self) -> bool:
        """Reads the rest: a client that is still sending could not read the answer.

        Returns:
            Whether the connection can be used again: the body has come to its end.
        """
        while self._comes and not self._complete:
            try:
                await self.receive()
            except ClickHouseError:
                # It neither sends nor leaves; it gets its answer all the same.
                break
        return self._complete

    async def left(self) -> None:
        """Returns when the client has gone. Nobody else may want what is left of the body."""
        self._watches = True
        while (await self.receive())["type"] != "http.disconnect":
            pass
