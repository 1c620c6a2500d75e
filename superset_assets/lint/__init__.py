"""The asset linter: the known traps of Superset 6.1 on ClickHouse as rules over the files."""

from superset_assets.files import AssetFiles
from superset_assets.lint.boards import board_rules
from superset_assets.lint.charts import chart_rules
from superset_assets.lint.datasets import dataset_rules
from superset_assets.lint.identity import identity_rules
from superset_assets.lint.problem import Problem
from superset_assets.lint.sums import sum_rules
from superset_assets.lint.words import word_rules
from superset_assets.manifest import Manifest

__all__ = ["Problem", "lint"]


def lint(files: AssetFiles, manifest: Manifest | None) -> list[Problem]:
    """All problems of the files.

    Args:
        files: the assets.
        manifest: dbt's; without it the chain to dbt's models is not checked.

    Returns:
        The problems by path.
    """
    found = [
        *identity_rules(files),
        *dataset_rules(files, manifest),
        *chart_rules(files),
        *sum_rules(files),
        *board_rules(files),
        *word_rules(files),
    ]
    return sorted(found, key=lambda problem: (str(problem.path), problem.message))
