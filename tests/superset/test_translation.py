"""The boards' texts in English, and back."""

from pathlib import Path

import pytest

from superset_assets.files import AssetFiles, Content
from superset_assets.methodology import BLOCK, ENGLISH
from superset_assets.slice_values import EnglishValues
from superset_assets.translation import English, TranslationError, texts_of
from superset_assets.words import read_words, update_boards_catalogue

BOARD, CHART, DATASET = "b-1", "c-1", "d-1"
WORDS = {
    "Открытия": "Opens",
    "Сколько открыто.": "How many were opened.",
    "Доска": "Board",
    "Открытия по дням": "Opens by day",
    "Событий\n\nФормула: все события.": "Events\n\nFormula: all events.",
    "Событий": "Events",
    "ранее": "before",
    "По событию": "By event date",
}
VALUES = EnglishValues(
    {"Пуш": "Push", "По событию": "By event date"}, {}, frozenset({"mailing_channel", "date_basis"})
)


@pytest.fixture
def files(tmp_path: Path) -> AssetFiles:
    """A room of one dataset, one chart and one board with its «Методика»."""
    room = AssetFiles(tmp_path)
    metric = {
        "metric_name": "events",
        "verbose_name": "Событий",
        "description": "Событий\n\nФормула: все события.",
        "expression": "countIf(mailing_channel = 'Пуш')",
    }
    room.write(Path("datasets/d.yaml"), {"uuid": DATASET, "columns": [], "metrics": [metric]})
    room.write(
        Path("charts/c.yaml"),
        {
            "uuid": CHART,
            "dataset_uuid": DATASET,
            "slice_name": "Открытия по дням",
            "description": "Сколько открыто.",
            "params": {
                "metric": "events",
                "adhoc_filters": [
                    {"subject": "mailing_channel", "comparator": ["Пуш"]},
                    {"subject": "mailing_folder", "comparator": ["Пуш"]},
                ],
                "column_config": {"Previous value": {"customColumnName": "ранее"}},
            },
        },
    )
    position = {
        "CHART-1": {"type": "CHART", "meta": {"uuid": CHART, "chartId": 1}},
        BLOCK: {"type": "MARKDOWN", "meta": {"code": "Событий", "height": 1}},
    }
    mask = {
        "extraFormData": {"filters": [{"col": "date_basis", "op": "IN", "val": ["По событию"]}]},
        "filterState": {"label": "По событию", "value": ["По событию"]},
    }
    target = {"column": {"name": "date_basis"}}
    filters = [{"id": "NATIVE_FILTER-own", "targets": [target], "defaultDataMask": mask}]
    board = {
        "uuid": BOARD,
        "dashboard_title": "Доска",
        "metadata": {"native_filter_configuration": filters},
        "position": position,
    }
    room.write(Path("dashboards/b.yaml"), board)
    return AssetFiles(tmp_path)


def by_uuid(english: English) -> dict[str, Content]:
    return {asset.uuid: asset.content for asset in english.assets}


def test_texts_are_translated_and_names_and_sql_are_not(files: AssetFiles) -> None:
    translated = by_uuid(English(files, WORDS, VALUES))
    chart = translated[CHART]
    assert (chart["slice_name"], chart["description"]) == ("Opens by day", "How many were opened.")
    assert chart["params"] == {
        "metric": "events",
        "adhoc_filters": [
            {"subject": "mailing_channel", "comparator": ["Push"]},
            {"subject": "mailing_folder", "comparator": ["Пуш"]},
        ],
        "column_config": {"Previous value": {"customColumnName": "before"}},
    }
    (metric,) = translated[DATASET]["metrics"]
    assert metric["verbose_name"] == "Events"
    assert metric["expression"] == "countIf(mailing_channel = 'Пуш')"


def test_a_filter_of_a_board_begins_with_the_english_value(files: AssetFiles) -> None:
    board = by_uuid(English(files, WORDS, VALUES))[BOARD]
    (written,) = board["metadata"]["native_filter_configuration"]
    english = ["By event date"]
    assert written["defaultDataMask"] == {
        "extraFormData": {"filters": [{"col": "date_basis", "op": "IN", "val": english}]},
        "filterState": {"label": "By event date", "value": english},
    }


def test_the_methodology_is_written_from_the_english_definitions(files: AssetFiles) -> None:
    code = by_uuid(English(files, WORDS, VALUES))[BOARD]["position"][BLOCK]["meta"]["code"]
    assert code.startswith(ENGLISH.introduction)
    assert code.endswith("| **Events** | Events | all events |\n")


def test_what_nobody_changed_comes_back_as_it_was(files: AssetFiles) -> None:
    english = English(files, WORDS, VALUES)
    pulled = by_uuid(english)
    for asset in files.of("charts") + files.of("datasets") + files.of("dashboards"):
        assert english.russian(pulled[asset.uuid]) == asset.content


def test_what_somebody_changed_in_english_stays_so_and_alone(files: AssetFiles) -> None:
    english = English(files, WORDS, VALUES)
    (chart,) = files.of("charts")
    renamed = {**by_uuid(english)[CHART], "slice_name": "Opens per day"}
    assert english.russian(renamed) == {**chart.content, "slice_name": "Opens per day"}


def test_of_two_russian_texts_with_one_english_the_objects_own_comes_back(
    files: AssetFiles,
) -> None:
    words = {**WORDS, "Открытий по дням": "Opens by day"}
    english = English(files, words, VALUES)
    (chart,) = files.of("charts")
    assert english.russian(by_uuid(english)[CHART]) == chart.content


def test_a_text_without_english_is_named_with_its_file(files: AssetFiles) -> None:
    words = {russian: text for russian, text in WORDS.items() if russian != "ранее"}
    with pytest.raises(TranslationError, match=r"charts/c\.yaml: no English for 'ранее'"):
        assert English(files, words, VALUES).assets


def test_the_catalogue_takes_new_texts_in_and_leaves_gone_ones_out(
    files: AssetFiles, tmp_path: Path
) -> None:
    catalogue = tmp_path / "boards.po"
    catalogue.write_text(
        'msgid "Доска"\nmsgstr "Board"\n\nmsgid "Старое"\nmsgstr "Old"\n', encoding="utf-8"
    )
    missing = update_boards_catalogue(files, catalogue)
    assert "Доска" not in missing
    assert "Сколько открыто." in missing
    assert read_words([catalogue]) == {"Доска": "Board"}
    assert "Старое" not in catalogue.read_text(encoding="utf-8")


def test_texts_are_told_from_values_by_their_place() -> None:
    content = {"name": "Имя", "val": "Значение", "list": ["Первый", {"sql": "'Да'", "x": "ok"}]}
    assert list(texts_of(content)) == ["Имя", "Первый"]
