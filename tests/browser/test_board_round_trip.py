"""A board changed by hand in Chromium comes into the files, and from them to a fresh Superset."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from sandbox.superset import begin_bootstrap, finish_bootstrap, free_port, start_superset
from superset_assets.browser import TIMEOUT_MS, Viewer
from superset_assets.client import SupersetClient
from superset_assets.dataset_builder import METRICS
from superset_assets.files import Asset, AssetFiles
from superset_assets.publish import push
from superset_assets.pull import pull
from superset_assets.references import chart_metrics, charts_of
from superset_assets.settings import ROOM, SupersetLogin
from tests.browser.test_own_chart import drag, run
from tests.superset.chart_data import ChartData
from tests.superset.people import People
from tests.superset.stack import Stack, superset_environment
from tests.superset.test_numbers import PERIOD

pytestmark = [pytest.mark.verify, pytest.mark.timeout(900)]

SLUG, TITLE, REMOVED = "overview", "Обзор", "Доля рассылок"
NEW_TITLE, NEW_CHART = "Обзор для директора", "Клики по каналам"


@pytest.fixture
def files(tmp_path: Path) -> AssetFiles:
    """A copy of the assets that may be changed."""
    return AssetFiles(Path(shutil.copytree(ROOM, tmp_path / "assets")))


@pytest.fixture
def changed(stack: Stack, people: People, browser: Browser) -> Iterator[Stack]:
    """Superset after an administrator changed a board of ours by hand; put right afterwards."""
    dataset = ChartData.of(stack, METRICS).dataset_id
    admin = Viewer(browser, stack.login.url, "admin", people.passwords["admin"])
    with admin.window() as window:
        page = window.page
        page.goto(
            f"{admin.url}/explore/?datasource_type=table&datasource_id={dataset}&viz_type=table",
            timeout=TIMEOUT_MS,
        )
        drag(page, "Клики", "metrics")
        drag(page, "Канал рассылки", "groupby")
        run(page)
        save_to_ours(page)
        rename_and_remove(page)
    yield stack
    push(stack.client, AssetFiles(ROOM), stack.warehouse)
    made = stack.client.find("chart/", "slice_name", NEW_CHART)
    if made is not None:
        stack.client.delete(f"chart/{made['id']}")


def save_to_ours(page: Page) -> None:
    page.click('[data-test="query-save-button"]')
    page.fill('[data-test="new-chart-name"]', NEW_CHART)
    page.locator('[data-test="save-chart-modal-select-dashboard-form"] input').first.fill(TITLE)
    page.locator(".ant-select-item-option", has_text=TITLE).first.click()
    page.get_by_role("button", name="Сохранить и перейти к дашборду").click()
    page.wait_for_url("**/superset/dashboard/**", timeout=TIMEOUT_MS)


def rename_and_remove(page: Page) -> None:
    """In the board's own editor: another title, one tile less."""
    page.click('[data-test="edit-dashboard-button"]', timeout=TIMEOUT_MS)
    title = page.locator('.header-with-actions [data-test="editable-title-input"]').first
    title.click()
    title.fill(NEW_TITLE)
    title.press("Enter")
    tile = page.locator(".dashboard-component-chart-holder", has_text=REMOVED).first
    tile.hover()
    tile.locator('[data-test="dashboard-delete-component-button"]').first.click()
    page.click('[data-test="header-save-button"]')
    expect(page.locator('[data-test="edit-dashboard-button"]')).to_be_visible(timeout=TIMEOUT_MS)


def test_what_was_changed_by_hand_stands_on_a_fresh_superset(
    changed: Stack, files: AssetFiles, tmp_path: Path
) -> None:
    before = overview(files)
    report = pull(changed.client, files)
    pulled = AssetFiles(files.root)
    board = overview(pulled)
    assert board.content["dashboard_title"] == NEW_TITLE
    assert names(files, before) - names(pulled, board) == {REMOVED}
    assert names(pulled, board) - names(files, before) == {NEW_CHART}
    # The board, the chart that came and the one that left: nothing else.
    assert sorted(path.parts[0] for path in report.changed) == ["charts", "charts", "dashboards"]
    assert report.datasets_differ == []

    with ExitStack() as services:
        fresh = fresh_superset(changed, tmp_path / "fresh", services)
        push(fresh.client, pulled, fresh.warehouse)
        again = pull(fresh.client, AssetFiles(shutil.copytree(pulled.root, tmp_path / "again")))
        assert (again.changed, again.datasets_differ, again.filters_differ) == ([], [], {})
        asked = {"columns": ("mailing_channel",)}
        assert ChartData.of(fresh, METRICS).rows(["clicks"], PERIOD, **asked) == ChartData.of(
            changed, METRICS
        ).rows(["clicks"], PERIOD, **asked)


def overview(files: AssetFiles) -> Asset:
    (board,) = [each for each in files.of("dashboards") if each.content["slug"] == SLUG]
    return board


def names(files: AssetFiles, board: Asset) -> set[str]:
    """The titles of a board's charts."""
    shown = charts_of(board, files.of("charts"))
    assert all(chart_metrics(chart) for chart in shown if chart.content["slice_name"] == NEW_CHART)
    return {str(chart.content["slice_name"]) for chart in shown}


def fresh_superset(stack: Stack, folder: Path, services: ExitStack) -> Stack:
    """An empty Superset over the same warehouse."""
    folder.mkdir()
    environment, port = superset_environment(folder), free_port()
    finish_bootstrap(begin_bootstrap(folder, environment), folder)
    start_superset(services, folder, environment, port)
    login = SupersetLogin(
        f"http://127.0.0.1:{port}", "admin", environment["SUPERSET_ADMIN_PASSWORD"]
    )
    return Stack(
        login, stack.demo, stack.warehouse, stack.clickhouse, SupersetClient(login), environment
    )
