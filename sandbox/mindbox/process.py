"""A stand-in of its own process, for tests: real HTTP over a world that the test knows."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec
import requests

from sandbox.mindbox.api.settings import Gzip
from sandbox.mindbox.cli import READY
from sandbox.mindbox.world import World, WorldSettings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from sandbox.mindbox.api.faults import AnyFault

_ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 120.0
_STOP_SECONDS = 10.0


class StandInError(Exception):
    """The stand-in did not start; the text holds what it printed."""


@dataclass(frozen=True)
class Serving:
    """How the API of a `MindboxProcess` presents itself; see `api.settings.ApiSettings`."""

    part_rows: int = 200_000
    gzip: Gzip = Gzip.ENCODING
    readiness_seconds: float = 0.0
    link_seconds: float = 600.0
    not_found_limit: int = 30
    ban_seconds: float = 60.0
    calls_per_minute: int = 8_000
    edge_duplicates: bool = True
    test_key: str = ""


class MindboxProcess:
    """Starts the stand-in on a free port of the loopback; a context manager.

    Attributes:
        url: where the API is, `http://127.0.0.1:<port>`.
        endpoint_id: the integration point.
        secret_key: its key.
        world: what it serves; None when it serves a folder.
        log: everything that it has printed so far.
    """

    endpoint_id = "demo.Analytics"
    secret_key = "stand-in-key"  # noqa: S105 (opens nothing but this process)

    def __init__(
        self,
        settings: WorldSettings | None = None,
        *,
        folder: Path | None = None,
        serving: Serving | None = None,
        state: Path | None = None,
    ) -> None:
        """Start it and wait until its port answers.

        Args:
            settings: of the world; the default is a small one of 500 customers and 3 months.
            folder: serve these NDJSON files instead of a world.
            serving: how the API presents itself.
            state: keep the generated world here; a temporary folder otherwise.

        Raises:
            StandInError: it ended or said nothing for two minutes.
        """
        self._temporary = tempfile.TemporaryDirectory(prefix="mindbox-") if state is None else None
        self._state = Path(self._temporary.name) if self._temporary else Path(str(state))
        self.log = ""
        self.world: World | None = None
        arguments = ["--state", str(self._state), "--port", "0"]
        if folder is not None:
            arguments += ["--folder", str(folder)]
        else:
            self.world = self._kept(settings or WorldSettings(customers=500, months=3))
            arguments += _world_arguments(self.world.settings)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.mindbox", *arguments, *_api_arguments(serving)],
            cwd=_ROOT,
            env={
                **os.environ,
                "MINDBOX_ENDPOINT_ID": self.endpoint_id,
                "MINDBOX_SECRET_KEY": self.secret_key,
                "MINDBOX_TEST_KEY": serving.test_key if serving else "",
                "PYTHONUNBUFFERED": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._answers = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._answers.wait(_START_SECONDS) or not self.url:
            self.stop()
            raise StandInError(f"the Mindbox stand-in did not start:\n{self.log}")

    @property
    def url(self) -> str:
        """Where the API is; empty before it answers."""
        lines = [line for line in self.log.splitlines() if line.startswith(READY)]
        return lines[0].removeprefix(READY).strip() if lines else ""

    def set_faults(self, *faults: AnyFault) -> None:
        """Put these faults in force instead of all others; none at all with no argument."""
        self._control("PUT", msgspec.json.encode(list(faults)))

    def faults(self) -> Sequence[dict[str, object]]:
        """The faults in force, with the times they have left."""
        return msgspec.json.decode(self._control("GET"), type=list[dict[str, object]])

    def stop(self) -> None:
        """End the process and forget its temporary folder."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(_STOP_SECONDS)
        if self._process.stdout:
            self._process.stdout.close()
        if self._temporary:
            self._temporary.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _kept(self, settings: WorldSettings) -> World:
        """Generate the world where the process looks for it, so that it is made once."""
        folder = self._state / "worlds" / settings.fingerprint()
        world = World.generate(settings)
        world.save(folder)
        return world

    def _control(self, method: str, content: bytes = b"") -> bytes:
        answer = requests.request(
            method,
            f"{self.url}/sandbox/faults",
            data=content,
            headers={"Authorization": f"SecretKey {self.secret_key}"},
            timeout=10,
        )
        answer.raise_for_status()
        return answer.content

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self.log += line
            if line.startswith(READY):
                self._answers.set()
        self._answers.set()


def _world_arguments(settings: WorldSettings) -> list[str]:
    arguments = [
        *("--customers", str(settings.customers)),
        *("--people-before", str(settings.people_before)),
        *("--months", str(settings.months)),
        *("--brands", str(settings.brands)),
        *("--seed", str(settings.seed)),
        *("--until", settings.until.isoformat()),
        *("--time-zone", settings.time_zone),
        *("--attribution-window-days", str(settings.attribution_window_days)),
    ]
    arguments += ["--canaries"] if settings.canaries else []
    arguments += [] if settings.decimal_comma else ["--decimal-point"]
    return arguments


def _api_arguments(serving: Serving | None) -> list[str]:
    chosen = serving or Serving()
    arguments = [
        *("--part-rows", str(chosen.part_rows)),
        *("--gzip", chosen.gzip.value),
        *("--readiness", str(chosen.readiness_seconds)),
        *("--link-seconds", str(chosen.link_seconds)),
        *("--not-found-limit", str(chosen.not_found_limit)),
        *("--ban-seconds", str(chosen.ban_seconds)),
        *("--calls-per-minute", str(chosen.calls_per_minute)),
    ]
    return arguments if chosen.edge_duplicates else [*arguments, "--no-edge-duplicates"]
