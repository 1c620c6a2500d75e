"""A Superset of this checkout in a folder of its own, for tests and measurements."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from socket import socket
from subprocess import STDOUT
from typing import TYPE_CHECKING

import requests

from superset_assets.settings import ROOM

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import ExitStack
    from pathlib import Path

ROOT = ROOM.parent
SUPERSET_BIN = ROOT / ".venv" / "superset" / "bin"
CONFIGURATION = ROOM / "superset_config.py"
START_SECONDS = 240


def environment_of(folder: Path) -> dict[str, str]:
    """The environment of a Superset that keeps everything in a folder, with secrets of its own.

    What the surroundings say of another Superset is left out: its database is not to be touched.
    """
    surroundings = {
        name: value for name, value in os.environ.items() if not name.startswith("SUPERSET_")
    }
    return {
        **surroundings,
        "PYTHONPATH": str(ROOT),
        "SUPERSET_HOME": str(folder / "superset"),
        "SUPERSET_SECRET_KEY": secrets.token_urlsafe(32),
        "SUPERSET_ADMIN_PASSWORD": secrets.token_urlsafe(16),
        "SUPERSET_DEMO_PASSWORD": secrets.token_urlsafe(16),
        "SUPERSET_CONFIG_PATH": str(CONFIGURATION),
    }


def begin_bootstrap(folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Prepare Superset's own database, in the background."""
    return subprocess.Popen(
        [SUPERSET_BIN / "python", "-m", "superset_assets.bootstrap"],
        cwd=ROOT,
        env=environment,
        stdout=(folder / "bootstrap.log").open("wb"),
        stderr=STDOUT,
    )


def finish_bootstrap(bootstrap: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait until the database is prepared.

    Raises:
        RuntimeError: it is not; the text holds the end of the log.
    """
    if bootstrap.wait():
        raise RuntimeError((folder / "bootstrap.log").read_text(encoding="utf-8")[-4000:])


def start_superset(
    services: ExitStack,
    folder: Path,
    environment: Mapping[str, str],
    port: int,
    *,
    workers: int = 1,
) -> None:
    """Start Superset as the local stack does, and wait until it answers.

    Args:
        services: ends it.
        folder: where its log goes.
        environment: as `environment_of` makes it.
        port: on the loopback.
        workers: processes of gunicorn.

    Raises:
        RuntimeError: it did not start; the text holds the end of its log.
    """
    log = folder / "superset.log"
    process = subprocess.Popen(
        [
            *(SUPERSET_BIN / "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", str(workers)),
            *("--threads", "8", "--worker-class", "gthread", "--timeout", "120"),
            "superset.app:create_app()",
        ],
        cwd=ROOT,
        env=environment,
        stdout=log.open("wb"),
        stderr=STDOUT,
    )
    services.callback(process.wait)
    services.callback(process.terminate)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(f"http://127.0.0.1:{port}/health", timeout=30).ok:
                return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.3)
    raise RuntimeError(f"Superset did not start: {log.read_text(encoding='utf-8')[-4000:]}")


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
