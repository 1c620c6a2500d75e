"""What runs under which id, so that it can be cancelled, and knows that it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.clickhouse.errors import Code, refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.clickhouse.engine import Engine


@dataclass
class Run:
    """One statement under way.

    Attributes:
        query_id: The client's.
        cancelled: It has been told to end; whatever the engine says of its end is void.
    """

    query_id: str
    cancelled: bool = False

    def must_stand(self) -> None:
        """Passes if nobody has cancelled the statement.

        The engine may end a cancelled INSERT as if all were well, with its data dropped.

        Raises:
            ClickHouseError: It has been cancelled.
        """
        if self.cancelled:
            raise refusal(Code.QUERY_WAS_CANCELLED, "Query was cancelled")


class Runs:
    """The statements under way in a server."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._runs: dict[str, Run] = {}

    def begin(self, query_id: str) -> Run:
        """Enters a statement.

        Raises:
            ClickHouseError: Another one runs under this id.
        """
        run = Run(query_id)
        if self._runs.setdefault(query_id, run) is not run:
            raise refusal(
                Code.QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING,
                f"Query with id = {query_id} is already running.",
            )
        return run

    def end(self, run: Run) -> None:
        """Takes a statement out; nothing if it is out."""
        if self._runs.get(run.query_id) is run:
            del self._runs[run.query_id]

    def mark(self, query_ids: Iterable[str]) -> None:
        """Notes that the engine is about to be told to cancel these."""
        for query_id in query_ids:
            if run := self._runs.get(query_id):
                run.cancelled = True

    def cancel(self, query_id: str) -> bool:
        """Cancels what runs under the id, without waiting for its end. Blocks for a moment.

        Returns:
            Whether anything runs under it.
        """
        self.mark([query_id])
        return self._engine.kill(query_id)

    def cancel_all(self) -> None:
        """Cancels everything. Blocks for a moment."""
        for query_id in tuple(self._runs):
            self.cancel(query_id)
