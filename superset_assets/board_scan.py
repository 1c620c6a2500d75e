"""Looking at boards as a person would: a picture of every tab, and what there is to complain of.

A tab is complained of for what is seen to be wrong (`browser.PROBLEMS`), for text that is hard to
read (WCAG 2.1 AA, by axe-core), for titles in the other language, for charts that got no data, and
for whatever is asked of a foreign host. What is drawn on a canvas has no text that could be read
here; of its colours the tests of the brand speak.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe

from superset_assets.browser import BoardPage, Viewer
from superset_assets.settings import Language

CONTRAST = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}
# Names and terms that Russian marketers write in Latin letters.
LATIN_TERMS = frozenset(
    {
        *("AOV", "ARPU", "CLV", "CR", "CRM", "CTOR", "ID", "LTV", "Mindbox", "NPS", "RFM", "ROI"),
        *("SMS", "UTM", "E", "e", "mail", "p", "A", "B", "ABC", "XYZ", "VIP", "IP", "AB", "pp"),
    }
)
# Titles of charts, tabs, filters and columns, in the tab in sight; the columns of a pivot table are
# values of slices.
TITLES = """() => [...document.querySelectorAll(
    '[data-test="slice-header"], .dashboard-component-tabs [role=tab], th, '
    + '[data-test="filter-control-name"], .filter-item-wrapper h4, [data-test="editable-title"]'
  )].filter(each => each.offsetParent !== null && !each.closest('.pvtTable'))
  .map(each => each.innerText.trim())"""


@dataclass(frozen=True)
class Sight:
    """One tab of a board as it was seen.

    Attributes:
        picture: the file; `<language>/<slug>-<number of the tab>-<theme>-<width>.png`.
        tab: the tab's name.
        complaints: what is wrong with it; empty if nothing is.
    """

    picture: Path
    tab: str
    complaints: list[str]


def look_at(
    viewer: Viewer,
    slug: str,
    folder: Path,
    widths: Sequence[int],
    themes: Sequence[str] = ("light", "dark"),
) -> Iterator[Sight]:
    """Look at every tab of a board and keep a picture of it.

    Args:
        viewer: who looks, in the language of the boards.
        slug: the board.
        folder: where pictures go.
        widths: of the window, in pixels.
        themes: light and dark.
    """
    pictures = folder / viewer.language
    pictures.mkdir(parents=True, exist_ok=True)
    for width, theme in product(widths, themes):
        with viewer.board(slug, dark=theme == "dark", width=width) as board:
            for number, tab in enumerate(board.tabs(), start=1):
                board.open_tab(tab)
                board.fit()
                picture = pictures / f"{slug}-{number}-{theme}-{width}.png"
                board.page.screenshot(path=picture)
                yield Sight(picture, tab, complaints(board, viewer.language))
                board.unfit()


def complaints(board: BoardPage, language: Language) -> list[str]:
    """All that is wrong with the tab in sight, and with what it asked the network for."""
    found = [*board.problems(), *hard_to_read(board), *in_another_language(board, language)]
    found += [f"failed: {each}" for each in board.traffic.failed]
    found += [f"foreign host: {each}" for each in board.traffic.foreign]
    board.traffic.failed.clear()
    board.traffic.foreign.clear()
    return found


def hard_to_read(board: BoardPage) -> list[str]:
    """Texts whose contrast is below WCAG 2.1 AA, with the contrast they have."""
    violations = Axe().run(board.page, options=CONTRAST).response["violations"]
    return [
        f"{_words(node['html'])}: contrast {data['contrastRatio']}"
        f" ({data['fgColor']} on {data['bgColor']})"
        for violation in violations
        for node in violation["nodes"]
        for data in [node["any"][0]["data"]]
    ]


def in_another_language(board: BoardPage, language: Language) -> list[str]:
    """Titles with words of the language that the boards are not in."""
    letters = r"[A-Za-z]+" if language is Language.RUSSIAN else r"[А-Яа-яЁё]+"
    titles: list[str] = board.page.evaluate(TITLES)
    return [
        f"«{title}»: {', '.join(words)}"
        for title in dict.fromkeys(titles)
        if (words := sorted(set(re.findall(letters, title)) - LATIN_TERMS))
    ]


def _words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())[:60] or html[:80]
