"""A connection for one statement: what the request sets holds for this statement alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.clickhouse.engine import QUERY_MARK, literal, quoted

if TYPE_CHECKING:
    from sandbox.clickhouse.engine import Connection
    from sandbox.clickhouse.request import QueryRequest
    from sandbox.clickhouse.sessions import Sessions


class Lease:
    """A connection with the database and the settings of a request."""

    def __init__(self, sessions: Sessions, request: QueryRequest) -> None:
        """Takes the connection and sets it up.

        Raises:
            ClickHouseError: The session is busy, or the engine refuses a setting or the database.
        """
        self._sessions = sessions
        self._request = request
        self._undo: list[str] = []
        self.connection = sessions.take(
            request.user, request.session_id, must_exist=request.session_must_exist
        )
        try:
            self._prepare(self.connection)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Gives the connection back as the session left it. Once."""
        try:
            if self._request.session_id and not self._request.session_ends:
                for statement in self._undo:
                    self.connection.command(statement)
        finally:
            self._sessions.give_back(
                self.connection,
                self._request.session_id,
                timeout=self._request.session_timeout,
                end=self._request.session_ends,
            )

    def _prepare(self, connection: Connection) -> None:
        request = self._request
        settings = {**request.settings, QUERY_MARK: request.query_id}
        if request.database:
            # Unlike USE this asks for no right to see the database, as a server's parameter.
            settings["database"] = request.database
        if request.session_id:
            self._remember(connection, list(settings))
        connection.command(
            "SET "
            + ", ".join(f"{quoted(name)} = {literal(value)}" for name, value in settings.items())
        )

    def _remember(self, connection: Connection, settings: list[str]) -> None:
        names = ", ".join(literal(name) for name in settings)
        rows = connection.rows(
            f"SELECT name, value, changed FROM system.settings WHERE name IN ({names})"
        )
        self._undo = [
            f"SET {quoted(name)} = {literal(value) if changed else 'DEFAULT'}"
            for name, value, changed in rows
        ]
