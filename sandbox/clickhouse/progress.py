"""How far a statement has got: for the summary of its answer, and on the way for who asks."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

from sandbox.clickhouse.engine import Counts

if TYPE_CHECKING:
    from sandbox.clickhouse.wire import EarlyHead


class Progress:
    """The counts of one running statement.

    Attributes:
        known: The latest.
    """

    def __init__(self, head: EarlyHead, every: float | None) -> None:
        """Begins to count.

        Args:
            head: Where progress is told.
            every: Seconds between two headers; None for no headers.
        """
        self.known = Counts()
        self._head = head
        self._every = every
        self._told = time.monotonic()
        self._loop = asyncio.get_running_loop()

    def note(self, counts: Counts) -> None:
        """Takes new counts, from any thread."""
        self.known = counts
        now = time.monotonic()
        if self._every is None or now - self._told < self._every:
            return
        self._told = now
        self._loop.call_soon_threadsafe(self._head.add, "X-ClickHouse-Progress", text(counts))


def text(counts: Counts) -> str:
    """Counts as the headers `X-ClickHouse-Progress` and `X-ClickHouse-Summary` hold them."""
    return json.dumps(
        {
            "read_rows": str(counts.read_rows),
            "read_bytes": str(counts.read_bytes),
            "written_rows": str(counts.written_rows),
            "written_bytes": str(counts.written_bytes),
            "total_rows_to_read": str(counts.total_rows),
            "result_rows": str(counts.result_rows),
            "result_bytes": str(counts.result_bytes),
            "elapsed_ns": str(counts.nanoseconds),
        },
        separators=(",", ":"),
    )
