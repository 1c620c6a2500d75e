"""The dbt project as Dagster sees it: where it lies, and its manifest kept fresh."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

DBT_DIRECTORY = Path(__file__).resolve().parents[1] / "dbt"
DBT_EXECUTABLE = str(Path(sys.executable).with_name("dbt"))
MANIFEST = DBT_DIRECTORY / "target" / "manifest.json"
SOURCE_FOLDERS = ("models", "macros", "tests", "seeds", "snapshots")


def vars_argument(variables: Mapping[str, object]) -> list[str]:
    """The command-line arguments that hand the project's settings to dbt."""
    return ["--vars", json.dumps(variables, ensure_ascii=False, sort_keys=True)]


def is_stale() -> bool:
    """Whether the manifest is missing, or older than any file it is made from."""
    if not MANIFEST.exists():
        return True
    made_at = MANIFEST.stat().st_mtime
    files = [DBT_DIRECTORY / "dbt_project.yml"]
    for folder in SOURCE_FOLDERS:
        files += (DBT_DIRECTORY / folder).rglob("*")
    return any(file.stat().st_mtime > made_at for file in files if file.is_file())


def prepare_manifest(variables: Mapping[str, object]) -> Path:
    """Parse the dbt project where its manifest is stale; no warehouse is asked.

    Args:
        variables: the project's settings for dbt.

    Returns:
        The manifest's path.

    Raises:
        subprocess.CalledProcessError: the project does not parse; dbt's words are printed.
    """
    if is_stale():
        command = [DBT_EXECUTABLE, "--quiet", "parse", *vars_argument(variables)]
        command += ["--project-dir", str(DBT_DIRECTORY), "--profiles-dir", str(DBT_DIRECTORY)]
        subprocess.run(command, cwd=DBT_DIRECTORY.parent, check=True)
    return MANIFEST
