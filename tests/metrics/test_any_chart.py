"""Any metrics, by any slices, over any period, as a chart on a board asks Superset for them.

The answers are held against a count by hand. They come as JSON, so as doubles: the shortest text
that stands for the double is compared. Neighbouring kopecks are told apart up to 45 trillion
roubles, and a sum of fewer than 16 digits comes out digit for digit.
"""

import random
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from superset_assets.dataset_builder import (
    ATTRIBUTION_MODEL,
    BY_EVENT_DATE,
    BY_SEND_DATE,
    COMPARED_METRIC,
    DATE_BASIS,
)
from superset_assets.semantics.calendar import GRAINS
from tests.metrics.drawing import SEED, Draws, Key, applies_to, differences
from tests.metrics.reference import METRICS, MODEL_NAMES, Question, Reference, Value
from tests.metrics.reference.calendar import Bucket
from tests.metrics.reference.compared import COMPARISONS
from tests.metrics.warehouse import Warehouse
from tests.superset.chart_data import ChartData, Row, query

CHARTS = 72
BEFORE = "inherit"
ISO_GRAINS = {name: iso for iso, name in GRAINS.items()}


@dataclass(frozen=True)
class Chart:
    """A question about the first metric, with others beside it and perhaps the period before."""

    question: Question
    metrics: tuple[str, ...]
    is_compared: bool


class Board:
    """Random charts: of every kind of metric of every board, the same for the same seed."""

    def __init__(self, warehouse: Warehouse, reference: Reference) -> None:
        self._warehouse, self._reference = warehouse, reference
        chance = random.Random(SEED)  # noqa: S311 (no secret)
        kinds: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for name in sorted(METRICS):
            meta = warehouse.manifest.metrics[name].meta
            kinds[meta["boards"][0], meta["additivity"], meta["unit"]].append(name)
        of_kinds = [chance.choice(names) for names in kinds.values()]
        others = sorted(set(METRICS) - set(of_kinds))
        self._metrics = [*of_kinds, *chance.sample(others, len(others))]
        self.kinds = len(kinds)

    def chart(self, number: int) -> Chart:
        """The chart of a number from 0."""
        metric = self._metrics[number]
        chance = random.Random(f"{SEED} chart {number}")  # noqa: S311 (no secret)
        question = Draws(
            self._warehouse, self._reference, metric, occasion=" on a chart"
        ).question()
        if self._is_credited(question) and chance.random() < 0.7:
            model = {ATTRIBUTION_MODEL: {chance.choice(sorted(MODEL_NAMES.values()))}}
            question = replace(question, filters={**question.filters, **model})
        beside = self._beside(question) if chance.random() < 0.5 else []
        # Superset puts the steps of two axes side by side by their dates, we count but totals.
        is_compared = question.grain is None and metric not in COMPARISONS
        others = chance.sample(beside, min(2, len(beside)))
        return Chart(question, (metric, *others), is_compared)

    def _is_credited(self, question: Question) -> bool:
        asked = question.slices | {ATTRIBUTION_MODEL}
        return (
            ATTRIBUTION_MODEL not in question.slices
            and ATTRIBUTION_MODEL in self._warehouse.slices_of(question.metric)
            and applies_to(question.metric, ATTRIBUTION_MODEL, asked)
        )

    def _beside(self, question: Question) -> list[str]:
        """Metrics that can be asked the same; rows of a comparison are those of its own metric."""
        if question.metric in COMPARISONS:
            return []
        return [
            name
            for name in sorted(METRICS)
            if name not in {question.metric, *COMPARISONS}
            and question.slices <= self._warehouse.slices_of(name)
            and all(applies_to(name, x, question.slices) for x in question.slices)
        ]


@pytest.fixture(scope="module")
def board(warehouse: Warehouse, reference: Reference) -> Board:
    return Board(warehouse, reference)


def asked(warehouse: Warehouse, chart: Chart) -> Row:
    """The query of a chart."""
    question = chart.question
    switches = {DATE_BASIS: BY_SEND_DATE if question.basis == "send" else BY_EVENT_DATE}
    if question.compared:
        switches[COMPARED_METRIC] = warehouse.manifest.metrics[question.compared].label
    where = {name: sorted(words) for name, words in question.filters.items()}
    where |= {name: [word] for name, word in switches.items()}
    return query(
        list(chart.metrics),
        (question.since.isoformat(), (question.till + timedelta(days=1)).isoformat()),
        grain=ISO_GRAINS[question.grain] if question.grain else None,
        columns=question.group,
        where=tuple(where.items()),
        compare=BEFORE if chart.is_compared else None,
    )


def shown(rows: list[Row], question: Question, column: str) -> dict[Key, Value]:
    """A column of a chart's rows, by the first day of the bucket and the words of the slices."""
    cells: dict[Key, Value] = {}
    for row in rows:
        day = row["date"] / 1000 if question.grain else None
        bucket = None if day is None else datetime.fromtimestamp(day, tz=UTC).date()
        key = (bucket, *(str(row[name]) for name in question.group))
        assert key not in cells, (SEED, question, key)
        cells[key] = None if row[column] is None else Decimal(str(row[column]))
    return cells


def period_before(question: Question) -> Question:
    first, last = Bucket(None, question.since, question.till).previous()
    return replace(question, since=first, till=last)


@pytest.mark.parametrize("number", range(CHARTS))
def test_a_chart_shows_what_is_counted_by_hand(
    charts: ChartData, board: Board, warehouse: Warehouse, reference: Reference, number: int
) -> None:
    chart = board.chart(number)
    (answer,) = charts.results(asked(warehouse, chart))
    assert answer["rejected_filters"] == []
    rows = answer["data"]
    for metric in chart.metrics:
        question = replace(chart.question, metric=metric)
        found, expected = shown(rows, question, metric), reference.answer(question)
        differing = sorted(differences(found, expected), key=str)
        assert not differing, (SEED, question, chart.metrics, differing[:5], answer["query"])
        if chart.is_compared:
            earlier = shown(rows, question, f"{metric}__{BEFORE}")
            counted = reference.answer(period_before(question))
            differing = sorted(
                differences(
                    # Shown are rows of the period; a row that was not there before says nothing.
                    {key: value for key, value in earlier.items() if value is not None},
                    {key: value for key, value in counted.items() if key in earlier},
                ),
                key=str,
            )
            assert not differing, (SEED, period_before(question), differing[:5], answer["query"])


def test_the_charts_are_of_every_kind(board: Board) -> None:
    """Otherwise they say less than they seem to."""
    charts = [board.chart(number) for number in range(CHARTS)]
    questions = [chart.question for chart in charts]

    assert board.kinds <= CHARTS
    assert {question.basis for question in questions} == {"send", "event"}
    assert {question.grain for question in questions} == {None, *GRAINS.values()}
    assert {len(question.slices - {ATTRIBUTION_MODEL}) for question in questions} == {0, 1, 2, 3}
    assert sum(chart.is_compared for chart in charts) > 5
    assert sum(len(chart.metrics) > 1 for chart in charts) > 10
    assert sum(bool(question.filters) for question in questions) > 10
    assert sum(ATTRIBUTION_MODEL in question.filters for question in questions) > 5
