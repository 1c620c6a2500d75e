from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from superset_assets.browser import Viewer, chromium
from tests.superset.people import People
from tests.superset.stack import SERVICES, Stack, running_stack


def pytest_sessionfinish() -> None:
    SERVICES.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; its driver can be started once per process."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def viewer(browser: Browser) -> Viewer:
    """The read-only user."""
    demo = running_stack().demo
    return Viewer(browser, demo.url, demo.username, demo.password)


@pytest.fixture(scope="session")
def stack() -> Stack:
    return running_stack()


@pytest.fixture(scope="session")
def people(stack: Stack) -> People:
    """A person of every role."""
    return People.on(stack)
