from collections.abc import Iterator

import pytest

from superset_assets.browser import Viewer, chromium
from tests.superset.stack import SERVICES, running_stack


def pytest_sessionfinish() -> None:
    SERVICES.close()


@pytest.fixture(scope="session")
def viewer() -> Iterator[Viewer]:
    """The read-only user, in Debian's Chromium."""
    demo = running_stack().demo
    with chromium() as browser:
        yield Viewer(browser, demo.url, demo.username, demo.password)
