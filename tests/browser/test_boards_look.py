"""Every board, in both themes, is looked over as `make screenshots` does it."""

from pathlib import Path

import pytest

from superset_assets.board_scan import look_at
from superset_assets.browser import WIDTH, Viewer
from superset_assets.files import AssetFiles
from superset_assets.settings import ROOM

BOARDS = sorted(each.content["slug"] for each in AssetFiles(ROOM).of("dashboards"))
# The made-up marts have no rows for some charts; on the demo data the command sees to that.
NO_DATA = ": no data"
pytestmark = [pytest.mark.verify, pytest.mark.timeout(900)]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("slug", BOARDS)
def test_nothing_is_to_complain_of(viewer: Viewer, tmp_path: Path, slug: str, theme: str) -> None:
    sights = list(look_at(viewer, slug, tmp_path, [WIDTH], [theme]))
    assert len(sights) > 2
    found = {
        sight.tab: [each for each in sight.complaints if not each.endswith(NO_DATA)]
        for sight in sights
    }
    assert {tab: faults for tab, faults in found.items() if faults} == {}
