"""Starting and stopping the services through supervisord."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xmlrpc.client import Fault, ServerProxy

import psutil
import requests
from supervisor.xmlrpc import Faults, SupervisorTransport

from sandbox.stack.settings import StackSettings

CONFIGURATION = Path(__file__).with_name("supervisord.conf")
# How long a stop waits for the supervisor, and then for what its services left behind.
STOP_SECONDS = 90
SWEEP_SECONDS = 10
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class StackError(Exception):
    """A service did not come up or go down; the text says which, and where its log is."""


class Supervisor:
    """The supervisor of one checkout's services."""

    def __init__(self, settings: StackSettings) -> None:
        self._settings = settings

    @property
    def _rpc(self) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._settings.socket}")
        return ServerProxy("http://127.0.0.1", transport=transport)

    def is_running(self) -> bool:
        """Whether the supervisor answers."""
        try:
            self._rpc.supervisor.getState()
        except (OSError, Fault):
            return False
        return True

    def ensure(self) -> None:
        """Start the supervisor where none runs.

        Raises:
            StackError: it did not answer within 15 s.
        """
        if self.is_running():
            return
        for folder in (self._settings.logs, self._settings.run):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._settings.socket.unlink(missing_ok=True)
        subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(CONFIGURATION)],
            env=self._settings.environment(),
            cwd=self._settings.root,
            check=True,
            timeout=30,
        )
        _wait(self.is_running, 15, "supervisord", self._settings.logs / "supervisord.log")

    def start(self, service: str) -> None:
        """Start one service; nothing happens where it runs already.

        Raises:
            StackError: the service ended at once.
        """
        try:
            self._rpc.supervisor.startProcess(service, False)
        except Fault as fault:
            if fault.faultCode != Faults.ALREADY_STARTED:
                log = self._settings.logs / f"{service}.log"
                message = f"{service} did not start ({fault.faultString}); see {log}"
                raise StackError(message) from fault

    def states(self) -> dict[str, tuple[str, str]]:
        """State and description ("pid 12, uptime 0:01:02") by service."""
        information = self._rpc.supervisor.getAllProcessInfo()
        return {row["name"]: (row["statename"], row["description"]) for row in information}

    def shutdown(self) -> None:
        """Stop every service and the supervisor itself, and wait until all are gone.

        The supervisor waits for the processes it started. What those started in turn, runs of
        Dagster above all, shares its session and is ended with it.

        Raises:
            StackError: a process was still there in the end.
        """
        if not self.is_running():
            return
        supervisor = psutil.Process(int(self._rpc.supervisor.getPID()))
        session = os.getsid(supervisor.pid)
        self._rpc.supervisor.shutdown()
        _wait_until(lambda: not supervisor.is_running(), STOP_SECONDS)
        for signal_number in (signal.SIGTERM, signal.SIGKILL):
            left = _session_members(session)
            for process in left:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(signal_number)
            psutil.wait_procs(left, timeout=SWEEP_SECONDS)
        if left := _session_members(session):
            pids = ", ".join(str(process.pid) for process in left)
            log = self._settings.logs / "supervisord.log"
            raise StackError(f"processes {pids} did not end; see {log}")


def wait_for_http(url: str, service: str, log: Path, seconds: float = 120) -> None:
    """Wait until `url` answers with anything but a server error.

    Raises:
        StackError: it did not within `seconds`.
    """
    _wait(lambda: answers_http(url), seconds, service, log)


def wait_for_port(url: str, service: str, log: Path, seconds: float = 300) -> None:
    """Wait until somebody listens at the port of `url` on this machine.

    Raises:
        StackError: nobody did within `seconds`.
    """
    _wait(lambda: not is_unused_local_address(url), seconds, service, log)


def answers_http(url: str) -> bool:
    """Whether `url` answers with anything but a server error."""
    try:
        return requests.get(url, timeout=5, allow_redirects=False).status_code < 500  # noqa: PLR2004
    except requests.RequestException:
        return False


def is_unused_local_address(url: str) -> bool:
    """Whether `url` names a port of this machine on which nobody listens."""
    address = urlsplit(url)
    if address.hostname not in LOOPBACK:
        return False
    port = address.port or (443 if address.scheme == "https" else 80)
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _wait(condition: Callable[[], bool], seconds: float, service: str, log: Path) -> None:
    if not _wait_until(condition, seconds):
        raise StackError(f"{service} is not ready after {seconds:.0f} s; see {log}")


def _wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def _session_members(session: int) -> list[psutil.Process]:
    """The living processes of a session."""
    return [process for process in psutil.process_iter() if _session_of(process) == session]


def _session_of(process: psutil.Process) -> int | None:
    try:
        return None if process.status() == psutil.STATUS_ZOMBIE else os.getsid(process.pid)
    except (psutil.NoSuchProcess, ProcessLookupError):
        return None
