"""Superset as configured: language, look, privacy, speed."""

import json
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import requests
import yaml

from superset_assets.dataset_builder import METRICS
from superset_assets.settings import ROOM
from tests.superset.chart_data import ChartData
from tests.superset.stack import TIME_ZONE, Stack
from tests.superset.test_numbers import PERIOD


@pytest.fixture(scope="module")
def page(stack: Stack) -> requests.Response:
    return requests.get(f"{stack.login.url}/login/", timeout=60)


def bootstrap(page: requests.Response) -> dict:
    (data,) = re.findall(r'data-bootstrap="([^"]+)"', page.text)
    return json.loads(data.replace("&#34;", '"').replace("&amp;", "&").replace("&#39;", "'"))[
        "common"
    ]


def test_the_page_may_talk_to_nobody_but_us(page: requests.Response) -> None:
    policy = page.headers["Content-Security-Policy"]
    assert "http" not in policy.replace("https:", "http:").replace("'self'", "")
    assert "scarf" not in policy


def test_russian_is_the_language_and_the_number_format(page: requests.Response) -> None:
    common = bootstrap(page)
    assert common["locale"] == "ru"
    assert common["d3_format"]["decimal"] == ","
    assert common["d3_format"]["currency"] == ["", "\u00a0₽"]
    assert len(common["d3_time_format"]["months"]) == 12


def test_our_words_complete_the_shipped_ones(stack: Stack) -> None:
    pack = requests.get(f"{stack.login.url}/superset/language_pack/ru/", timeout=60).json()
    messages = pack["locale_data"]["superset"]
    ours = yaml.safe_load((ROOM / "locale" / "ru.yml").read_text(encoding="utf-8"))
    for english, russian in ours.items():
        assert messages[english] == (russian if isinstance(russian, list) else [russian])
    assert messages["Apply"] == ["Применить"]


def test_one_brand_file_gives_both_themes(page: requests.Response, stack: Stack) -> None:
    brand = yaml.safe_load((ROOM / "brand" / "default.yml").read_text(encoding="utf-8"))
    theme = bootstrap(page)["theme"]
    for name, algorithm in (("default", "light"), ("dark", "dark")):
        token = theme[name]["token"]
        assert token["colorPrimary"] == brand["tokens"][algorithm]["colorPrimary"]
        logo = requests.get(stack.login.url + token["brandLogoUrl"], timeout=60)
        assert logo.headers["Content-Type"].startswith("image/svg")


def test_now_is_the_projects_own(stack: Stack) -> None:
    period = ('DATEADD(DATETIME("now"), -1, HOUR)', 'DATETIME("now")')
    till = ChartData.of(stack, METRICS).answer(["sent"], period)["to_dttm"]
    here = datetime.now(tz=ZoneInfo(TIME_ZONE)).replace(tzinfo=UTC)
    assert abs(datetime.fromtimestamp(till / 1000, tz=UTC) - here) < timedelta(minutes=2)


def test_looking_at_charts_writes_no_event_into_the_metadata(stack: Stack) -> None:
    ChartData.of(stack, METRICS).rows(["sent"], PERIOD)
    assert stack.client.get("log/")["count"] == 0
