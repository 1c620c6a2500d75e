"""Our Russian of Superset's own screens: it fills in what the English has, in every plural form."""

import re
from pathlib import Path

import pytest
import yaml

FILE = Path(__file__).resolve().parents[2] / "superset_assets" / "locale" / "ru.yml"
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd]|\{\{.*?\}\}")
CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
WITHOUT_CYRILLIC = {"Main", "N/A", "to"}
PLURAL_FORMS = 3


@pytest.fixture(scope="module")
def words() -> dict[str, str | list[str]]:
    content: dict[str, str | list[str]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return content


def forms(russian: str | list[str]) -> list[str]:
    return russian if isinstance(russian, list) else [russian]


def test_the_russian_has_the_placeholders_of_the_english(
    words: dict[str, str | list[str]],
) -> None:
    wrong = {
        english: form
        for english, russian in words.items()
        for form in forms(russian)
        if PLACEHOLDER.findall(form) != PLACEHOLDER.findall(english)
    }
    assert wrong == {}


def test_the_russian_is_russian(words: dict[str, str | list[str]]) -> None:
    foreign = {
        english
        for english, russian in words.items()
        if not all(CYRILLIC.search(form) for form in forms(russian))
    }
    assert foreign == WITHOUT_CYRILLIC


def test_a_plural_has_the_three_forms_of_russian(words: dict[str, str | list[str]]) -> None:
    plurals = {english: russian for english, russian in words.items() if isinstance(russian, list)}
    assert {english for english, found in plurals.items() if len(found) != PLURAL_FORMS} == set()


def test_the_words_stand_in_order_and_once(words: dict[str, str | list[str]]) -> None:
    lines = FILE.read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if not line.startswith("#")]) == len(words)
    assert list(words) == sorted(words, key=str.casefold)
