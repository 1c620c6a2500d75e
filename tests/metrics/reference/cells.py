"""Cells of an answer, and how a metric is put together from the facts of one."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.metrics.reference.calendar import Bucket
from tests.metrics.reference.words import Value

Test = Callable[[Any], bool]
Number = Callable[[Any], Decimal | int | float | None]


@dataclass
class Cell:
    """All facts of one part of the answer, by the source they come from.

    `missing` are sources that cannot be asked what the filters ask.
    """

    bucket: Bucket
    missing: frozenset[str] = frozenset()
    facts: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))

    def __getitem__(self, source: str) -> list[Any]:
        return self.facts[source]


@dataclass(frozen=True)
class Metric:
    """What a metric is of a cell, and the sources that it counts."""

    sources: frozenset[str]
    value: Callable[[Cell], Value]

    def values(self, cells: Sequence[Cell]) -> list[Value]:
        """The metric of every cell of an answer."""
        return [self.value(cell) for cell in cells]

    def __truediv__(self, other: "Metric") -> "Metric":
        return ratio(self, other)

    def __sub__(self, other: "Metric") -> "Metric":
        return combined(lambda a, b: a - b, self, other)

    def __add__(self, other: "Metric") -> "Metric":
        return combined(lambda a, b: a + b, self, other)

    def __mul__(self, other: "Metric") -> "Metric":
        return combined(lambda a, b: a * b, self, other)


def everything(_: Any) -> bool:
    """Every fact counts."""
    return True


def counted(source: str, where: Test = everything) -> Metric:
    """How many facts there are."""
    return _over(source, lambda facts: Decimal(sum(1 for x in facts if where(x))))


def total(source: str, of: Number, where: Test = everything) -> Metric:
    """The sum over facts."""
    return _over(source, lambda facts: sum((exact(of(x)) for x in facts if where(x)), Decimal(0)))


def people(source: str, where: Test = everything) -> Metric:
    """Different known people behind facts."""
    return distinct(source, lambda fact: fact.person, where)


def distinct(source: str, what: Callable[[Any], object], where: Test = everything) -> Metric:
    """Different things that facts name; None is not one of them."""

    def count(facts: Sequence[Any]) -> Value:
        return Decimal(len({what(x) for x in facts if where(x)} - {None}))

    return _over(source, count)


def average(source: str, of: Number, where: Test = everything) -> Metric:
    """The mean of a number that some facts have; nothing where none has it."""

    def mean(facts: Sequence[Any]) -> Value:
        numbers = _numbers(facts, of, where)
        return sum(numbers, Decimal(0)) / len(numbers) if numbers else None

    return _over(source, mean)


def upper_median(source: str, of: Number, where: Test = everything) -> Metric:
    """The middle one of the numbers in their order, the larger of two in the middle."""

    def middle(facts: Sequence[Any]) -> Value:
        numbers = sorted(_numbers(facts, of, where))
        return numbers[len(numbers) // 2] if numbers else None

    return _over(source, middle)


def ratio(above: Metric, below: Metric) -> Metric:
    """One metric over another; nothing where the second is 0."""

    def divide(cell: Cell) -> Value:
        whole = below.value(cell)
        part = above.value(cell)
        return None if not whole or part is None else part / whole

    return Metric(above.sources | below.sources, divide)


def combined(how: Callable[[Any, Any], Decimal], first: Metric, second: Metric) -> Metric:
    """Two metrics put together; nothing where one of them is nothing."""

    def put(cell: Cell) -> Value:
        left, right = first.value(cell), second.value(cell)
        return None if left is None or right is None else how(left, right)

    return Metric(first.sources | second.sources, put)


def changed(how: Callable[[Decimal], Decimal], metric: Metric) -> Metric:
    """A metric with something done to its value, where it has one."""

    def change(cell: Cell) -> Value:
        value = metric.value(cell)
        return None if value is None else how(value)

    return Metric(metric.sources, change)


def of_bucket(length: Callable[[Bucket], Decimal]) -> Metric:
    """Something that follows from the days of the bucket alone."""
    return Metric(frozenset(), lambda cell: length(cell.bucket))


def exact(number: Decimal | float | None) -> Decimal:
    """The number as it is, nothing as 0."""
    return Decimal(0) if number is None else Decimal(number)


def _over(source: str, value: Callable[[Sequence[Any]], Value]) -> Metric:
    def of_cell(cell: Cell) -> Value:
        return None if source in cell.missing else value(cell[source])

    return Metric(frozenset({source}), of_cell)


def _numbers(facts: Iterable[Any], of: Number, where: Test) -> list[Decimal]:
    found = (of(fact) for fact in facts if where(fact))
    return [Decimal(number) for number in found if number is not None]
