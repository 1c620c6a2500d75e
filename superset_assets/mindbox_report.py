"""Every figure of Mindbox's mailing report beside ours: the dataset «Сверка с Mindbox», and a page.

The mart compares what can be added up. A rate of the report is made of two of its figures, so a
row of the mart stands under every figure that it is a part of, above or below the line.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from superset_assets.manifest import Manifest
from superset_assets.semantics.conditions import UNKNOWN

FILE = Path(__file__).with_suffix(".yml")
PAGE_TEMPLATE = Path(__file__).with_suffix(".md")
MART, MAILINGS = "mart_mailing_reconciliation", "dim_mailing"
DATE = "reported_on"
REPORTS = {"'summary'": "Сводный", "'dynamics'": "В динамике"}
NOT_LOADED = "Не загружено до снимка"
"""Begins what the mart says of a snapshot that cannot be compared."""
COMPARABLE = {"1": "Сравнимо", "0": "Не сравнимо"}
OF_MAILINGS = (
    *("brand", "mailing_channel", "mailing_type", "mailing_folder", "mailing_topic"),
    *("mailing_utm_campaign", "mailing"),
)
"""Slices of mailings by which the filters of a board reach the report."""
VARIANT = "mailing_variant"
WHOLE = "if(max(whole_measure) = '', toFloat64(1), nullIf(toFloat64(sum({side}_whole)), 0))"
VALUE = f"if(uniqExact(figure) = 1, toFloat64(sum({{side}}_part)) * max(scale) / {WHOLE}, null)"
"""A figure of one side; none where several are asked for at once."""


@dataclass(frozen=True)
class Figure:
    """A figure of the report; see the head of the file for the fields."""

    label: str
    column: str
    metric: str
    part: str = ""
    whole: str = ""
    scale: int = 1
    difference: str = "Определения совпадают."


@dataclass(frozen=True)
class Contents:
    """What the file says."""

    figures: tuple[Figure, ...]
    metrics: tuple[Mapping[str, str], ...] = field(default=())
    columns: tuple[Mapping[str, str], ...] = field(default=())

    @property
    def compared(self) -> tuple[Figure, ...]:
        """The figures that the mart compares."""
        return tuple(each for each in self.figures if each.part)


@cache
def contents() -> Contents:
    """The file, read once."""
    written: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return Contents(
        tuple(Figure(**each) for each in written["figures"]),
        tuple(written["metrics"]),
        tuple(written["columns"]),
    )


def metric_sql(written: str) -> str:
    """A metric's SQL; `@reported` and `@counted` are the figure asked for, of either side."""
    for side in ("reported", "counted"):
        written = written.replace(f"@{side}", VALUE.format(side=side))
    return written


def rows(manifest: Manifest) -> str:
    """The dataset's SQL: the mart's rows, once per figure that they are a part of."""
    schema = manifest.models[MART].schema
    columns = ",\n  ".join(_columns())
    figures = ",\n  ".join(_listed(manifest))
    return (
        f"select\n  {columns}\n"
        f"from {schema}.{MART} as compared\n"
        f"left join {schema}.{MAILINGS} as mailings"
        " on compared.mailing_key = mailings.mailing_key\n"
        f"array join [\n  {figures}\n] as listed\n"
        "where measure in (listed.5, listed.6)"
    )


def _columns() -> Iterator[str]:
    yield f"report_date as {DATE}"
    yield f"{_worded('report', REPORTS)} as report_kind"
    yield f"{_worded('is_comparable', COMPARABLE)} as comparability"
    yield "why_not_comparable as not_comparable_because"
    yield f"toString(compared.mailing_variant) as {VARIANT}"
    for name in OF_MAILINGS:
        # A mailing that there is no more has no row; closed lists would then say their first value.
        known = f"toString(mailings.{name})"
        yield f"if(mailings.mailing_key = '', {_text(UNKNOWN)}, {known}) as {name}"
    names = ("figure_number", "figure", "our_metric", "why_different")
    for place, name in enumerate((*names, "part_measure", "whole_measure", "scale"), start=1):
        yield f"listed.{place} as {name}"
    yield "measure = part_measure as is_part"
    yield from ("deficit", "surplus")
    for side in ("reported", "counted"):
        for half in ("part", "whole"):
            yield f"if(measure = {half}_measure, {side}, 0) as {side}_{half}"


def _listed(manifest: Manifest) -> Iterator[str]:
    for number, each in enumerate(contents().compared, start=1):
        label = manifest.metrics[each.metric].label
        texts = (each.label, label, each.difference, each.part, each.whole)
        yield f"({number}, {', '.join(map(_text, texts))}, {each.scale})"


def _text(words: str) -> str:
    return "'" + words.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _worded(column: str, words: Mapping[str, str]) -> str:
    listed = ", ".join(f"{column} = {value}, {_text(word)}" for value, word in words.items())
    return f"multiIf({listed}, '')"


def write_page(manifest: Manifest) -> str:
    """The page that lists every figure of the report, as Markdown."""
    listed = "".join(
        f"| {each.label} | {each.column} | {manifest.metrics[each.metric].label} "
        f"| `{each.metric}` | {each.difference} |\n"
        for each in contents().figures
    )
    return PAGE_TEMPLATE.read_text(encoding="utf-8").replace("@figures\n", listed)
