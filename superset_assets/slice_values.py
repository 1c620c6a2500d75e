"""The values that people read in slices, in English: «Пн», «Массовая», «Не указано».

The marts hold them in Russian, and so do SQL and the boards' files. An English installation shows
its readers the English of `locale/en/values.po`, and takes it back in filters. Names that the
project itself gave — campaigns, products, shops — are nobody's to translate: in a slice of names
only the words that stand for a missing name are ours.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from superset_assets.dataset_builder import (
    ATTRIBUTION_MODEL,
    BY_EVENT_DATE,
    BY_SEND_DATE,
    COMPARED_METRIC,
    DATE_BASIS,
    FUNNEL_STEP,
    FUNNEL_STEP_IN_ORDER,
    THIN_SPACE,
    WEEKDAY_AXIS,
)
from superset_assets.funnel_steps import ANY_ORDER, IN_ORDER
from superset_assets.mindbox_report import COMPARABLE, NOT_LOADED, REPORTS, contents
from superset_assets.semantics.catalog import Catalog
from superset_assets.semantics.conditions import NOT_APPLICABLE, UNKNOWN
from superset_assets.settings import ROOM

RUSSIAN_LETTER = re.compile("[а-яёА-ЯЁ]")
FAILURE_REASONS = ROOM.parent / "dbt" / "seeds" / "message_failure_reasons.csv"
AMONG_NAMES = frozenset(
    {UNKNOWN, NOT_APPLICABLE, "Онлайн", "Доставка", "Без покупок", "До начала истории"}
)
"""What a slice of names says where there is no name to say."""
OF_OUR_WORDS = frozenset(
    {
        *(ATTRIBUTION_MODEL, DATE_BASIS, FUNNEL_STEP, FUNNEL_STEP_IN_ORDER),
        *("failure_reason", "payment_type"),
        *("comparability", "figure", "report_kind", "why_different"),
    }
)
"""Columns of texts that hold our words, beside the closed lists of the marts."""
OF_METRICS = frozenset({COMPARED_METRIC, "our_metric"})
"""Columns that name metrics."""
WAYS_OF_PAYING = ("Карта", "Наличные", "СБП", "Баллы", "Смешанная")
"""What the marts call the ways that they know; others stand under the source's word."""
NOBODY = "Нет"
"""The set of reachable channels where there are none."""
PARTED = {
    "not_comparable_because": ": ",
    "reachable_set": " + ",
    "reachable_set_now": " + ",
    "send_slot": " ",
    WEEKDAY_AXIS: THIN_SPACE,
}
"""Columns whose values are put together of words, by what stands between them."""


def words_of_values(catalog: Catalog) -> set[str]:
    """Every Russian word that a slice can say and that is not somebody's name."""
    return {word for word in _said(catalog) if RUSSIAN_LETTER.search(word)}


def _said(catalog: Catalog) -> Iterator[str]:
    for column in catalog.slices.values():
        yield from column.words
    yield from (*AMONG_NAMES, *WAYS_OF_PAYING, NOBODY)
    yield from (BY_SEND_DATE, BY_EVENT_DATE, *ANY_ORDER, *IN_ORDER)
    yield from (*REPORTS.values(), *COMPARABLE.values(), NOT_LOADED)
    for figure in contents().figures:
        yield from (figure.label, figure.difference)
    with FAILURE_REASONS.open(encoding="utf-8", newline="") as opened:
        yield from (row["label"] for row in csv.DictReader(opened))


@dataclass(frozen=True)
class EnglishValues:
    """The values of slices in English, and back.

    Attributes:
        words: Russian → English of our words.
        metrics: Russian → English of the metrics' names.
        closed: columns that hold nothing but our words.
    """

    words: Mapping[str, str]
    metrics: Mapping[str, str]
    closed: frozenset[str]

    @classmethod
    def of(
        cls, catalog: Catalog, words: Mapping[str, str], metrics: Mapping[str, str]
    ) -> "EnglishValues":
        """Know the columns of the marts."""
        lists = {name for name, column in catalog.slices.items() if column.words}
        return cls(words, metrics, OF_OUR_WORDS | lists)

    def english(self, column: str, value: Any) -> Any:
        """A value as an English reader sees it; a name, and what is no text, as it is."""
        return self._turned(column, value, self.metrics if column in OF_METRICS else self.words)

    def russian(self, column: str, value: Any) -> Any:
        """A value as the marts have it; Russian stays Russian."""
        words = self._russian_metrics if column in OF_METRICS else self._russian_words
        return self._turned(column, value, words)

    def asked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """A filter of Superset's in the words of the marts.

        Among names, an English word may also be one: then both are asked for.
        """
        column, value = given.get("col"), given.get("val")
        if not isinstance(column, str):
            return dict(given)
        if not isinstance(value, list | tuple):
            return {**given, "val": self.russian(column, value)}
        wanted = [self.russian(column, each) for each in value]
        names = [] if column in self.closed | OF_METRICS else value
        return {**given, "val": list(dict.fromkeys([*wanted, *names]))}

    @cached_property
    def _russian_words(self) -> dict[str, str]:
        return {english: russian for russian, english in self.words.items()}

    @cached_property
    def _russian_metrics(self) -> dict[str, str]:
        return {english: russian for russian, english in self.metrics.items()}

    def _turned(self, column: str, value: Any, words: Mapping[str, str]) -> Any:
        if not isinstance(value, str):
            return value
        turned = words.get(value, value)
        if column in self.closed | OF_METRICS:
            return turned
        if column in PARTED and turned == value:
            mark = PARTED[column]
            return mark.join(words.get(each, each) for each in value.split(mark))
        return turned if {value, turned} & AMONG_NAMES or column in PARTED else value
