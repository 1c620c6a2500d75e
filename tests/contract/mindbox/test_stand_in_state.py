"""What the command line remembers between two starts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import requests

from sandbox.mindbox import cli
from sandbox.mindbox.world import World, WorldSettings

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Caller


def test_the_first_start_takes_this_hour_and_remembers_it(tmp_path: Path) -> None:
    # Extractors stay five minutes behind the present; with allowance for them, the hour is whole.
    before = datetime.now(UTC) - timedelta(minutes=10)
    first = cli.remembered_until(tmp_path, None)
    after = datetime.now(UTC) - timedelta(minutes=10)
    hours = {at.replace(minute=0, second=0, microsecond=0) for at in (before, after)}
    assert first in hours
    (tmp_path / "until.txt").write_text("2025-01-02T03:00:00+00:00")
    assert cli.remembered_until(tmp_path, None) == datetime(2025, 1, 2, 3, tzinfo=UTC)


def test_an_asked_for_end_replaces_the_remembered_one(tmp_path: Path) -> None:
    asked = cli.remembered_until(tmp_path, "2025-05-05T00:00:00")
    assert asked == datetime(2025, 5, 5, tzinfo=UTC)
    assert cli.remembered_until(tmp_path, None) == asked


def test_a_world_is_generated_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = WorldSettings(customers=40, months=1)
    made = cli.recalled(tmp_path, settings)
    assert "Generating the world" in capsys.readouterr().out

    def never(*_: object) -> World:
        raise AssertionError("generated again")

    monkeypatch.setattr(World, "generate", never)
    again = cli.recalled(tmp_path, settings)
    assert again.truth.rows() == made.truth.rows()
    with pytest.raises(AssertionError, match="generated again"):
        cli.recalled(tmp_path, WorldSettings(customers=41, months=1))
    assert list((tmp_path / "worlds").glob("*")) == [], "another world takes the place of the first"


def test_the_stand_in_tells_the_span_of_its_data(mindbox: Caller) -> None:
    key = {"Authorization": f"SecretKey {mindbox.process.secret_key}"}
    url = f"{mindbox.process.url}/sandbox/period"
    assert requests.get(url, timeout=10).status_code == 401
    span = requests.get(url, headers=key, timeout=10).json()
    # Six months before the November of `until`, at midnight in Moscow.
    assert span == {"since": "2025-04-30T21:00:00+00:00", "until": "2025-11-12T09:00:00+00:00"}
    assert mindbox.rows("mailings", till="2025-04-30 21:00") == []
