"""Sessions: connections that outlive a request, by the user and the `session_id`."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
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
class Session:
    """A connection and what is known of it.

    Attributes:
        connection: The connection.
        id: Of the session; empty for a connection that serves one request.
        has_settings: The client has set something with SET or USE.
    """

    connection: Connection
    id: str
    has_settings: bool = False
    busy: bool = True
    deadline: float = 0.0


class Sessions:
    """The connections of a server: sticky with a session, fresh without one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sessions: dict[tuple[str, str], Session] = {}
        self._guard = threading.Lock()

    def take(self, user: User, session_id: str, *, must_exist: bool) -> Session:
        """The session, or a fresh connection.

        Raises:
            ClickHouseError: The session is busy with another request, or it must exist and
                does not.
        """
        self._expire(time.monotonic())
        if not session_id:
            return Session(self._engine.connect(user), "")
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
                session = Session(self._engine.connect(user), session_id)
                self._sessions[key] = session
            session.busy = True
            return session

    def give_back(self, session: Session, *, timeout: float) -> None:
        """Ends the use of a session by a request; it lives on for the timeout, in seconds."""
        if not session.id:
            session.connection.close()
            return
        with self._guard:
            session.deadline = time.monotonic() + timeout
            session.busy = False

    def end(self, session: Session) -> None:
        """Ends a session that a request holds."""
        with self._guard:
            self._sessions.pop((session.connection.user.name, session.id), None)
        session.connection.close()

    def close(self) -> None:
        """Ends every session that is not in use."""
        self._expire(float("inf"))

    def _expire(self, now: float) -> None:
        with self._guard:
            over = [
                key
                for key, session in self._sessions.items()
                if not session.busy and session.deadline <= now
            ]
            sessions = [self._sessions.pop(key) for key in over]
        for session in sessions:
            session.connection.close()
