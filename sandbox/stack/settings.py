"""Where the local stack keeps its things, and the environment its services run in."""

import hashlib
import os
import secrets
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values, set_key

from sandbox.stack.dagster_home import home_environment

ROOT = Path(__file__).resolve().parents[2]
GENERATED_SECRETS = (
    "CLICKHOUSE_PASSWORD",
    "CLICKHOUSE_READER_PASSWORD",
    "CLICKHOUSE_ANALYST_PASSWORD",
    "CLICKHOUSE_ENGINEER_PASSWORD",
    "MINDBOX_SECRET_KEY",
    "MINDBOX_CUSTOMER_KEY_SECRET",
    "SUPERSET_SECRET_KEY",
    "SUPERSET_ADMIN_PASSWORD",
    "SUPERSET_DEMO_PASSWORD",
    "SUPERSET_DIRECTOR_PASSWORD",
    "SUPERSET_MARKETER_PASSWORD",
    "SUPERSET_ANALYST_PASSWORD",
)


@dataclass(frozen=True)
class StackSettings:
    """Folders and settings of one checkout's local stack.

    Attributes:
        root: the checkout.
        values: settings by name: `.env` over the defaults of `.env.example`, and this
            process's environment over both.
    """

    root: Path
    values: dict[str, str]

    @classmethod
    def read(cls, root: Path = ROOT) -> "StackSettings":
        """Read the settings, writing `.env` with fresh secrets where it does not exist yet."""
        example, target = root / ".env.example", root / ".env"
        if not target.exists():
            target.touch(mode=0o600)
            target.write_text(example.read_text(encoding="utf-8"), encoding="utf-8")
        written = dotenv_values(target)
        for name in GENERATED_SECRETS:
            if not written.get(name) and not os.environ.get(name):
                set_key(target, name, secrets.token_urlsafe(24), quote_mode="never")
        files = {**dotenv_values(example), **dotenv_values(target)}
        values = {name: os.environ.get(name, value or "") for name, value in files.items()}
        return cls(root=root, values=values)

    def remember(self, name: str, value: str) -> "StackSettings":
        """Write one setting to `.env` and return the settings with it."""
        set_key(self.root / ".env", name, value, quote_mode="never")
        return StackSettings(root=self.root, values={**self.values, name: value})

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    @property
    def state(self) -> Path:
        """The folder of all data, logs and run files; `make clean` removes it."""
        return self.root / ".local"

    @property
    def logs(self) -> Path:
        """The one folder of all logs."""
        return self.state / "logs"

    @property
    def run(self) -> Path:
        """Pid and lock files."""
        return self.state / "run"

    @property
    def dagster_home(self) -> Path:
        """Dagster's instance: its settings, its store and the messages of failed runs."""
        return self.state / "dagster"

    @property
    def socket(self) -> Path:
        """The supervisor's control socket.

        It lies in the system's temporary folder, named after the checkout: the path of a Unix
        socket may not be longer than 107 bytes, that of a checkout may.
        """
        digest = hashlib.sha256(str(self.root).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"mindbox-analytics-{digest}.sock"

    @property
    def superset_bin(self) -> Path:
        """The programs of Superset's own environment."""
        return self.root / ".venv" / "superset" / "bin"

    @property
    def mindbox_arguments(self) -> str:
        """The command line of the Mindbox stand-in."""
        address = urlsplit(self["MINDBOX_URL"])
        arguments = [
            f"--host {address.hostname} --port {address.port or 80}",
            f"--state {self.state / 'mindbox'}",
        ]
        if self["SANDBOX_MINDBOX_FOLDER"]:
            arguments.append(f"--folder {self['SANDBOX_MINDBOX_FOLDER']}")
        else:
            arguments += [
                f"--customers {self['SANDBOX_WORLD_CUSTOMERS']}",
                f"--months {self['SANDBOX_WORLD_MONTHS']}",
                f"--seed {self['SANDBOX_WORLD_SEED']}",
            ]
        return " ".join(arguments)

    def environment(self) -> dict[str, str]:
        """The environment of the supervisor and of every service below it."""
        derived = {
            **home_environment(self.dagster_home),
            "SUPERSET_HOME": str(self.state / "superset"),
            "DO_NOT_TRACK": "1",
            "PYTHONPATH": str(self.root),
            "PYTHONUNBUFFERED": "1",
            "STACK_BIN": str(Path(sys.executable).parent),
            "STACK_LOGS": str(self.logs),
            "STACK_MINDBOX_ARGUMENTS": self.mindbox_arguments,
            "STACK_PYTHON": sys.executable,
            "STACK_ROOT": str(self.root),
            "STACK_RUN": str(self.run),
            "STACK_SOCKET": str(self.socket),
            "STACK_STATE": str(self.state),
            "STACK_SUPERSET_BIN": str(self.superset_bin),
        }
        set_values = {name: value for name, value in self.values.items() if value}
        return {**os.environ, **set_values, **derived}
