"""A connection for one statement: what the request sets holds for this statement alone."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sandbox.clickhouse.engine import QUERY_MARK, literal
from sandbox.clickhouse.errors import ClickHouseError

if TYPE_CHECKING:
    from sandbox.clickhouse.engine import Connection
    from sandbox.clickhouse.request import QueryRequest
    from sandbox.clickhouse.sessions import Sessions
    from sandbox.clickhouse.statement import Statement

_log = logging.getLogger(__name__)


class Lease:
    """A connection with the database and the settings of a request."""

    def __init__(self, sessions: Sessions, request: QueryRequest) -> None:
        """Takes the connection and sets it up.

        Raises:
            ClickHouseError: The session is busy, or the engine refuses a setting.
        """
        self._sessions = sessions
        self._request = request
        self._before: dict[str, str | None] = {}
        self._session = sessions.take(
            request.user, request.session_id, must_exist=request.session_must_exist
        )
        try:
            self._set()
        except BaseException:
            self.release()
            raise

    @property
    def connection(self) -> Connection:
        """The connection, until `release`."""
        return self._session.connection

    def note(self, statement: Statement) -> None:
        """Sees what is about to run: what SET and USE say is the session's to keep."""
        if statement.keyword not in {"SET", "USE"}:
            return
        self._session.has_settings = True
        kept = {"database"} if statement.keyword == "USE" else statement.names_set()
        for name in kept:
            self._before.pop(name, None)

    def release(self) -> None:
        """Gives the connection back as the session shall find it. Once."""
        if self._request.session_ends or not self._restored():
            self._sessions.end(self._session)
        else:
            self._sessions.give_back(self._session, timeout=self._request.session_timeout)

    def _set(self) -> None:
        settings = {**self._request.settings, QUERY_MARK: self._request.query_id}
        if self._request.database:
            # Unlike USE this asks for no right to see the database, as a server's parameter.
            settings["database"] = self._request.database
        if self._request.reads_only and not self._session.id:
            settings["readonly"] = "2"
        if self._session.id:
            self._before = self._current(list(settings))
        self.connection.set(settings)

    def _current(self, settings: list[str]) -> dict[str, str | None]:
        if not self._session.has_settings:
            return dict.fromkeys(settings)
        names = ", ".join(literal(name) for name in settings)
        rows = self.connection.rows(
            f"SELECT name, value, changed FROM system.settings WHERE name IN ({names})"  # noqa: S608
        )
        return {name: value if changed else None for name, value, changed in rows}

    def _restored(self) -> bool:
        """Whether the connection is as before; one that cannot be is not used again."""
        if not self._session.id or not self._before:
            return True
        try:
            self.connection.set(self._before)
        except ClickHouseError as raised:
            # After `SET readonly = 1` in a session the engine keeps the request's settings too.
            _log.warning("Session %s ends: %s", self._session.id, raised)
            return False
        return True
