"""The project file: one client's settings, checked before anything runs."""

from pathlib import Path

import pytest

from mindbox_extract.errors import ConfigurationError
from mindbox_extract.project import Project
from mindbox_extract.settings import PROJECT_FILE


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A copy of the shipped file that a test may change."""
    copy = tmp_path / "project.yml"
    copy.write_text(PROJECT_FILE.read_text(encoding="utf-8"), encoding="utf-8")
    return copy


def test_the_environments_time_zone_goes_before_the_files(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROJECT_TIME_ZONE", "Asia/Yekaterinburg")
    assert Project.read(written).dbt_vars()["project_time_zone"] == "Asia/Yekaterinburg"
    monkeypatch.delenv("PROJECT_TIME_ZONE")
    assert Project.read(written).dbt_vars()["project_time_zone"] == "Europe/Moscow"


@pytest.mark.parametrize(
    ("given", "instead", "named"),
    [
        ("time_zone: Europe/Moscow", "time_zone: Europe/Nowhere", "time_zone"),
        ("window_days: 7", "window_days: 31", "attribution.window_days"),
        ("sms_touch: click", "sms_touch: open", "attribution.sms_touch"),
        ("max_share: 0.01", "max_shear: 0.01", "quarantine.max_shear"),
    ],
)
def test_a_wrong_setting_is_named(written: Path, given: str, instead: str, named: str) -> None:
    text = written.read_text(encoding="utf-8")
    assert given in text
    written.write_text(text.replace(given, instead), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=named.replace(".", r"\.")):
        Project.read(written)


def test_a_missing_file_says_which_setting_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="MINDBOX_PROJECT_FILE"):
        Project.read(tmp_path / "absent.yml")
