"""The boards in English: every Russian text of the files by the catalogue, and back.

The files hold Russian. A push in English carries the same objects with their texts translated; a
pull from a Superset that was pushed so puts the Russian back, so that only what people changed
there differs. Texts are told from data by where they stand: names, descriptions and captions are
translated; SQL and ids are not. Values of filters are in the words that an English installation
shows (see `slice_values`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from superset_assets.files import Asset, AssetFiles, Content
from superset_assets.methodology import BLOCK, ENGLISH, write_methodology
from superset_assets.slice_values import RUSSIAN_LETTER, EnglishValues

# Values of filters stand beside the column that they are compared with.
COLUMN_KEYS, VALUE_KEYS = ("subject", "col"), ("comparator", "val", "value")
# Below these keys are data, SQL and chosen values.
NOT_TEXT = frozenset(
    {
        *("comparator", "expression", "extraFormData", "label_colors", "ownState", "sql"),
        *("sqlExpression", "type", "val", "value", "values"),
    }
)
# Written anew from the translated metrics.
REWRITTEN = frozenset({BLOCK})
TRANSLATED = ("datasets", "charts", "dashboards")


class TranslationError(Exception):
    """A text has no translation; the message names it and where it stands."""


def texts_of(value: Any) -> Iterator[str]:
    """Every Russian text of an asset's content that is read on the screen."""
    found: list[str] = []

    def note(text: str) -> str:
        if RUSSIAN_LETTER.search(text):
            found.append(text)
        return text

    _with_texts(value, note)
    yield from found


def _with_texts(value: Any, change: Callable[[str], str]) -> Any:
    """The content with each text changed."""
    if isinstance(value, dict):
        return {
            key: each if key in NOT_TEXT | REWRITTEN else _with_texts(each, change)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_with_texts(each, change) for each in value]
    return change(value) if isinstance(value, str) else value


def _with_values(value: Any, change: Callable[[str, Any], Any], column: str | None = None) -> Any:
    """The content with each value of a filter changed, by the column that it is a value of."""
    if isinstance(value, list):
        return [_with_values(each, change, column) for each in value]
    if not isinstance(value, dict):
        return value
    named = [value[key] for key in COLUMN_KEYS if isinstance(value.get(key), str)]
    for target in value.get("targets") or []:
        named += [target["column"]["name"]] if "column" in target else []
    column = named[0] if named else column
    return {
        key: _changed(each, change, column)
        if column and key in VALUE_KEYS
        else _with_values(each, change, column)
        for key, each in value.items()
    }


def _changed(value: Any, change: Callable[[str, Any], Any], column: str) -> Any:
    if isinstance(value, list):
        return [change(column, each) for each in value]
    return change(column, value)


class English:
    """The assets of a room in English."""

    def __init__(self, files: AssetFiles, words: Mapping[str, str], values: EnglishValues) -> None:
        """Prepare the translation of a room.

        Args:
            files: the room.
            words: Russian → English of its texts.
            values: the values of filters.
        """
        self._files, self._words, self._values = files, words, values
        self._russian = {english: russian for russian, english in words.items()}

    @cached_property
    def assets(self) -> list[Asset]:
        """Every asset of the room in English, «Методика» written anew in it.

        Raises:
            TranslationError: a text has no translation.
        """
        plain = [
            replace(asset, content=self._translated(asset)) if asset.kind in TRANSLATED else asset
            for asset in self._files.all
        ]
        charts = [asset for asset in plain if asset.kind == "charts"]
        datasets = {asset.uuid: asset.content for asset in plain if asset.kind == "datasets"}
        return [
            replace(asset, content=write_methodology(asset, charts, datasets, ENGLISH))
            if asset.kind == "dashboards"
            else asset
            for asset in plain
        ]

    def russian(self, pulled: Content) -> Content:
        """A pulled object with each text that still is ours put back into Russian.

        What somebody wrote in Superset stays as it was written. Where two Russian texts have one
        English, the object's own comes back.
        """
        ours = {asset.uuid: asset.content for asset in self._files.all}.get(pulled["uuid"], {})
        own = {self._words[text]: text for text in texts_of(ours) if text in self._words}
        known = {**self._russian, **own}
        texts = _with_texts(pulled, lambda text: known.get(text, text))
        restored: Content = _with_values(texts, self._values.russian)
        return self._with_our_methodology(restored, ours)

    def _with_our_methodology(self, pulled: Content, ours: Content) -> Content:
        """The block is generated: while it says what we pushed, it is our Russian one."""
        ((pushed),) = [a.content for a in self.assets if a.uuid == pulled["uuid"]] or [{}]
        block = pulled.get("position", {}).get(BLOCK)
        if block is None or block != pushed.get("position", {}).get(BLOCK):
            return pulled
        position = {**pulled["position"], BLOCK: ours["position"][BLOCK]}
        return {**pulled, "position": position}

    def _translated(self, asset: Asset) -> Content:
        texts = _with_texts(asset.content, partial(self._english, asset.path))
        content: Content = _with_values(texts, self._values.english)
        return content

    def _english(self, path: Path, text: str) -> str:
        if not RUSSIAN_LETTER.search(text):
            return text
        if text not in self._words:
            raise TranslationError(f"{path}: no English for {text!r}")
        return self._words[text]
