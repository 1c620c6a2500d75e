"""The body of a request: looked at from the front, then streamed or read to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.clickhouse.errors import Code, refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Message, Receive

_PIECE_BYTES = 1 << 20
_STATEMENT_BYTES = 256 << 20


class Body:
    """Bytes that arrive; each is handed out once. Nothing is written to disk."""

    def __init__(self, arriving: AsyncIterator[bytes]) -> None:
        self._arriving = arriving
        self._held = bytearray()

    async def look(self, size: int) -> tuple[bytes, bool]:
        """The first bytes, which stay in the body, and whether they are all of it."""
        while len(self._held) < size:
            piece = await anext(self._arriving, None)
            if piece is None:
                return bytes(self._held), True
            self._held += piece
        return bytes(self._held), False

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
        content, complete = await self.look(_STATEMENT_BYTES)
        if not complete:
            raise refusal(
                Code.QUERY_IS_TOO_LARGE, f"A statement is longer than {_STATEMENT_BYTES} bytes"
            )
        self._held.clear()
        return content

    async def pieces(self) -> AsyncIterator[bytes]:
        """All that is left, in pieces of about a megabyte."""
        while True:
            content, complete = await self.look(_PIECE_BYTES)
            self._held.clear()
            if content:
                yield content
            if complete:
                return


class Incoming:
    """The ASGI messages of a request, with an eye on whether its body has arrived whole."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._complete = False

    async def receive(self) -> Message:
        """The next message."""
        message = await self._receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            self._complete = True
        return message

    async def discard(self) -> None:
        """Reads the rest: a client that is still sending could not read the answer."""
        while not self._complete:
            await self.receive()

    async def left(self) -> None:
        """Returns when the client has gone. Nobody else may want what is left of the body."""
        while (await self.receive())["type"] != "http.disconnect":
            pass
