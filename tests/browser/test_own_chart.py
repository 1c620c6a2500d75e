"""A marketer builds a chart by drag and drop, in Chromium, and finds it on the own board again."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from superset_assets.browser import TIMEOUT_MS, BoardPage, BrowserError, Viewer
from superset_assets.dataset_builder import METRICS, dataset_uuid
from tests.superset.people import People
from tests.superset.stack import Stack

# «210 000», not «210k»: what `superset_assets/server/own_charts.py` starts charts with.
WRITTEN_OUT = ",.4~f"
CHART, BOARD = "Отправки по каналам и типам", "Моя доска"


@contextmanager
def new_chart(stack: Stack, people: People, browser: Browser, login: str) -> Iterator[BoardPage]:
    """The page on which charts of the dataset are made, as somebody sees it."""
    dataset = stack.client.by_uuid("dataset", dataset_uuid(METRICS))
    assert dataset is not None
    person = Viewer(browser, stack.login.url, login, people.passwords[login])
    with person.window() as window:
        window.page.goto(
            f"{person.url}/explore/?datasource_type=table&datasource_id={dataset['id']}"
            "&viz_type=table",
            timeout=TIMEOUT_MS,
        )
        yield window


@pytest.fixture
def page(stack: Stack, people: People, browser: Browser) -> Iterator[Page]:
    """Where a marketer with an own board makes charts; what was made is removed afterwards."""
    people["marketer"].post("dashboard/", json={"dashboard_title": BOARD})
    with new_chart(stack, people, browser, "marketer") as window:
        yield window.page
    for kind, name, made in (
        ("dashboard/", "dashboard_title", BOARD),
        ("chart/", "slice_name", CHART),
    ):
        found = stack.client.find(kind, name, made)
        if found is not None:
            stack.client.delete(f"{kind}{found['id']}")


def test_a_chart_is_dragged_together_switched_saved_and_found_again(
    stack: Stack, page: Page
) -> None:
    drag(page, "Отправки", "metrics")
    drag(page, "Канал рассылки", "groupby")
    drag(page, "Тип рассылки", "groupby")
    run(page)
    table = page.locator(".slice_container table")
    expect(table.locator("th")).to_contain_text(["Канал рассылки", "Тип рассылки", "Отправки"])
    expect(table.locator("tbody tr").first).to_contain_text("Массовая", timeout=TIMEOUT_MS)

    page.click('[data-test="bar-chart"]')
    page.locator('[data-test="groupby"] [data-test="remove-control-button"]').first.click()
    drag(page, "Канал рассылки", "x_axis")
    run(page)
    expect(page.locator(".slice_container canvas")).to_be_visible(timeout=TIMEOUT_MS)

    save(page)
    page.wait_for_url("**/superset/dashboard/**", timeout=TIMEOUT_MS)
    page.reload()
    shown = page.locator(".dashboard-component-chart-holder")
    expect(shown).to_have_count(1, timeout=TIMEOUT_MS)
    expect(shown.locator('[data-test="slice-header"]')).to_contain_text(CHART)
    expect(shown.locator("canvas")).to_be_visible(timeout=TIMEOUT_MS)
    expect(page.locator(".header-with-actions")).to_contain_text(BOARD)
    made = saved(stack)
    assert made["params"]["metrics"] == ["sent"]
    assert (made["viz_type"], made["params"]["x_axis"]) == (
        "echarts_timeseries_bar",
        "mailing_channel",
    )
    assert made["params"]["y_axis_format"] == WRITTEN_OUT
    assert page.locator(".ant-alert-error").count() == 0


def test_whoever_may_only_look_cannot_make_charts(
    stack: Stack, people: People, browser: Browser
) -> None:
    with new_chart(stack, people, browser, "viewer") as window:
        window.page.wait_for_load_state("networkidle", timeout=TIMEOUT_MS)
        save_button = window.page.locator('[data-test="query-save-button"]')
        assert save_button.count() == 0 or save_button.is_disabled()


def test_whoever_has_no_login_is_refused(stack: Stack, browser: Browser) -> None:
    stranger = Viewer(browser, stack.login.url, "marketer", "guessed")
    refused = pytest.raises(BrowserError, match="the login of marketer was refused")
    with refused, stranger.window():
        pass


def saved(stack: Stack) -> dict[str, Any]:
    """The chart as Superset keeps it."""
    found = stack.client.find("chart/", "slice_name", CHART)
    assert found is not None
    made: dict[str, Any] = stack.client.get(f"chart/{found['id']}")["result"]
    return {**made, "params": json.loads(made["params"])}


def offered(page: Page, label: str) -> Locator:
    """A metric or a slice in the list on the left, searched for as a person does."""
    page.get_by_placeholder("Поиск по").fill(label)
    found = page.locator('[data-test="DatasourcePanelDragOption"]').filter(
        has=page.get_by_text(label, exact=True)
    )
    expect(found.first).to_be_visible(timeout=TIMEOUT_MS)
    return found.first


def drag(page: Page, label: str, control: str) -> None:
    """Drag a metric or a slice upon a control of the chart."""
    zone = page.locator(f'[data-test="{control}"] [data-test="dnd-labels-container"]').first
    offered(page, label).drag_to(zone)
    expect(zone).to_contain_text(label)


def run(page: Page) -> None:
    page.click('[data-test="run-query-button"]')
    expect(page.locator(".slice_container")).to_be_visible(timeout=TIMEOUT_MS)


def save(page: Page) -> None:
    """Save the chart to the own board and go there."""
    page.click('[data-test="query-save-button"]')
    page.fill('[data-test="new-chart-name"]', CHART)
    board = page.locator('[data-test="save-chart-modal-select-dashboard-form"] input').first
    board.click()
    page.locator(".ant-select-item-option", has_text=BOARD).first.click()
    page.get_by_role("button", name="Сохранить и перейти к дашборду").click()
