"""Where the facts of a question come from."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property

from tests.metrics.reference.asking import Question
from tests.metrics.reference.calendar import Bucket, Clock
from tests.metrics.reference.credits import DEFAULT_MODEL, Credit, Credits, Path
from tests.metrics.reference.facts import Fact
from tests.metrics.reference.letters import Letters
from tests.metrics.reference.lives import Lives
from tests.metrics.reference.purchases import (
    NOTHING,
    Line,
    Order,
    Place,
    Purchases,
    is_reactivation,
    number_band,
)
from tests.metrics.reference.slicing import OF_LINES, OF_MAILINGS
from tests.metrics.reference.tours import Tours
from tests.metrics.reference.words import MAILINGS, MODEL_NAMES


@dataclass(kw_only=True)
class OrderRow(Fact):
    """An order, or what of it falls into a cell: some of its lines, a part that a message earned.

    Attributes:
        weight: part of the order; 1 unless the order stands for a credit.
        lines: those that the question is about.
        place: among the goal orders of the customer.
        credit: what made it fall under a mailing, None for the order itself.
    """

    order: Order
    weight: Decimal
    lines: Sequence[Line]
    place: Place | None
    credit: Credit | None = None
    goal_lines: Sequence[Line] = field(init=False)

    def __post_init__(self) -> None:
        self.goal_lines = [line for line in self.lines if line.in_goal]

    @property
    def counts(self) -> bool:
        """A line of it is in the goal."""
        return bool(self.goal_lines)

    @property
    def is_known(self) -> bool:
        """It counts, and it is known whose it is."""
        return self.counts and self.person is not None

    @property
    def is_first(self) -> bool:
        return self.is_known and self.number == 1

    @property
    def is_repeat(self) -> bool:
        return self.is_known and self.number > 1

    @property
    def is_reactivation(self) -> bool:
        return self.is_known and is_reactivation(self.order, self.place)

    @property
    def number(self) -> int:
        """The order's number in the customer's history; 0 for somebody unknown."""
        return 0 if self.place is None else self.place.number

    @property
    def amount(self) -> Decimal:
        """What is left of the lines in the goal; of a credit its own rounded part."""
        if self.credit and len(self.lines) == len(self.order.lines):
            return self.credit.amount
        return self.weight * sum((line.amount for line in self.goal_lines), NOTHING)

    @property
    def units(self) -> Decimal:
        return self.weight * sum((line.quantity for line in self.goal_lines), NOTHING)

    def gross(self, *statuses: str) -> Decimal:
        """The price of lines before anything was cancelled, of some statuses or of all."""
        return self.weight * sum(
            (line.price for line in self.lines if not statuses or line.status in statuses), NOTHING
        )


@dataclass(kw_only=True)
class PathRow(Fact):
    """An order under a mailing that was clicked within the window before it."""

    path: Path


class Sources:
    """Facts by the name of their source, found by day."""

    def __init__(
        self,
        clock: Clock,
        letters: Letters,
        purchases: Purchases,
        *,
        earned: Credits,
        lives: Lives,
        tours: Tours,
    ) -> None:
        self._clock, self._letters = clock, letters
        self._purchases, self._credits = purchases, earned
        kinds: dict[str, Sequence[Fact]] = {
            "messages": letters.messages,
            "opens": letters.opens,
            "clicks": letters.clicks,
            "leavings": letters.leavings,
            "all_clicks": letters.all_clicks,
            "complaints": letters.complaints,
        }
        self._letter_days = {
            name: {basis: _by_day(facts, basis) for basis in ("send", "event")}
            for name, facts in kinds.items()
        }
        self._builders: dict[str, Callable[[Question, Bucket], Iterable[Fact]]] = {
            "orders": self._orders,
            "previous_orders": self._previous_orders,
            "credits": self._asked_credits,
            "credits_by_order": self._own_credits,
            "paths": self._paths,
            "closing": lives.closing,
            "opening": lives.opening,
            "life": lives.events,
            "visits": tours.visits,
            "steps": tours.steps,
        }

    def rows(self, source: str, question: Question, bucket: Bucket) -> Iterable[Fact]:
        """Facts of the bucket, before any filter but those on lines and on the model."""
        if source in self._letter_days:
            return _within(self._letter_days[source][question.basis], bucket)
        return self._builders[source](question, bucket)

    def _orders(self, question: Question, bucket: Bucket) -> Iterator[OrderRow]:
        if question.slices & OF_MAILINGS:
            yield from self._credit_rows(question, bucket, "event")
            return
        for day in bucket.all_days():
            for order in self._orders_of_day.get(day, ()):
                yield from self._pieces(question, order, None)

    def _previous_orders(self, question: Question, bucket: Bucket) -> Iterator[OrderRow]:
        first, last = bucket.previous()
        yield from self._orders(question, Bucket(bucket.name, first, last))

    def _asked_credits(self, question: Question, bucket: Bucket) -> Iterator[OrderRow]:
        yield from self._credit_rows(question, bucket, question.basis)

    def _own_credits(self, question: Question, bucket: Bucket) -> Iterator[OrderRow]:
        yield from self._credit_rows(question, bucket, "event")

    def _credit_rows(self, question: Question, bucket: Bucket, basis: str) -> Iterator[OrderRow]:
        models = self._models(question)
        for day in bucket.all_days():
            for credit in self._credits_of_day[basis].get(day, ()):
                if credit.model in models:
                    yield from self._pieces(question, credit.order, credit)

    def _paths(self, question: Question, bucket: Bucket) -> Iterator[PathRow]:
        for path in self._credits.paths:
            order, letter = path.order, path.letter
            sent_on = self._clock.day(letter.at)
            day = sent_on if question.basis == "send" else order.day
            if bucket.first <= day <= bucket.last:
                yield PathRow(
                    sent_on=sent_on,
                    own_on=order.day,
                    person=order.person,
                    mailing=letter.mailing,
                    slices={**letter.slices, **order.slices, "brand": order.brand},
                    path=path,
                )

    def _models(self, question: Question) -> set[str]:
        if "attribution_model" in question.slices:
            return set(MODEL_NAMES)
        return {DEFAULT_MODEL}

    def _pieces(
        self, question: Question, order: Order, credit: Credit | None
    ) -> Iterator[OrderRow]:
        """The order whole, or its lines that are asked for, put together by their words."""
        in_brand = "brand" in question.slices
        place = order.standing(in_brand=in_brand)
        slices = {
            **(credit.letter.slices if credit else {}),
            **order.slices,
            "brand": order.brand,
            "order_seq_group": number_band(place),
        }
        if credit:
            slices |= {
                "attribution_model": MODEL_NAMES[credit.model],
                "channel_group": MAILINGS,
            }
        for words, lines in _parts(order.lines, question):
            yield OrderRow(
                sent_on=self._clock.day(credit.letter.at) if credit else order.day,
                own_on=order.day,
                person=order.person,
                mailing=credit.letter.mailing if credit else -1,
                slices={**slices, **words},
                order=order,
                weight=credit.weight if credit else Decimal(1),
                lines=lines,
                place=place,
                credit=credit,
            )

    @cached_property
    def _orders_of_day(self) -> dict[date, list[Order]]:
        days: dict[date, list[Order]] = defaultdict(list)
        for order in self._purchases.all:
            days[order.day].append(order)
        return days

    @cached_property
    def _credits_of_day(self) -> dict[str, dict[date, list[Credit]]]:
        days: dict[str, dict[date, list[Credit]]] = {
            "send": defaultdict(list),
            "event": defaultdict(list),
        }
        for credit in self._credits.all:
            days["send"][self._clock.day(credit.letter.at)].append(credit)
            days["event"][credit.order.day].append(credit)
        return days


def _parts(
    lines: Sequence[Line], question: Question
) -> Iterator[tuple[dict[str, str], Sequence[Line]]]:
    """Lines that the question asks for, by the words of the slices of lines that it groups by."""
    if not question.slices & OF_LINES:
        yield {}, lines
        return
    filters = {name: words for name, words in question.filters.items() if name in OF_LINES}
    names = sorted(question.slices & OF_LINES)
    grouped: dict[tuple[str, ...], list[Line]] = defaultdict(list)
    for line in lines:
        if all(line.slices[name] in words for name, words in filters.items()):
            # A filter that is not grouped by does not part an order: one row for all its lines.
            words = tuple(line.slices[n] if n in question.group else "" for n in names)
            grouped[words].append(line)
    for words, part in grouped.items():
        told = {n: w or part[0].slices[n] for n, w in zip(names, words, strict=True)}
        yield told, part


def _by_day(facts: Iterable[Fact], basis: str) -> dict[date, list[Fact]]:
    days: dict[date, list[Fact]] = defaultdict(list)
    for fact in facts:
        days[fact.sent_on if basis == "send" else fact.own_on].append(fact)
    return days


def _within(days: dict[date, list[Fact]], bucket: Bucket) -> Iterator[Fact]:
    for day in bucket.all_days():
        yield from days.get(day, ())
