"""The words of slices in English: which are ours to translate, how filters read them back."""

import csv
import re

import pytest

from superset_assets.manifest import Manifest
from superset_assets.mindbox_report import contents
from superset_assets.semantics.catalog import Catalog
from superset_assets.settings import ROOM
from superset_assets.slice_values import (
    FAILURE_REASONS,
    OF_METRICS,
    RUSSIAN_LETTER,
    words_of_values,
)
from superset_assets.words import english_values

DBT = ROOM.parent / "dbt"
VALUES = english_values()
# The value of `brand` in the rows that count a customer of several brands once; nobody is shown it.
UNSEEN = {"Все бренды"}
QUOTED = re.compile(r"'([^'\n]*)'|\"([^\"\n]*)\"")


def written_by_the_models() -> set[str]:
    """Every Russian word that a model or a macro of the marts writes into a column."""
    found: set[str] = set()
    for path in (path for folder in ("models", "macros") for path in (DBT / folder).rglob("*.sql")):
        text = re.sub(r"\{#.*?#\}|--[^\n]*", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        # SQL within a text of Jinja stands in the other quotation marks.
        for either in QUOTED.findall(text):
            inner = "".join(either)
            found |= {"".join(each) for each in QUOTED.findall(inner)} or {inner}
    return {word.removesuffix(": ") for word in found if RUSSIAN_LETTER.search(word)} - UNSEEN


def test_every_word_that_the_models_write_has_its_english() -> None:
    words = written_by_the_models()
    assert {"Массовая", "Не указано", "Доставка", "Карта"} <= words
    with FAILURE_REASONS.open(encoding="utf-8", newline="") as opened:
        words |= {row["label"] for row in csv.DictReader(opened)}
    assert words - VALUES.words.keys() == set()


@pytest.mark.parametrize(
    ("column", "russian", "english"),
    [
        ("mailing_type", "Массовая", "Mass"),
        ("weekday", "Вс", "Sun"),
        ("weekday_axis", "\u2009\u2009Сб", "\u2009\u2009Sat"),
        ("send_slot", "Пн 09", "Mon 09"),
        ("send_slot", "Не указано", "Not specified"),
        ("reachable_set", "E-mail + Мобильный пуш", "E-mail + Mobile push"),
        ("reachable_set_now", "Нет", "None"),
        ("not_comparable_because", "Не загружено до снимка: orders", None),
        ("store", "Онлайн", "Online"),
        ("mailing_folder", "Не применимо", "Not applicable"),
        ("compared_metric", "Доход от письма", "Revenue per message"),
        ("failure_reason", "Ящик переполнен", "Mailbox full"),
        ("failure_reason", "NewReasonOfMindbox", "NewReasonOfMindbox"),
    ],
)
def test_a_value_is_shown_in_english_and_read_back(
    column: str, russian: str, english: str | None
) -> None:
    english = english or "Not loaded before the snapshot: orders"
    assert VALUES.english(column, russian) == english
    assert VALUES.russian(column, english) == russian
    assert VALUES.russian(column, russian) == russian


@pytest.mark.parametrize("column", ["mailing_folder", "mailing", "product", "store", "brand"])
def test_a_name_is_nobodys_to_translate(column: str) -> None:
    assert VALUES.english(column, "Новый") == "Новый"
    assert VALUES.russian(column, "New") == "New"


def test_every_word_of_every_closed_list_is_read_back() -> None:
    lists = {name: each.words for name, each in Catalog.read().slices.items() if each.words}
    assert len(lists) > 20
    for name, words in lists.items():
        english = [VALUES.english(name, word) for word in words]
        assert not any(map(RUSSIAN_LETTER.search, english)), name
        assert [VALUES.russian(name, word) for word in english] == list(words), name


def test_the_metrics_beside_the_report_have_their_names(manifest: Manifest) -> None:
    labels = {manifest.metrics[each.metric].label for each in contents().figures}
    assert "our_metric" in OF_METRICS
    assert labels - VALUES.metrics.keys() == set()


def test_a_filter_among_names_asks_for_the_name_and_for_our_word() -> None:
    given = {"col": "store", "op": "IN", "val": ["Online", "Mall"]}
    assert VALUES.asked(given) == {**given, "val": ["Онлайн", "Mall", "Online"]}


def test_a_filter_of_a_closed_list_asks_for_our_words_alone() -> None:
    given = {"col": "gender", "op": "NOT IN", "val": ["Female", "Не указано"]}
    assert VALUES.asked(given) == {**given, "val": ["Женский", "Не указано"]}
    assert VALUES.asked({"col": "gender", "op": "==", "val": "Male"})["val"] == "Мужской"


def test_what_is_no_text_is_left_alone() -> None:
    period = {"col": "date", "op": "TEMPORAL_RANGE", "val": "2026-01-01 : 2026-02-01"}
    assert VALUES.asked(period) == period
    assert VALUES.asked({"col": "hour", "op": "IN", "val": [9, 10]})["val"] == [9, 10]
    assert VALUES.english("gender", None) is None


def test_every_word_is_said_by_some_slice() -> None:
    assert VALUES.words.keys() == words_of_values(Catalog.read())
