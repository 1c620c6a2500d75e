"""What the command line says before it reaches anybody."""

import json
import os

import pytest
from click.testing import CliRunner

from mindbox_extract.cli import cli


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """A command line without any of the project's settings."""
    for name in list(os.environ):
        if name.startswith(("MINDBOX_", "CLICKHOUSE_", "PROJECT_")):
            monkeypatch.delenv(name)
    # Wide enough that no word of a table is broken.
    monkeypatch.setenv("COLUMNS", "200")
    return CliRunner()


def test_the_doctor_begins_with_the_environment(runner: CliRunner) -> None:
    result = runner.invoke(cli, ["doctor"])
    assert result.exit_code == 1
    assert "environment" in result.output
    assert "MINDBOX_SECRET_KEY" in result.output


def test_the_models_settings_are_printed_without_any_secret(runner: CliRunner) -> None:
    result = runner.invoke(cli, ["dbt-vars"])
    assert result.exit_code == 0
    assert json.loads(result.output)["attribution_window_days"] == 7


@pytest.mark.parametrize("command", ["doctor", "load", "fetch", "status", "dbt-vars"])
def test_every_command_explains_itself(runner: CliRunner, command: str) -> None:
    result = runner.invoke(cli, [command, "--help"])
    assert result.exit_code == 0
    assert command in runner.invoke(cli, ["--help"]).output
