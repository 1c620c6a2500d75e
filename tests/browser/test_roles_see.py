"""Every role opens every tab of every board in Chromium and sees nothing broken or refused."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from superset_assets.board_scan import look_at
from superset_assets.browser import WIDTH, Viewer
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
def test_every_board_is_whole(
    stack: Stack, people: People, browser: Browser, tmp_path: Path, login: str
) -> None:
    person = Viewer(browser, stack.login.url, login, people.passwords[login])
    sights = [
        sight for slug in BOARDS for sight in look_at(person, slug, tmp_path, [WIDTH], ["light"])
    ]
    assert len(sights) > 40
    complaints = {
        f"{sight.picture.stem} {sight.tab}": faults
        for sight in sights
        if (faults := [each for each in sight.complaints if not each.endswith(NO_DATA)])
    }
    assert complaints == {}
