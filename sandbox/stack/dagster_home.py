"""Dagster's instance on one machine: its home, its settings, the environment of its processes."""

import shutil
from pathlib import Path

INSTANCE_FILE = Path(__file__).with_name("dagster.yaml")
# Events that are stored at once (see `dagster_store`).
BATCH_EVENTS = 1000


def home_environment(home: Path) -> dict[str, str]:
    """The environment of every process of the instance in `home`."""
    return {
        "DAGSTER_HOME": str(home),
        "STACK_DAGSTER_EVENTS": str(home / "history" / "runs"),
        "DAGSTER_EVENT_BATCH_SIZE": str(BATCH_EVENTS),
        # One planned event per asset. A run that fails leaves its days as they were, not as failed.
        "DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS": "true",
    }


def prepare_home(home: Path) -> None:
    """Create the home and write its `dagster.yaml`; repeating it changes nothing."""
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(INSTANCE_FILE, home)
