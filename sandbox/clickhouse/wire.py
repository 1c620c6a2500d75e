"""HTTP responses whose head begins before their status is known.

A server that is asked for progress sends `X-ClickHouse-Progress` headers while a statement runs,
one at a time: behind a status line that says 200, before it knows the outcome. ASGI sends a head
at once, so this is done below it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

_STATUS = b"HTTP/1.1 200 OK\r\n"
_END_OF_LINE = b"\r\n"


class EarlyHead:
    """The head of one response. For the event loop's thread."""

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle
        self._transport = cycle.transport
        self._begun = False

    def add(self, name: str, value: str) -> None:
        """Sends a header now, unless the head is complete or the client has gone."""
        if self._cycle.response_started or self._cycle.disconnected:
            return
        if not self._begun:
            self._begun = True
            self._transport.write(_STATUS)
            self._cycle.transport = _WithoutStatus(self._transport)
        self._transport.write(f"{name}: {value}\r\n".encode("latin-1"))


class _WithoutStatus(asyncio.Transport):
    """Leaves out the first line that is written: the status line, which is sent already."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._inside = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._inside:
            self._inside = True
            _, _, data = bytes(data).partition(_END_OF_LINE)
        self._transport.write(data)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        self._transport.close()


class Protocol(HttpToolsProtocol):
    """HTTP as uvicorn speaks it; every request has its `EarlyHead` in `state`."""

    def on_headers_complete(self) -> None:
        """A request has come, without its body."""
        super().on_headers_complete()
        self.scope["state"]["early_head"] = EarlyHead(self.cycle)
