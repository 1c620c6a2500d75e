"""The local ClickHouse as a process of its own, for tests."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Self

from superset_assets.access.grants import USERS_FILE
from superset_assets.access.users import read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_ROOT = Path(__file__).resolve().parents[2]
_HTTP_OK = 200


class ClickHouseProcess:
    """A server on a free port of the loopback, from entering the context to leaving it.

    Attributes:
        host: Address it listens on.
        port: Port; the same after a restart.
        url: Both as a URL.
        passwords: By user.
        data: Folder of the data; it stays when the process ends.
    """

    def __init__(
        self,
        data: Path,
        *,
        passwords: Mapping[str, str] | None = None,
        users: Path = USERS_FILE,
        port: int = 0,
        start_seconds: float = 30,
    ) -> None:
        """Prepares; `start` or the context starts it.

        Args:
            data: Folder of the data.
            passwords: By user; random ones for users that are not named.
            users: Users file.
            port: 0 takes a free one.
            start_seconds: How long a start may take.
        """
        self._access = read(users)
        self._users_file = users
        self._start_seconds = start_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self.data = data
        self.host = "127.0.0.1"
        self.port = port or _free_port(self.host)
        self.url = f"http://{self.host}:{self.port}"
        self.passwords = {name: secrets.token_urlsafe(16) for name in self._access.users}
        self.passwords |= passwords or {}

    @property
    def users(self) -> tuple[str, ...]:
        """Names of the users."""
        return tuple(self.passwords)

    @property
    def pid(self) -> int:
        """Of the running process.

        Raises:
            RuntimeError: It does not run.
        """
        if self._process is None:
            raise RuntimeError(f"The server of {self.data} does not run")
        return self._process.pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Starts it and waits until it answers. Also after `stop` or `kill`.

        Raises:
            RuntimeError: It ended, or did not answer in time.
        """
        variables = {
            self._access.users[name].password_variable: password
            for name, password in self.passwords.items()
        }
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "sandbox.clickhouse"),
                *("--host", self.host, "--port", str(self.port)),
                *("--data", str(self.data), "--users", str(self._users_file)),
            ],
            cwd=_ROOT,
            env={**os.environ, **variables},
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + self._start_seconds
        while not self._answers():
            code = self._process.poll()
            if code is not None:
                self._process = None
                raise RuntimeError(f"The server of {self.data} ended with {code} as it started")
            if time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"No answer from {self.url} in {self._start_seconds} s")
            time.sleep(0.05)

    def stop(self) -> int | None:
        """Ends it in good order and waits.

        Returns:
            Its exit code; None if it did not run.
        """
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it as a crash does (SIGKILL) and waits; does nothing if it does not run."""
        self._end(signal.SIGKILL)

    def _end(self, with_signal: signal.Signals) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        process.send_signal(with_signal)
        return process.wait()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/ping", timeout=1) as answer:  # noqa: S310
                return bool(answer.status == _HTTP_OK)
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return False


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
