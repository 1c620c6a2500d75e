"""Rules on the English of the boards."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from superset_assets.files import Asset, AssetFiles
from superset_assets.lint.problem import Problem
from superset_assets.semantics.catalog import Catalog
from superset_assets.settings import ROOM
from superset_assets.slice_values import RUSSIAN_LETTER, words_of_values
from superset_assets.translation import TRANSLATED, texts_of
from superset_assets.words import BOARDS, METRICS, VALUES, read_words, texts_of_boards

CATALOGUE, VALUES_CATALOGUE = BOARDS.relative_to(ROOM), VALUES.relative_to(ROOM)


def word_rules(files: AssetFiles) -> Iterator[Problem]:
    """Every text has its own English, every English text is read somewhere."""
    defined, written = read_words([METRICS]), read_words([BOARDS])
    for asset in files.all:
        if asset.kind in TRANSLATED:
            for text in sorted(set(texts_of(asset.content)) - defined.keys() - written.keys()):
                yield Problem(asset.path, f"no English in {CATALOGUE} for {text!r}")
            # A pull could not tell them apart.
            for english, texts in _told_alike(asset, {**defined, **written}).items():
                yield Problem(asset.path, f"{english!r} is the English of {' and of '.join(texts)}")
    for text in sorted(written.keys() - set(texts_of_boards(files, defined))):
        yield Problem(Path(CATALOGUE), f"no board says {text!r} any more")
    yield from _in_latin_letters(CATALOGUE, written)
    yield from _in_latin_letters(METRICS.relative_to(ROOM), defined)
    yield from _value_rules()


def _value_rules() -> Iterator[Problem]:
    """Every word of a slice has an English that no other has: a filter reads it back."""
    said, written = words_of_values(Catalog.read()), read_words([VALUES])
    for word in sorted(said - written.keys()):
        yield Problem(VALUES_CATALOGUE, f"no English for {word!r}")
    for word in sorted(written.keys() - said):
        yield Problem(VALUES_CATALOGUE, f"no slice says {word!r} any more")
    by_english: dict[str, list[str]] = {}
    for word, english in sorted(written.items()):
        by_english.setdefault(english, []).append(repr(word))
    for english, words in by_english.items():
        if len(words) > 1:
            message = f"{english!r} is the English of {' and of '.join(words)}"
            yield Problem(VALUES_CATALOGUE, message)
    yield from _in_latin_letters(VALUES_CATALOGUE, written)


def _in_latin_letters(path: Path, written: Mapping[str, str]) -> Iterator[Problem]:
    for russian, english in sorted(written.items()):
        if RUSSIAN_LETTER.search(english):
            yield Problem(path, f"the English of {russian!r} holds Russian letters")


def _told_alike(asset: Asset, words: Mapping[str, str]) -> dict[str, list[str]]:
    """Texts of one object that are the same in English."""
    by_english: dict[str, set[str]] = {}
    for text in texts_of(asset.content):
        if text in words:
            by_english.setdefault(words[text], set()).add(text)
    return {
        english: sorted(map(repr, texts)) for english, texts in by_english.items() if len(texts) > 1
    }
