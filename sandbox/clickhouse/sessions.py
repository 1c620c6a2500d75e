"""Sessions: connections that outlive a request, by the user and the `session_id`."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.clickhouse.errors import Code, refusal

if TYPE_CHECKING:
    from sandbox.clickhouse.engine import Connection, Engine
    from superset_assets.access.users import User

DEFAULT_TIMEOUT = 60
"""Seconds a session lives without a request, where the request names none."""
MAX_TIMEOUT = 3600
"""Seconds a request may ask for."""


@dataclass
class _Session:
    connection: Connection
    busy: bool = True
    deadline: float = field(default=0.0)


class Sessions:
    """The connections of a server: sticky with a session, fresh without one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sessions: dict[tuple[str, str], _Session] = {}
        self._guard = threading.Lock()

    def take(self, user: User, session_id: str, *, must_exist: bool) -> Connection:
        """The connection of the session, or a fresh one.

        Raises:
            ClickHouseError: The session is busy with another request, or it must exist and
                does not.
        """
        self._expire()
        if not session_id:
            return self._engine.connect(user)
        key = (user.name, session_id)
        with self._guard:
            session = self._sessions.get(key)
            if session is None and must_exist:
                raise refusal(Code.SESSION_NOT_FOUND, f"Session {session_id} not found")
            if session is not None and session.busy:
                raise refusal(
                    Code.SESSION_IS_LOCKED, f"Session {session_id} is locked by a concurrent client"
                )
            if session is None:
                session = _Session(self._engine.connect(user))
                self._sessions[key] = session
            session.busy = True
            return session.connection

    def give_back(
        self, connection: Connection, session_id: str, *, timeout: float, end: bool
    ) -> None:
        """Ends the use of a connection.

        Args:
            connection: What `take` returned.
            session_id: As given to `take`.
            timeout: Seconds the session lives on.
            end: The session ends with this request.
        """
        key = (connection.user.name, session_id)
        with self._guard:
            if not session_id or end:
                self._sessions.pop(key, None)
            else:
                session = self._sessions[key]
                session.deadline = time.monotonic() + timeout
                session.busy = False
                return
        connection.close()

    def close(self) -> None:
        """Ends every session that is not in use."""
        self._expire(at=float("inf"))

    def _expire(self, at: float | None = None) -> None:
        now = time.monotonic() if at is None else at
        with self._guard:
            over = [
                key
                for key, session in self._sessions.items()
                if not session.busy and session.deadline <= now
            ]
            connections = [self._sessions.pop(key).connection for key in over]
        for connection in connections:
            connection.close()
