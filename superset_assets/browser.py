"""A board as a person sees it, in Chromium."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Request, Response, sync_playwright

from superset_assets.settings import Language

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
WIDTH, HEIGHT = 1440, 900
WIDTHS = (1440, 1920)
LOCALES = {Language.RUSSIAN: "ru-RU", Language.ENGLISH: "en-GB"}
TIMEOUT_MS = 60_000
ANIMATION_MS = 1_200
CHART_DATA = "/api/v1/chart/data"
BLOCKED_BY_POLICY = "csp"

# Every chart of the open tab has come to its end: an image, a table, a number or an error.
SETTLED = """() => {
  const shown = [...document.querySelectorAll('.dashboard-component-chart-holder')]
    .filter(holder => holder.offsetParent !== null && !holder.closest('.dashboard-markdown'));
  return shown.every(holder =>
    !holder.querySelector('.loading, [data-test="loading-indicator"], .ant-spin-spinning') &&
    holder.querySelector('canvas, table, .superset-legacy-chart-big-number, [class*="big-number"],'
      + ' .slice_container .pop_kpi, .slice_container svg, .ant-alert, .ant-empty'));
}"""

# What must not be seen: each entry is a chart or a control with what is wrong with it.
PROBLEMS = """() => {
  const problems = [];
  const visible = element => element.offsetParent !== null;
  const SLACK = 4;
  const title = holder =>
    holder.querySelector('[data-test="slice-header"]')?.innerText.trim() || holder.id;
  for (const holder of document.querySelectorAll('.dashboard-component-chart-holder')) {
    if (!visible(holder) || holder.closest('.dashboard-markdown')) continue;
    const name = title(holder), box = holder.getBoundingClientRect();
    if (holder.querySelector('.ant-alert-error, [data-test="error-message"], .alert-danger'))
      problems.push(`${name}: error`);
    if (holder.querySelector('.ant-empty, [data-test="chart-empty-state"]'))
      problems.push(`${name}: no data`);
    if (!holder.querySelector('canvas, table, .slice_container > *'))
      problems.push(`${name}: blank`);
    for (const canvas of holder.querySelectorAll('canvas')) {
      const drawn = canvas.getBoundingClientRect();
      if (drawn.right > box.right + 1 || drawn.bottom > box.bottom + 1)
        problems.push(`${name}: drawn past its frame`);
    }
    for (const text of holder.querySelectorAll('.slice_container *')) {
      if (!visible(text) || text.children.length || !text.innerText?.trim()) continue;
      if (text.closest('table')) continue;
      const part = text.getBoundingClientRect();
      let frame = text;
      while (frame !== holder) {
        frame = frame.parentElement;
        if (frame !== holder && getComputedStyle(frame).overflow === 'visible') continue;
        const edge = frame.getBoundingClientRect();
        const right = part.right - edge.right, left = edge.left - part.left;
        if (Math.max(right, left, part.bottom - edge.bottom) > 1) {
          problems.push(`${name}: «${text.innerText.trim()}» leaves its frame`);
          break;
        }
      }
    }
    // Head, body and foot of a table are tables of their own, as wide as each other.
    const tables = [...holder.querySelectorAll('table')].map(table => {
      let frame = table;
      while (frame !== holder && frame.scrollWidth <= frame.clientWidth + SLACK)
        frame = frame.parentElement;
      return frame === holder ? 0 : frame.scrollWidth - frame.clientWidth;
    });
    if (Math.max(0, ...tables))
      problems.push(`${name}: columns ${Math.max(...tables)} px beyond its edge`);
    const heading = holder.querySelector('[data-test="slice-header"] .header-title *');
    if (heading && heading.scrollWidth > heading.clientWidth + 1)
      problems.push(`${name}: title cut`);
  }
  for (const block of document.querySelectorAll('.dashboard-markdown')) {
    if (!visible(block)) continue;
    const cut = [block, ...block.querySelectorAll('div')].find(inner =>
      inner.clientHeight > 0 && inner.scrollHeight > inner.clientHeight + 2 &&
      ['auto', 'scroll', 'hidden'].includes(getComputedStyle(inner).overflowY));
    if (cut) problems.push(`text block: ${cut.scrollHeight} px in ${cut.clientHeight} px`);
  }
  return problems;
}"""


class BrowserError(Exception):
    """A page could not be opened; the text says which."""


@dataclass
class Traffic:
    """What a page asked the network for."""

    own_host: str
    foreign: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def on_end(self, request: Request) -> None:
        """Note a request that left for any host but ours.

        One that the page's content policy stopped never left the browser.
        """
        address = urlsplit(request.url)
        is_foreign = address.scheme in {"http", "https"} and address.netloc != self.own_host
        if is_foreign and request.failure != BLOCKED_BY_POLICY:
            self.foreign.append(f"{request.url} {request.failure or 'answered'}")

    def on_response(self, response: Response) -> None:
        """Note a chart whose data did not come."""
        if CHART_DATA in response.url and not response.ok:
            self.failed.append(f"{response.status} {response.text()[:500]}")


@dataclass(frozen=True)
class BoardPage:
    """A board in one browser window."""

    page: Page
    traffic: Traffic
    width: int = WIDTH

    def tabs(self) -> list[str]:
        """The names of the board's tabs."""
        self.page.wait_for_selector(".dashboard-component-tabs [role=tab]", timeout=TIMEOUT_MS)
        found = self.page.locator(".dashboard-component-tabs [role=tab]")
        return [text.strip() for text in found.all_inner_texts()]

    def open_tab(self, name: str) -> None:
        """Show a tab and wait until each of its charts has come to its end."""
        self.page.locator(".dashboard-component-tabs [role=tab]", has_text=name).first.click()
        self.settle()

    def settle(self) -> None:
        """Wait for the charts in sight: the data, then the end of the animation."""
        self.page.wait_for_timeout(300)
        self.page.wait_for_load_state("networkidle", timeout=TIMEOUT_MS)
        self.page.wait_for_function(SETTLED, timeout=TIMEOUT_MS)
        self.page.wait_for_timeout(ANIMATION_MS)

    def problems(self) -> list[str]:
        """What a viewer would complain of in the tab in sight."""
        found: list[str] = self.page.evaluate(PROBLEMS)
        return found

    def fit(self) -> None:
        """Make the window as tall as the tab, so that one picture holds all of it."""
        height = self.page.evaluate(
            "() => Math.max(...[...document.querySelectorAll('.dashboard-content, "
            ".grid-container')].map(e => e.getBoundingClientRect().bottom + window.scrollY))"
        )
        self.page.set_viewport_size({"width": self.width, "height": max(HEIGHT, int(height) + 40)})
        self.settle()

    def unfit(self) -> None:
        """Give the window its usual height again."""
        self.page.set_viewport_size({"width": self.width, "height": HEIGHT})


@dataclass(frozen=True)
class Viewer:
    """Somebody logged in to Superset in a browser."""

    browser: Browser
    url: str
    username: str
    password: str
    language: Language = Language.RUSSIAN

    @contextmanager
    def board(self, slug: str, *, dark: bool = False, width: int = WIDTH) -> Iterator[BoardPage]:
        """A board in a window of its own, in the light or the dark theme.

        Raises:
            BrowserError: the login was refused.
        """
        with self.window(dark=dark, width=width) as window:
            window.page.goto(f"{self.url}/superset/dashboard/{slug}/", timeout=TIMEOUT_MS)
            yield window

    @contextmanager
    def window(self, *, dark: bool = False, width: int = WIDTH) -> Iterator[BoardPage]:
        """A window in which this person is logged in, with Superset in the boards' language.

        Raises:
            BrowserError: the login was refused.
        """
        context = self.browser.new_context(
            viewport={"width": width, "height": HEIGHT},
            color_scheme="dark" if dark else "light",
            locale=LOCALES[self.language],
        )
        try:
            page = context.new_page()
            traffic = Traffic(urlsplit(self.url).netloc)
            page.on("requestfinished", traffic.on_end)
            page.on("requestfailed", traffic.on_end)
            page.on("response", traffic.on_response)
            self._log_in(page)
            page.goto(f"{self.url}/lang/{self.language}", timeout=TIMEOUT_MS)
            yield BoardPage(page, traffic, width)
        finally:
            context.close()

    def _log_in(self, page: Page) -> None:
        page.goto(f"{self.url}/login/", timeout=TIMEOUT_MS)
        page.fill("input#username, [data-test=username-input]", self.username)
        page.fill("input#password, [data-test=password-input]", self.password)
        with page.expect_response(_answers_a_login, timeout=TIMEOUT_MS) as answer:
            page.click("[data-test=login-button], button[type=submit]")
        # Superset sends everybody on: back to this page, or to where they wanted to go.
        is_refused = urlsplit(answer.value.headers.get("location", "")).path.startswith("/login")
        page.wait_for_load_state("networkidle", timeout=TIMEOUT_MS)
        if is_refused:
            raise BrowserError(f"{self.url}: the login of {self.username} was refused")


def _answers_a_login(response: Response) -> bool:
    return response.request.method == "POST" and urlsplit(response.url).path.startswith("/login")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium without a window; its program is CHROMIUM_PATH or Debian's."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM_PATH", CHROMIUM), args=list(ARGUMENTS)
        )
        try:
            yield browser
        finally:
            browser.close()
