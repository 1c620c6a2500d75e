"""The English of the boards' texts, as gettext catalogues that any translator's tool opens.

`locale/en/metrics.po` follows from dbt, where metrics and slices bear both languages, and is
generated. `locale/en/boards.po` is written by people: names and descriptions of charts, boards and
filters; so is `locale/en/values.po`: the words that slices hold.
"""

import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from superset_assets.dataset_builder import slices_of, with_formula
from superset_assets.files import AssetFiles
from superset_assets.manifest import Manifest, ManifestError
from superset_assets.methodology import ENGLISH, RUSSIAN
from superset_assets.semantics.catalog import Catalog as Marts
from superset_assets.settings import ROOM
from superset_assets.slice_values import EnglishValues, words_of_values
from superset_assets.translation import TRANSLATED, texts_of

BOARDS = ROOM / "locale" / "en" / "boards.po"
METRICS = ROOM / "locale" / "en" / "metrics.po"
VALUES = ROOM / "locale" / "en" / "values.po"


def read_words(paths: Iterable[Path] = (METRICS, BOARDS)) -> dict[str, str]:
    """Russian → English of the catalogues; what is not translated yet is left out."""
    words: dict[str, str] = {}
    for path in paths:
        words |= {
            str(message.id): str(message.string)
            for message in _read(path)
            if message.id and message.string
        }
    return words


def english_values() -> EnglishValues:
    """The values of slices in English, by the catalogues."""
    return EnglishValues.of(Marts.read(), read_words([VALUES]), read_words([METRICS]))


def _read(path: Path) -> Catalog:
    with path.open("rb") as opened:
        return read_po(opened, locale="en")


def words_of_definitions(manifest: Manifest) -> dict[str, str]:
    """Russian → English of every metric and slice as dbt defines them.

    Raises:
        ManifestError: one Russian text has two translations.
    """
    words: dict[str, str] = {}
    pairs: list[tuple[str, str]] = []
    for metric in manifest.metrics.values():
        pairs.append((metric.label, metric.label_en))
        pairs.append(
            (
                with_formula(metric.description, RUSSIAN.formula_mark, metric.formula),
                with_formula(metric.description_en, ENGLISH.formula_mark, metric.formula_en),
            )
        )
    for each in slices_of(manifest).values():
        if each.label_en:
            pairs += [(each.label, each.label_en), (each.description, each.description_en)]
    for russian, english in pairs:
        if words.setdefault(russian, english) != english:
            raise ManifestError(
                f"{russian!r} is translated as {words[russian]!r} and as {english!r}"
            )
    return words


def definitions_catalogue(manifest: Manifest) -> str:
    """The text of `metrics.po`."""
    return _written(words_of_definitions(manifest))


def texts_of_boards(files: AssetFiles, defined: Mapping[str, str]) -> list[str]:
    """What `boards.po` has to translate: every text that no definition brings."""
    found = {
        text
        for asset in files.all
        if asset.kind in TRANSLATED
        for text in texts_of(asset.content)
        if text not in defined
    }
    return sorted(found)


def update_boards_catalogue(files: AssetFiles, path: Path = BOARDS) -> list[str]:
    """Take the boards' new texts into `boards.po` and leave out those that are gone.

    Returns:
        The texts that lack their English.
    """
    return _update(path, texts_of_boards(files, read_words([METRICS])))


def update_values_catalogue(path: Path = VALUES) -> list[str]:
    """Take the slices' new words into `values.po` and leave out those that are gone.

    Returns:
        The words that lack their English.
    """
    return _update(path, sorted(words_of_values(Marts.read())))


def _update(path: Path, wanted: list[str]) -> list[str]:
    known = read_words([path]) if path.exists() else {}
    path.write_text(_written({text: known.get(text, "") for text in wanted}), encoding="utf-8")
    return [text for text in wanted if text not in known]


def _written(words: Mapping[str, str]) -> str:
    """A catalogue whose text depends on the words alone, not on the moment."""
    catalogue = Catalog(locale="en", header_comment="", fuzzy=False)
    for russian in sorted(words):
        catalogue.add(russian, words[russian])
    buffer = io.BytesIO()
    write_po(buffer, catalogue, omit_header=True, width=100)
    return buffer.getvalue().decode()
