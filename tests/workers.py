"""How `make test` shares the tests among its workers.

A file is run by one worker from its beginning to its end. Directories whose tests share what takes
long to start are run by one worker as a whole, and they begin first: what is short fills the gaps
at the end.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from dagster_project.dbt_project import prepare_manifest
from dagster_project.resources import read_project

# The longest first.
TOGETHER = (
    ("tests/superset/", "tests/browser/"),
    ("tests/e2e/",),
    ("tests/dbt/",),
    ("tests/metrics/",),
)


def place(nodeid: str) -> int:
    """Where among `TOGETHER` a test belongs; behind all of them if it stands for itself."""
    places = (at for at, folders in enumerate(TOGETHER) if nodeid.startswith(folders))
    return next(places, len(TOGETHER))


class ByUnit(LoadScopeScheduling):
    """Gives whole units to workers, in the order in which the tests were collected."""

    def _split_scope(self, nodeid: str) -> str:
        at = place(nodeid)
        return TOGETHER[at][0] if at < len(TOGETHER) else nodeid.partition("::")[0]


def pytest_configure(config: pytest.Config) -> None:
    """Parse the models once: the workers would do it at the same time, into the same folder."""
    if not hasattr(config, "workerinput"):
        prepare_manifest(read_project().dbt_vars())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: place(item.nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByUnit:
    config.option.loadscopereorder = False
    return ByUnit(config, log)
