"""What the assets need from outside, read from the environment when a run starts."""

import os
from contextlib import closing
from pathlib import Path

from dagster import ConfigurableResource
from dagster_dbt import DbtCliResource

from dagster_project.dbt_project import DBT_DIRECTORY, DBT_EXECUTABLE
from mindbox_extract.datasets import DATASETS
from mindbox_extract.load import LoadReport, Window, load
from mindbox_extract.progress import OnProgress
from mindbox_extract.project import Project
from mindbox_extract.settings import Settings
from mindbox_extract.warehouse import Warehouse

DEFAULT_PROJECT_FILE = "mindbox_extract/project.yml"


def read_project() -> Project:
    """The project's YAML, from the file that MINDBOX_PROJECT_FILE names."""
    root = DBT_DIRECTORY.parent
    return Project.read(root / Path(os.environ.get("MINDBOX_PROJECT_FILE") or DEFAULT_PROJECT_FILE))


class MindboxResource(ConfigurableResource[None]):
    """Loads windows of Mindbox's datasets into the raw tables."""

    def load(self, dataset: str, window: Window, on_progress: OnProgress) -> LoadReport:
        """Load one window of one dataset.

        Raises:
            mindbox_extract.errors.ExtractError: nothing of the window was changed.
        """
        return load(
            dataset,
            window,
            settings=Settings.from_environment(),
            project=read_project(),
            on_progress=on_progress,
        )

    def prepare_tables(self) -> None:
        """Create the raw tables of all datasets that are not there yet.

        Raises:
            mindbox_extract.errors.ExtractError: a setting is missing, or ClickHouse refuses.
        """
        with closing(Warehouse(Settings.from_environment())) as warehouse:
            warehouse.prepare(*DATASETS.values())


dbt_resource = DbtCliResource(
    project_dir=str(DBT_DIRECTORY),
    profiles_dir=str(DBT_DIRECTORY),
    dbt_executable=DBT_EXECUTABLE,
)
