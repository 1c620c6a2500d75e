# ruff: noqa: S608 (statements are put together by the code under test)
"""Running and moving figures and the linear trend of any metric, and a count by hand.

A figure over a window has to be what the metric is of the window's days alone: the reference is
asked for these days, bucket by bucket, and knows nothing of windows.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from superset_assets.metric_sql import MetricSql
from superset_assets.semantics import question as asked
from superset_assets.semantics.calendar import Period
from superset_assets.semantics.compose import compose
from superset_assets.semantics.measures import named_in
from superset_assets.semantics.question import QuestionError, Window
from superset_assets.semantics.rows import COUNTED_DATE
from superset_assets.semantics.trend import TREND, TREND_STEP, line, mentions_trend, with_trend
from superset_assets.semantics.windows import obstacle
from tests.metrics.drawing import SEED, differences
from tests.metrics.reference import METRICS, Question, Reference, Value
from tests.metrics.reference.asking import WHOLES
from tests.metrics.reference.calendar import Bucket, buckets, unit_start
from tests.metrics.reference.lines import line as reference_line
from tests.metrics.reference.lines import rounded
from tests.metrics.reference.slicing import AT_START, EVERY_SLICE, applies
from tests.metrics.warehouse import STARTS, Warehouse

Key = tuple[object, ...]
FEW = (
    *("buyers", "open_rate", "mail_buyers", "aov", "order_value_median", "buyer_conversion"),
    *("mail_revenue_share", "visitors", "ctor", "sent", "new_buyer_revenue", "recipients"),
    *("subscribers_gone", "mail_products", "repeat_buyers", "revenue_per_buyer"),
)
MANY_DRAWS = 12
ONE_DAY = timedelta(days=1)


class Asking:
    """Questions with a time axis, put to the warehouse."""

    def __init__(self, warehouse: Warehouse, reference: Reference) -> None:
        self.warehouse, self.reference = warehouse, reference
        self.last: date = warehouse.client.query(
            "select max(date_day) from marts.dim_date"
        ).result_rows[0][0]

    def question(self, metric: str, chance: random.Random) -> Question:
        """Any days, any axis, up to two slices."""
        grain = chance.choice(("day", "week", "month", "quarter"))
        length = 40 if grain == "day" else 300
        since = self.last - timedelta(days=chance.randrange(10, 13 * 30))
        till = min(since + timedelta(days=chance.randrange(length)), self.last)
        question = Question(metric, chance.choice(("send", "event")), since, till, grain=grain)
        slices = self._slices(metric)
        chosen = chance.sample(slices, min(chance.randrange(3), len(slices)))
        group = []
        for name in chosen:
            if not self._apply(metric, frozenset(chosen)):
                break
            words = self._words(question, name)
            if chance.random() < 0.5 or not words or name == "attribution_model":
                group.append(name)
            else:
                question.filters[name] = set(chance.sample(words, min(len(words), 2)))
        return replace(question, group=tuple(group))

    def rows(self, question: Question, window: Window | None = None) -> str:
        """The composed rows behind a question."""
        catalog = self.warehouse.catalog
        measures, mentioned = named_in(self.expression(question.metric), catalog)
        put = asked.Question(
            measures=frozenset(measures),
            grouped=question.group,
            mentioned=tuple(sorted(mentioned - set(question.group))),
            filters=tuple(
                asked.Filter(name, "IN", sorted(words)) for name, words in question.filters.items()
            ),
            period=Period(question.since, question.till),
            grain=question.grain,
            basis=question.basis,
            window=window,
        )
        return compose(put, catalog, self.warehouse.today)

    def expression(self, metric: str) -> str:
        """The metric's SQL."""
        return MetricSql(self.warehouse.manifest).expression(metric)

    def answer(
        self, question: Question, expression: str, window: Window | None = None
    ) -> dict[Key, Value]:
        """An expression by the bucket's first day and the sliced words."""
        keys = [f"{STARTS[str(question.grain)]} as bucket"]
        keys += [f"toString({name}) as word_{n}" for n, name in enumerate(question.group)]
        numbers = ", ".join(str(n) for n in range(1, len(keys) + 1))
        rows = self.warehouse.client.query(
            f"select {', '.join(keys)}, toString({expression})"
            f" from ({self.rows(question, window)}) as facts"
            f" where {COUNTED_DATE} between '{question.since}' and '{question.till}'"
            f" group by {numbers}"
        ).result_rows
        return {
            tuple(keys): None if value in (None, "nan", "inf") else Decimal(value)
            for *keys, value in rows
        }

    def by_hand(self, question: Question, window: Window) -> dict[Key, Value]:
        """The metric of every window's days."""
        found: dict[Key, Value] = {}
        for bucket in buckets(question.since, question.till, question.grain):
            days = replace(
                question,
                since=begin(question, bucket, window.buckets),
                till=bucket.last,
                grain=None,
            )
            for key, value in self.reference.answer(days).items():
                found[(bucket.name, *key[1:])] = value
        return found

    def _slices(self, metric: str) -> list[str]:
        offered = EVERY_SLICE & self.warehouse.slices_of(metric)
        return sorted(name for name in offered - AT_START if self._apply(metric, frozenset({name})))

    def _apply(self, metric: str, names: frozenset[str]) -> bool:
        sources = METRICS[metric].sources - set(WHOLES)
        return all(applies(source, name, names) for source in sources for name in names)

    def _words(self, question: Question, name: str) -> list[str]:
        plain = replace(question, group=(name,), grain=None, filters={})
        return sorted({str(key[1]) for key in self.reference.answer(plain)})


def begin(question: Question, bucket: Bucket, number: int | None) -> date:
    """First day of the window that ends with a bucket."""
    if number is None:
        return question.since
    day = bucket.first
    for _ in range(number - 1):
        day = unit_start(day, str(question.grain)) - ONE_DAY
    return unit_start(day, str(question.grain))


@pytest.fixture(scope="session")
def asking(warehouse: Warehouse, reference: Reference) -> Asking:
    return Asking(warehouse, reference)


def windowed(warehouse: Warehouse) -> Iterator[str]:
    """Metrics that there are figures over windows of."""
    for name in sorted(METRICS):
        expression = MetricSql(warehouse.manifest).expression(name)
        if not mentions_trend(expression) and obstacle(expression, warehouse.catalog) is None:
            yield name


def compare(asking: Asking, metric: str, chance: random.Random) -> None:
    window = Window(chance.choice((None, 2, 3, 7)))
    question = asking.question(metric, chance)
    found = asking.answer(question, asking.expression(metric), window)
    expected = asking.by_hand(question, window)
    differing = sorted(differences(found, expected), key=str)
    assert not differing, (SEED, window, question, differing[:5], asking.rows(question, window))


@pytest.mark.parametrize("metric", [name for name in FEW if name in METRICS])
def test_a_figure_over_a_window_is_the_metric_of_its_days(asking: Asking, metric: str) -> None:
    chance = random.Random(f"{SEED} windows of {metric}")  # noqa: S311 (no secret)
    for _ in range(2):
        compare(asking, metric, chance)


@pytest.mark.verify
def test_many_figures_over_windows_are_the_metrics_of_their_days(
    asking: Asking, warehouse: Warehouse
) -> None:
    for metric in windowed(warehouse):
        chance = random.Random(f"{SEED} many windows of {metric}")  # noqa: S311 (no secret)
        for _ in range(MANY_DRAWS):
            compare(asking, metric, chance)


def whole_buckets(question: Question, last: date, today: date) -> dict[date, int]:
    """Numbers of the buckets that a trend is fitted to, by their name."""
    found = {}
    for number, bucket in enumerate(buckets(question.since, question.till, question.grain)):
        following = bucket.last + ONE_DAY
        is_whole = (
            bucket.first == bucket.name and unit_start(following, str(question.grain)) == following
        )
        if is_whole and bucket.last <= last and bucket.last < today:
            assert bucket.name is not None
            found[bucket.name] = number
    return found


@pytest.mark.parametrize("metric", ["sent", "buyers", "open_rate", "active_customers", "aov"])
def test_the_trend_is_the_line_of_least_squares(asking: Asking, metric: str) -> None:
    chance = random.Random(f"{SEED} trend of {metric}")  # noqa: S311 (no secret)
    lines = 0
    for _ in range(6):
        question = asking.question(metric, chance)
        lines += compare_trend(asking, metric, question)
    assert lines


def compare_trend(asking: Asking, metric: str, question: Question) -> int:
    """Compare height and slope; how many lines there were."""
    values = asking.answer(question, asking.expression(metric))
    height, slope = line(
        asking.expression(metric),
        [f"toString({name})" for name in question.group],
        Period(question.since, question.till),
        str(question.grain),
        catalog=asking.warehouse.catalog,
        today=asking.warehouse.today,
    )
    heights = asking.answer(question, with_trend(TREND, height, slope))
    slopes = asking.answer(question, with_trend(TREND_STEP, height, slope))
    whole = whole_buckets(question, asking.last, asking.warehouse.today)
    numbers = {
        bucket.name: number
        for number, bucket in enumerate(buckets(question.since, question.till, question.grain))
    }
    expected_heights: dict[Key, Value] = {}
    expected_slopes: dict[Key, Value] = {}
    by_hand = asking.reference.answer(question)
    assert not list(differences(values, by_hand))
    # A cell that the reference does not know is there for other facts than the metric's.
    shown = {key: by_hand.get(key, value) for key, value in values.items()}
    for series in {key[1:] for key in values}:
        points = {
            whole[key[0]]: value
            for key, value in shown.items()
            if key[1:] == series and key[0] in whole
        }
        found = reference_line(points)
        for key in values:
            if key[1:] == series:
                n = numbers[key[0]]
                expected_heights[key] = rounded(found[0] * n + found[1]) if found else None
                expected_slopes[key] = rounded(found[0]) if found else None
    for got, expected in ((heights, expected_heights), (slopes, expected_slopes)):
        assert got.keys() == expected.keys()
        for key, value in expected.items():
            assert close(got[key], value), (SEED, question, key, got[key], value)
    return sum(value is not None for value in expected_slopes.values())


def close(found: Value, expected: Value) -> bool:
    """Equal up to what floating sums lose."""
    if found is None or expected is None:
        return found is expected
    return abs(found - expected) <= Decimal("1e-7") * max(Decimal(1), abs(expected))


def test_windows_need_an_axis(asking: Asking) -> None:
    plain = Question("buyers", "event", asking.last - 30 * ONE_DAY, asking.last)
    with pytest.raises(QuestionError, match="time axis"):
        asking.rows(plain, Window())
