"""A chart's numbers, taken home as a file."""

import csv
import io
import zipfile
from xml.etree import ElementTree as ET

import pytest

from superset_assets.dataset_builder import FRESHNESS
from tests.superset.chart_data import ChartData, query
from tests.superset.stack import Stack
from tests.superset.test_numbers import PERIOD

METRICS = ["revenue", "aov", "orders", "repeat_order_share"]
LABELS = ["Канал заказа", "Общий оборот", "Средний чек", "Заказы", "Доля повторных заказов"]
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def exported(metrics: ChartData, file_format: str) -> bytes:
    body = {
        "datasource": {"id": metrics.dataset_id, "type": "table"},
        "queries": [query(METRICS, PERIOD, columns=("order_channel",))],
        "result_format": file_format,
        "result_type": "full",
    }
    return metrics.client.download("chart/data", method="POST", json=body)


def test_a_csv_opens_in_a_russian_excel_by_a_double_click(metrics: ChartData) -> None:
    content = exported(metrics, "csv")
    assert content.startswith(b"\xef\xbb\xbf")  # without it Excel reads UTF-8 as Windows-1251
    head, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";")
    assert head == LABELS
    asked = {
        row["order_channel"]: row
        for row in metrics.rows(METRICS, PERIOD, columns=("order_channel",))
    }
    assert len(rows) == len(asked) > 1
    for channel, *numbers in rows:
        # A point would make Excel read text, or a date.
        assert all("." not in each for each in numbers)
        shown = [float(each.replace(",", ".")) for each in numbers]
        assert shown == pytest.approx([float(asked[channel][name]) for name in METRICS])
    assert any("," in row[1] for row in rows)


def test_an_excel_file_holds_numbers_and_not_texts(metrics: ChartData) -> None:
    archive = zipfile.ZipFile(io.BytesIO(exported(metrics, "xlsx")))
    sheet = ET.fromstring(archive.read("xl/worksheets/sheet1.xml"))  # noqa: S314 (ours)
    _, *rows = sheet.iter(f"{SHEET}row")
    assert rows
    for row in rows:
        _, *numbers = row.iter(f"{SHEET}c")
        assert [cell.get("t") for cell in numbers] == [None] * len(METRICS)
        assert all(float(cell.findtext(f"{SHEET}v") or "") >= 0 for cell in numbers)


def test_how_fresh_the_data_are_is_told_in_words(stack: Stack) -> None:
    freshness = ChartData.of(stack, FRESHNESS)
    body = {"columns": ["data_until", "updated_at"], "metrics": [], "row_limit": 10}
    (row,) = freshness.results(body)[0]["data"]
    assert len(row["data_until"].split(".")) == len("dmy")
    assert row["updated_at"].count(":") == 1
