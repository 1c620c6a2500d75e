"""Every role opens every tab of every board in Chromium and sees nothing broken or refused."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from superset_assets.browser import Viewer
from superset_assets.files import AssetFiles
from superset_assets.settings import ROOM
from tests.superset.people import People
from tests.superset.stack import Stack

BOARDS = sorted(each.content["slug"] for each in AssetFiles(ROOM).of("dashboards"))
ROLES = ["viewer", "director", "marketer", "analyst", "engineer", "admin"]
# What the made-up marts have no rows for is no fault of a role; `test_roles` compares the rows.
NO_DATA = ": no data"

pytestmark = [pytest.mark.verify, pytest.mark.timeout(1800)]


@pytest.mark.parametrize("login", ROLES)
def test_every_board_is_whole(stack: Stack, people: People, browser: Browser, login: str) -> None:
    person = Viewer(browser, stack.login.url, login, people.passwords[login])
    seen = {tab: faults for slug in BOARDS for tab, faults in tabs_of(person, slug)}
    assert len(seen) > 40
    assert {tab: faults for tab, faults in seen.items() if faults} == {}


def tabs_of(person: Viewer, slug: str) -> Iterator[tuple[str, list[str]]]:
    """Each tab of a board, with what is wrong with it. How it looks is the same for all roles."""
    with person.board(slug) as board:
        for tab in board.tabs():
            board.open_tab(tab)
            board.fit()
            faults = [each for each in board.problems() if not each.endswith(NO_DATA)]
            faults += [*board.traffic.failed, *board.traffic.foreign]
            board.traffic.failed.clear()
            board.traffic.foreign.clear()
            yield f"{slug}: {tab}", faults
            board.unfit()
