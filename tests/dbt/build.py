"""dbt as everybody runs it: a process of its own against a warehouse of the tests."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindbox_extract.project import Project
from mindbox_extract.settings import PROJECT_FILE
from sandbox.clickhouse.process import ClickHouseProcess

PROJECT = Path(__file__).parents[2] / "dbt"
SHIPPED_VARS = Project.read(PROJECT_FILE).dbt_vars()


@dataclass(frozen=True)
class Dbt:
    """The project, a warehouse to build it in and a folder for what dbt writes."""

    clickhouse: ClickHouseProcess
    folder: Path

    def __call__(self, command: str, *arguments: str, **variables: Any) -> str:
        """Run a command and return what it printed; a failure shows it."""
        done = self.attempt(command, *arguments, **variables)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def attempt(
        self, command: str, *arguments: str, **variables: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a command that may fail."""
        return run_dbt(
            command, *arguments, folder=self.folder, environment=self._connection, **variables
        )

    def start(self, command: str, *arguments: str, **variables: Any) -> subprocess.Popen[bytes]:
        """Start a command in a process group of its own, to be killed."""
        return subprocess.Popen(
            command_line(command, *arguments, folder=self.folder, **variables),
            env={**os.environ, **self._connection},
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def _connection(self) -> dict[str, str]:
        return {
            "CLICKHOUSE_HOST": self.clickhouse.host,
            "CLICKHOUSE_PORT": str(self.clickhouse.port),
            "CLICKHOUSE_USER": "etl",
            "CLICKHOUSE_PASSWORD": self.clickhouse.passwords["etl"],
        }

    def models(self, *selected: str, **variables: Any) -> None:
        """Build models and seeds, without any test."""
        selection = ("--select", *selected) if selected else ()
        no_tests = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
        self("build", *selection, *no_tests, **variables)


def command_line(
    command: str, *arguments: str, folder: Path, project: Path = PROJECT, **variables: Any
) -> list[str]:
    """The words of a dbt command, with the shipped variables changed by the keywords."""
    return [
        str(Path(sys.executable).with_name("dbt")),
        "--no-use-colors",
        command,
        *("--project-dir", str(project), "--profiles-dir", str(project)),
        *("--target-path", str(folder / "target"), "--log-path", str(folder / "logs")),
        *("--vars", json.dumps({**SHIPPED_VARS, **variables})),
        *arguments,
    ]


def run_dbt(
    command: str,
    *arguments: str,
    folder: Path,
    environment: Mapping[str, str],
    project: Path = PROJECT,
    **variables: Any,
) -> subprocess.CompletedProcess[str]:
    """Run dbt with the shipped project's variables, changed by the keywords."""
    return subprocess.run(
        command_line(command, *arguments, folder=folder, project=project, **variables),
        env={**os.environ, **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
