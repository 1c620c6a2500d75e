"""An English installation shows and takes the values of slices in English, over the same marts."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
import requests

from sandbox.superset import free_port, start_superset
from superset_assets.client import SupersetClient
from superset_assets.dataset_builder import BOARD_OPTIONS, METRICS, THIN_SPACE, dataset_uuid
from superset_assets.semantics.catalog import Catalog
from superset_assets.server.brand import FOLDER, Brand
from superset_assets.slice_values import PARTED, RUSSIAN_LETTER
from superset_assets.words import english_values
from tests.superset.chart_data import ChartData, query
from tests.superset.marts import OTHER_MODEL
from tests.superset.stack import Stack
from tests.superset.test_numbers import PERIOD, SINCE

VALUES = english_values()
OTHER_BRAND = "north_wind"
FIGURES = ["sent", "mail_orders", "buyers"]


@pytest.fixture(scope="module")
def english(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A second Superset over the same databases, in English, in the second example brand."""
    port = free_port()
    environment = {
        **stack.environment,
        "SUPERSET_LANGUAGE": "en",
        "SUPERSET_BRAND": OTHER_BRAND,
    }
    with ExitStack() as services:
        start_superset(services, tmp_path_factory.mktemp("english"), environment, port)
        login = replace(stack.login, url=f"http://127.0.0.1:{port}")
        yield replace(stack, login=login, client=SupersetClient(login))


@pytest.fixture(scope="module")
def in_english(english: Stack) -> ChartData:
    return ChartData.of(english, METRICS)


@pytest.mark.parametrize("column", ["mailing_type", "lifecycle_stage", "reachable_set", "region"])
def test_the_same_numbers_stand_under_english_values(
    metrics: ChartData, in_english: ChartData, column: str
) -> None:
    russian = {
        VALUES.english(column, row.pop(column)): row
        for row in metrics.rows(FIGURES, PERIOD, columns=(column,))
    }
    assert len(russian) > 1
    english = {row.pop(column): row for row in in_english.rows(FIGURES, PERIOD, columns=(column,))}
    assert english == russian


def test_no_word_of_ours_is_shown_in_russian(in_english: ChartData) -> None:
    slices = Catalog.read().slices
    columns = sorted({name for name, each in slices.items() if each.words} | slices.keys() & PARTED)
    asked = [query(["sent", "orders"], PERIOD, columns=(name,)) for name in columns]
    answers = in_english.results(*asked)
    found = {
        name: [row[name] for row in answer["data"] if RUSSIAN_LETTER.search(str(row[name]))]
        for name, answer in zip(columns, answers, strict=True)
    }
    assert sum(bool(answer["data"]) for answer in answers) > 20
    assert {name: values for name, values in found.items() if values} == {}


def test_an_axis_of_weekdays_is_english_and_in_order(in_english: ChartData) -> None:
    rows = in_english.rows(["sent"], PERIOD, columns=("weekday_axis",))
    # By letters, as a reader's browser has them, the longest row of spaces comes first.
    written = sorted((row["weekday_axis"] for row in rows), key=lambda day: -day.count(THIN_SPACE))
    week = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    days = [day.strip(THIN_SPACE) for day in written]
    assert days == [day for day in week if day in days]
    assert len(days) > 1


@pytest.mark.parametrize("operator", ["IN", "NOT IN"])
@pytest.mark.parametrize("word", ["Mass", "Массовая"])
def test_a_filter_takes_the_word_that_is_shown_and_that_of_the_marts(
    metrics: ChartData, in_english: ChartData, word: str, operator: str
) -> None:
    def filtered(by: ChartData, value: str) -> list[dict[str, object]]:
        given = {"col": "mailing_type", "op": operator, "val": [value]}
        return by.rows(FIGURES, PERIOD, filters=[given])

    expected = filtered(metrics, "Массовая")
    assert expected != metrics.rows(FIGURES, PERIOD)
    assert filtered(in_english, word) == expected


@pytest.mark.parametrize(
    ("column", "russian", "shown"),
    [
        ("date_basis", "По дате события", "By event date"),
        ("attribution_model", OTHER_MODEL, VALUES.english("attribution_model", OTHER_MODEL)),
    ],
)
def test_a_switch_is_turned_by_its_english_name(
    metrics: ChartData, in_english: ChartData, column: str, russian: str, shown: str
) -> None:
    figures = [*FIGURES, "opens", "clicks", "mail_revenue"]
    month = tuple((SINCE + timedelta(days=days)).isoformat() for days in (60, 90))
    expected = metrics.rows(figures, month, where=((column, [russian]),))
    assert expected != metrics.rows(figures, month)
    assert shown != russian
    assert in_english.rows(figures, month, where=((column, [shown]),)) == expected


def test_campaigns_are_compared_by_a_metric_of_its_english_name(
    metrics: ChartData, in_english: ChartData
) -> None:
    asked = {"columns": ("mailing",)}
    expected = metrics.rows(["cmp_value"], PERIOD, where=(("compared_metric", ["Клики"]),), **asked)
    found = in_english.rows(
        ["cmp_value"], PERIOD, where=(("compared_metric", ["Clicks"]),), **asked
    )
    assert found == [
        {**row, "mailing": VALUES.english("mailing", row["mailing"])} for row in expected
    ]
    assert any(row["cmp_value"] for row in found)


def test_the_period_before_stands_beside_each_english_value(
    metrics: ChartData, in_english: ChartData
) -> None:
    asked = {"columns": ("mailing_channel",), "compare": "inherit"}
    expected = metrics.rows(["sent"], PERIOD, **asked)
    found = in_english.rows(["sent"], PERIOD, **asked)
    assert found == [
        {**row, "mailing_channel": VALUES.english("mailing_channel", row["mailing_channel"])}
        for row in expected
    ]


def test_lists_of_values_are_english(english: Stack, in_english: ChartData) -> None:
    listed = english.client.get(f"datasource/table/{in_english.dataset_id}/column/gender/values/")
    assert {"Male", "Female"} <= set(listed["result"])
    found = english.client.by_uuid("dataset", dataset_uuid(BOARD_OPTIONS))
    assert found is not None
    options = ChartData(english.client, found["id"])
    names = ("date_basis", "attribution_model", "compared_metric")
    answers = options.results(
        *({"columns": [name], "metrics": [], "row_limit": 100, "filters": []} for name in names)
    )
    values = {
        name: [row[name] for row in answer["data"]]
        for name, answer in zip(names, answers, strict=True)
    }
    assert "By send date" in values["date_basis"]
    assert "Last non-direct touch" in values["attribution_model"]
    assert "Revenue per message" in values["compared_metric"]
    assert not [word for words in values.values() for word in words if RUSSIAN_LETTER.search(word)]


def test_the_rows_behind_a_number_are_english(in_english: ChartData) -> None:
    period = {"col": "date", "op": "TEMPORAL_RANGE", "val": " : ".join(PERIOD)}
    mass = {"col": "mailing_type", "op": "IN", "val": ["Mass"]}
    (details,) = in_english.results(
        {"filters": [period, mass], "row_limit": 50}, result_type="drill_detail"
    )
    assert {row["mailing_type"] for row in details["data"]} == {"Mass"}
    assert {row["gender"] for row in details["data"]} <= {"Male", "Female", "Not specified"}


def test_one_setting_puts_on_the_other_brand(stack: Stack, english: Stack) -> None:
    brand = Brand(FOLDER / f"{OTHER_BRAND}.yml")
    shown = requests.get(f"{english.login.url}/login/", timeout=60).text
    assert f"<title>{brand.name}</title>" in re.sub(r"\s*(</?title>)\s*", r"\1", shown)
    assert brand.name not in requests.get(f"{stack.login.url}/login/", timeout=60).text
    for address in (brand.favicon, brand.theme("default")["token"]["brandLogoUrl"]):
        assert address in shown
        served = requests.get(f"{english.login.url}{address}", timeout=60)
        assert served.headers["Content-Type"].startswith("image/svg+xml")
