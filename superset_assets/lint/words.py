"""Rules on the English of the boards."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from superset_assets.files import Asset, AssetFiles
from superset_assets.lint.problem import Problem
from superset_assets.settings import ROOM
from superset_assets.translation import RUSSIAN_LETTER, TRANSLATED, texts_of
from superset_assets.words import BOARDS, METRICS, read_words, texts_of_boards

CATALOGUE = BOARDS.relative_to(ROOM)


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
    for russian, english in sorted(written.items()):
        if RUSSIAN_LETTER.search(english):
            yield Problem(Path(CATALOGUE), f"the English of {russian!r} holds Russian letters")


def _told_alike(asset: Asset, words: Mapping[str, str]) -> dict[str, list[str]]:
    """Texts of one object that are the same in English."""
    by_english: dict[str, set[str]] = {}
    for text in texts_of(asset.content):
        if text in words:
            by_english.setdefault(words[text], set()).add(text)
    return {
        english: sorted(map(repr, texts)) for english, texts in by_english.items() if len(texts) > 1
    }
