"""The models take no setting for granted."""

import json
from pathlib import Path

import pytest

from tests.dbt.build import SHIPPED_VARS, run_dbt


@pytest.mark.parametrize("missing", ["action_templates", "project_time_zone"])
def test_a_missing_setting_is_named(tmp_path: Path, missing: str) -> None:
    given = {name: value for name, value in SHIPPED_VARS.items() if name != missing}

    done = run_dbt("parse", "--vars", json.dumps(given), folder=tmp_path, environment={})

    assert done.returncode != 0
    assert f"the setting {missing} is missing" in done.stdout
