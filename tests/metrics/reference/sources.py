"""Where the facts of a question come from."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property

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
from tests.metrics.reference.questions import Question
from tests.metrics.reference.rfm import NO_SCORE
from tests.metrics.reference.slicing import OF_LINES, OF_MAILINGS, OF_MODELS
from tests.metrics.reference.states import States
from tests.metrics.reference.tours import Tours
from tests.metrics.reference.trials import Trials
from tests.metrics.reference.words import ALL_BRANDS, EVER, MAILINGS, MODEL_NAMES

SOON = timedelta(days=90)


@dataclass(kw_only=True)
class OrderRow(Fact):
    """An order, or what of it falls into a cell: some of its lines, a part that messages earned.

    Attributes:
        weight: part of the order; 1 unless the order stands for a credit.
        place: among the goal orders of the customer.
        credit: what made it fall under a mailing, None for the order itself.
        counts: a line of it is in the goal.
        was_scored: the customer had an RFM segment when the bucket began.
        amount: what is left of the lines in the goal.
        units: pieces and kilograms of these lines.
        gross, cancelled, returned: money of all lines, and of those lost.
        products: what these lines are of.
    """

    order: Order
    weight: Decimal
    place: Place | None
    credit: Credit | None
    counts: bool
    amount: Decimal
    units: Decimal
    gross: Decimal
    cancelled: Decimal
    returned: Decimal
    products: frozenset[str]
    registered_on: date | None
    horizon: date
    was_scored: bool = False

    @property
    def is_of_age(self) -> bool:
        """So old that it is known whether another followed soon."""
        return self.is_known and self.order.day + SOON <= self.horizon

    @property
    def is_repurchased(self) -> bool:
        """One of these, after which another one followed soon."""
        following = self.place.following if self.place else None
        return self.is_of_age and following is not None and following.day <= self.order.day + SOON

    @property
    def days_to_first(self) -> int | None:
        """Days from the registration to a first order, none where it came before."""
        if not self.is_first or self.registered_on is None:
            return None
        return max((self.order.day - self.registered_on).days, 0)

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


def together(rows: Sequence[OrderRow]) -> list[OrderRow]:
    """Every order once, with the money of all its rows."""
    found: dict[int, OrderRow] = {}
    for row in rows:
        known = found.get(row.order.position)
        if known is None:
            found[row.order.position] = row
        else:
            sums = {name: getattr(known, name) + getattr(row, name) for name in _SUMMED}
            counts, products = known.counts or row.counts, known.products | row.products
            found[row.order.position] = replace(known, counts=counts, products=products, **sums)
    return list(found.values())


_SUMMED = ("weight", "amount", "units", "gross", "cancelled", "returned")


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
        states: States,
        lives: Lives,
        tours: Tours,
        trials: Trials,
        horizon: date,
    ) -> None:
        self._horizon = horizon
        self._clock, self._letters, self._states = clock, letters, states
        self._purchases, self._credits, self._tours = purchases, earned, tours
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
            "reach": lives.closing,
            "opening_reach": lives.opening,
            "life": lives.events,
            "visits": tours.visits,
            "participants": trials.participants,
            "holdouts": trials.holdouts,
            "members": trials.members,
            "entries": trials.entries,
            "exits": trials.exits,
            "steps": tours.steps,
            "strays": tours.strays,
        }

    def rows(self, source: str, question: Question, bucket: Bucket) -> Iterable[Fact]:
        """Facts of the bucket, before any filter but those on lines and on the model."""
        if source in self._letter_days:
            return _within(self._letter_days[source][question.basis], bucket)
        return self._builders[source](question, bucket)

    def _orders(self, question: Question, bucket: Bucket) -> Iterator[OrderRow]:
        """Orders of the bucket, with what their customers were when it began."""
        for row in self._orders_by_date(question, bucket):
            if row.person is not None:
                brand = row.order.brand if "brand" in question.slices else ALL_BRANDS
                state = self._states.at(row.person, brand, bucket.day_before())
                row.was_scored = state is not None and state.slices["rfm_segment"] != NO_SCORE
            yield row

    def _orders_by_date(self, question: Question, bucket: Bucket) -> Iterator[OrderRow]:
        """Orders by their own date; where mailings are asked for, those that mailings earned."""
        is_of_mailings = bool(question.slices & OF_MAILINGS or OF_MODELS & set(question.group))
        for day in bucket.all_days():
            for order in self._orders_of_day.get(day, ()):
                if not is_of_mailings:
                    yield from self._pieces(question, order, None)
                    continue
                for credit in self._credits_of_order.get(order.position, ()):
                    if credit.model in self._models(question):
                        for row in self._pieces(question, order, credit):
                            yield _on_its_own_date(row)

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
            if not bucket.first <= day <= bucket.last:
                continue
            slices = {
                **letter.slices,
                **order.slices,
                **self._tours.of_order(order),
                "brand": order.brand,
                "link": letter.link_at(path.touched_at),
                "order_seq_group": number_band(order.standing(in_brand="brand" in question.slices)),
            }
            for words, lines in _parts(order.lines, question):
                if any(line.in_goal for line in lines):
                    yield PathRow(
                        sent_on=sent_on,
                        own_on=order.day,
                        person=order.person,
                        mailing=letter.mailing,
                        at=order.at,
                        slices={**slices, **words},
                        path=path,
                    )

    def _models(self, question: Question) -> set[str]:
        """The models asked for: those chosen, all where they are compared, else the default."""
        chosen = question.filters.get("attribution_model")
        if chosen is not None:
            return {model for model, name in MODEL_NAMES.items() if name in chosen}
        return set(MODEL_NAMES) if OF_MODELS & set(question.group) else {DEFAULT_MODEL}

    def _pieces(
        self, question: Question, order: Order, credit: Credit | None
    ) -> Iterator[OrderRow]:
        """The order whole, or its lines that are asked for, put together by their words."""
        place = order.standing(in_brand="brand" in question.slices)
        slices = {
            **(credit.letter.slices if credit else {}),
            **order.slices,
            **self._tours.of_order(order),
            "brand": order.brand,
            "order_seq_group": number_band(place),
        }
        if credit:
            slices |= {
                "attribution_model": MODEL_NAMES[credit.model],
                "channel_group": MAILINGS,
                "link": credit.letter.link_at(credit.touched_at),
            }
        weight = credit.weight if credit else Decimal(1)
        for words, lines in _parts(order.lines, question):
            goal_lines = [line for line in lines if line.in_goal]
            is_whole = not question.slices & OF_LINES
            yield OrderRow(
                sent_on=self._clock.day(credit.letter.at) if credit else order.day,
                own_on=order.day,
                person=order.person,
                mailing=credit.letter.mailing if credit else -1,
                at=order.at,
                slices={**slices, **words},
                order=order,
                weight=weight,
                place=place,
                credit=credit,
                counts=bool(goal_lines),
                amount=credit.amount
                if credit and is_whole
                else weight * sum((line.amount for line in lines), NOTHING),
                units=weight * sum((line.quantity for line in goal_lines), NOTHING),
                gross=weight * _money(lines),
                cancelled=weight * _money(x for x in lines if x.status == "Cancelled"),
                returned=weight * _money(x for x in lines if x.status == "Returned"),
                products=frozenset(line.product for line in goal_lines if line.product),
                registered_on=self._registered_on(order, question),
                horizon=self._horizon,
            )

    def _registered_on(self, order: Order, question: Question) -> date | None:
        """The day in the base, or in the brand where brands are told apart, if it is known."""
        if order.person is None:
            return None
        brand = order.brand if "brand" in question.slices else ALL_BRANDS
        life = self._states.lives[brand].get(order.person)
        return None if life is None or life.registered_on == EVER else life.registered_on

    @cached_property
    def _credits_of_order(self) -> dict[int, list[Credit]]:
        found: dict[int, list[Credit]] = defaultdict(list)
        for credit in self._credits.all:
            found[credit.order.position].append(credit)
        return found

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


def _on_its_own_date(row: OrderRow) -> OrderRow:
    """The row of a credit as one of its order: on its date, at its hour, with the exact part."""
    of_sending = ("send_hour", "send_weekday")
    slices = {name: words for name, words in row.slices.items() if name not in of_sending}
    amount = row.amount
    if row.credit is not None and amount == row.credit.amount:
        amount = row.weight * row.order.amount
    return replace(row, sent_on=row.own_on, slices=slices, amount=amount)


def _money(lines: Iterable[Line]) -> Decimal:
    return sum((line.price for line in lines), NOTHING)


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
