"""The board as a marketer sees it, in both themes."""

import json
import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Request

from superset_assets.browser import ANIMATION_MS, CHART_DATA, BoardPage, Viewer
from superset_assets.files import AssetFiles
from superset_assets.settings import ROOM

FILTERS_SECONDS = 30
TABS = [
    *("Обзор", "Каналы и кампании", "По рассылкам", "Доставка", "Внимание и темы", "Клиенты"),
    *("Сверка с Mindbox", "Методика"),
]
# Names and words that Russian marketers write in Latin letters.
LATIN = {
    *("CTOR", "E", "Gmail", "Mail", "Mindbox", "RFM", "SMS", "UTM"),
    *("e", "mail", "ru", "sale", "spring", "welcome", "iCloud", "SQL", "Europe", "Moscow"),
    # Links of the made-up shop, and what a description says of links.
    *("example", "new", "shop", "www"),
    # The period filter's own word, which Superset cannot translate.
    "col",
}
# The frames that cut off the explanation of the chart under the pointer.
CUTTING_FRAMES = """() => {
  const chart = [...document.querySelectorAll('.dashboard-chart')]
    .find(each => !['none', 'normal'].includes(getComputedStyle(each, '::before').content));
  const shown = getComputedStyle(chart, '::before');
  const bottom = chart.closest('.chart-slice').getBoundingClientRect().top
    + parseFloat(shown.top) + parseFloat(shown.height);
  const frames = [];
  for (let frame = chart; !frame.matches('.dashboard-grid, body'); frame = frame.parentElement)
    if (getComputedStyle(frame).overflowY !== 'visible'
        && frame.getBoundingClientRect().bottom < bottom)
      frames.push(frame.className);
  return frames;
}"""

BOARDS = sorted(each.content["slug"] for each in AssetFiles(ROOM).of("dashboards"))
DARK = re.compile("Т[её]мная")
LIGHTNESS = """() => {
  const colour = getComputedStyle(document.querySelector('.header-with-actions')).color;
  const [red, green, blue] = colour.match(/[0-9.]+/g).map(Number);
  return (red + green + blue) / 3 / 255;
}"""


@pytest.fixture(scope="module", params=["light", pytest.param("dark", marks=pytest.mark.verify)])
def board(request: pytest.FixtureRequest, viewer: Viewer) -> Iterator[BoardPage]:
    with viewer.board("mailings", dark=request.param == "dark") as page:
        yield page


def test_every_tab_is_drawn_whole(board: BoardPage) -> None:
    assert board.tabs() == TABS
    complaints: dict[str, object] = {}
    for tab in TABS:
        board.open_tab(tab)
        board.fit()
        if found := [*board.problems(), *sorted(left_latin_words(board))]:
            complaints[tab] = found
        board.unfit()
    assert complaints == {}
    assert board.traffic.failed == []
    assert board.traffic.foreign == []


def left_latin_words(board: BoardPage) -> set[str]:
    """Those that stay; the filters show words of their own while they ask for their values."""
    deadline = time.monotonic() + FILTERS_SECONDS
    while (words := latin_words(board)) and time.monotonic() < deadline:
        board.page.wait_for_timeout(200)
    return words


def latin_words(board: BoardPage) -> set[str]:
    # An empty cell's text is "N/A"; what is drawn in its place is a dash.
    text = board.page.evaluate("() => document.body.innerText").replace("N/A", "")
    return set(re.findall(r"[A-Za-z]+", text)) - LATIN


def test_a_chart_explains_itself_under_the_pointer(board: BoardPage) -> None:
    board.open_tab("Обзор")
    board.page.locator('[data-test="slice-header"]', has_text="Доля открытий").first.hover()
    shown = board.page.evaluate(
        """() => [...document.querySelectorAll('.dashboard-chart')]
            .map(chart => getComputedStyle(chart, '::before').content)
            .filter(content => content !== 'none' && content !== 'normal')"""
    )
    assert len(shown) == 1
    assert "Открытия ÷ доставки" in shown[0]
    assert board.page.evaluate(CUTTING_FRAMES) == []


def test_a_table_explains_its_columns_under_the_pointer(board: BoardPage) -> None:
    board.open_tab("По рассылкам")
    titles = board.page.evaluate(
        "() => [...document.querySelectorAll('th')].map(th => "
        "(th.title || '') + [...th.querySelectorAll('[title]')].map(e => e.title).join(' '))"
    )
    assert any("Какая доля доставленных сообщений открыта" in title for title in titles)


def test_a_viewer_has_nothing_to_edit(board: BoardPage) -> None:
    assert board.page.locator('[data-test="edit-dashboard-button"]').count() == 0


def test_the_grain_filter_changes_the_dynamics(viewer: Viewer) -> None:
    with viewer.board("mailings") as board:
        board.tabs()
        board.settle()
        grains = []
        board.page.on(
            "request",
            lambda request: (
                grains.append(request.post_data or "")
                if "/api/v1/chart/data" in request.url
                else None
            ),
        )
        choice = board.page.locator('[data-test="NATIVE_FILTER-grain"]').first
        choice.click()
        board.page.locator(".ant-select-item-option", has_text="Неделя").first.click()
        board.page.locator('[data-test="filter-bar__apply-button"]').click()
        board.settle()
        assert any('"P1W"' in body for body in grains)
        assert board.problems() == []


def test_a_click_in_a_table_cuts_the_other_charts(viewer: Viewer) -> None:
    with viewer.board("mailings") as board:
        board.tabs()
        board.open_tab("Каналы и кампании")
        board.settle()
        asked: dict[int, list[list[str]]] = {}
        board.page.on("request", lambda request: asked.update(channels_asked_for(request)))
        table, other = chart(board, "Каналы: показатели"), chart(board, "Типы рассылок: показатели")
        channels = table.locator("td.dt-is-filter").all_inner_texts()
        assert len(channels) > 2
        table.locator("td.dt-is-filter", has_text="SMS").click()
        board.page.wait_for_timeout(ANIMATION_MS)
        board.settle()

        assert number(other) in asked
        assert number(table) not in asked
        assert all(values == [["SMS"]] for values in asked.values())
        assert table.locator("td.dt-is-filter").all_inner_texts() == channels
        assert board.problems() == []


def test_how_fresh_the_data_are_cuts_nothing(viewer: Viewer) -> None:
    with viewer.board("mailings") as board:
        board.tabs()
        board.open_tab("Обзор")
        board.settle()
        asked: dict[int, list[list[str]]] = {}
        board.page.on("request", lambda request: asked.update(channels_asked_for(request)))
        values = chart(board, "Свежесть данных").locator("td")
        assert values.count() == 2
        for value in values.all():
            value.click(force=True)
        board.page.wait_for_timeout(ANIMATION_MS)
        assert asked == {}


def chart(board: BoardPage, title: str) -> Locator:
    """A chart of the open tab."""
    return board.page.locator(f'[data-test-chart-name="{title}"]')


def number(chart: Locator) -> int:
    """The number that the chart's queries carry."""
    return int(chart.get_attribute("data-test-chart-id") or 0)


def channels_asked_for(request: Request) -> dict[int, list[list[str]]]:
    """The chart that asks for data, and the channels that it is cut to."""
    if CHART_DATA not in request.url:
        return {}
    body = json.loads(request.post_data or "{}")
    filters = body["queries"][0]["filters"]
    channels = [each["val"] for each in filters if each["col"] == "mailing_channel"]
    return {body["form_data"]["slice_id"]: channels}


def test_the_theme_chosen_in_the_menu_turns_all_boards(viewer: Viewer) -> None:
    with viewer.board("mailings") as board:
        board.tabs()
        assert lightness(board) < 0.4
        board.page.locator('[data-test="format-painter"], .anticon-format-painter').first.hover()
        board.page.get_by_role("menuitem", name=DARK).click()
        board.page.wait_for_function(f"() => ({LIGHTNESS})() > 0.6")
        for slug in BOARDS:
            board.page.goto(f"{viewer.url}/superset/dashboard/{slug}/")
            board.tabs()
            assert lightness(board) > 0.6, slug


def lightness(board: BoardPage) -> float:
    """Of the board's name, from 0 (black) to 1."""
    found: float = board.page.evaluate(LIGHTNESS)
    return found
