"""Visits and what was done in them as facts, whole or as the part that goods asked for have."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from tests.metrics.reference.calendar import Bucket, Clock
from tests.metrics.reference.facts import Fact, Words
from tests.metrics.reference.goods import LEVELS, OF_CATALOGUE, Goods
from tests.metrics.reference.purchases import Order, number_band
from tests.metrics.reference.questions import Question
from tests.metrics.reference.slicing import OF_LINES
from tests.metrics.reference.visits import APP_NAME, SITE_NAME, Step, Visit, Visits
from tests.metrics.reference.words import DELIVERY, UNKNOWN, WEEKDAYS

OF_SOURCES = ("traffic_source", "visit_utm_source", "visit_utm_medium", "visit_utm_campaign")
COUNTED = {"category", "product", "cart", "checkout"}


@dataclass(kw_only=True)
class VisitRow(Fact):
    """A visit, with those of its steps that are asked for."""

    visit: Visit
    steps: Sequence[Step]
    left: Sequence[Step]
    in_brand: bool

    def has(self, *kinds: str) -> bool:
        """All of the steps were made, with the goods asked for."""
        return all(any(step.kind == kind for step in self.steps) for kind in kinds)

    @property
    def is_first(self) -> bool:
        """The visitor's first one, over all brands or in this one."""
        return self.visit.is_first_in_brand if self.in_brand else self.visit.is_first

    @property
    def order_amount(self) -> Decimal:
        return sum((step.amount for step in self.steps if step.kind == "order"), Decimal(0))

    @property
    def left_amount(self) -> Decimal:
        return sum((step.amount for step in self.left), Decimal(0))


@dataclass(kw_only=True)
class StepRow(Fact):
    """One thing done in a visit."""

    step: Step


class Tours:
    """Facts of visits by day."""

    def __init__(self, visits: Visits, goods: Goods, clock: Clock) -> None:
        self._goods, self._clock = goods, clock
        self._visits: dict[date, list[Visit]] = defaultdict(list)
        self._steps: dict[tuple[date, bool], list[StepRow]] = defaultdict(list)
        self._rows: dict[tuple[date, bool], list[VisitRow]] = {}
        self._all = visits
        self._words = {visit.key: self._of_visit(visit) for visit in visits.all}
        self._strays: dict[tuple[date, bool], list[Fact]] = defaultdict(list)
        for order in visits.strays:
            for in_brand in (False, True):
                self._strays[order.day, in_brand].append(self._stray(order, in_brand=in_brand))
        for visit in visits.all:
            self._visits[clock.day(visit.started_at)].append(visit)
            for step in visit.steps:
                if step.kind in COUNTED:
                    day = clock.day(step.at)
                    for in_brand in (False, True):
                        row = self._step(visit, step, day, in_brand=in_brand)
                        self._steps[day, in_brand].append(row)

    def of_order(self, order: Order) -> dict[str, Words]:
        """Slices that an order has of the visit in which it was made."""
        words: dict[str, Words] = dict.fromkeys(OF_SOURCES, UNKNOWN)
        visit = self._all.of_order.get(order.position)
        if visit is not None:
            words = {name: self._words[visit.key][name] for name in OF_SOURCES}
        words["platform"] = UNKNOWN
        if order.is_online:
            words["platform"] = APP_NAME if self._all.is_app(order) else SITE_NAME
        return words

    def visits(self, question: Question, bucket: Bucket) -> Iterator[VisitRow]:
        """Visits that began in the bucket; the parts of them that goods asked for have."""
        in_brand = "brand" in question.slices
        for day in bucket.all_days():
            if question.slices & OF_LINES:
                for visit in self._visits.get(day, ()):
                    yield from self._parts(visit, question)
            else:
                yield from self._whole(day, in_brand=in_brand)

    def _whole(self, day: date, *, in_brand: bool) -> Sequence[VisitRow]:
        """Visits of a day with all their steps; made once, for questions ask for them again."""
        if (day, in_brand) not in self._rows:
            self._rows[day, in_brand] = [
                self._row(visit, {}, visit.steps, visit.left, in_brand=in_brand)
                for visit in self._visits.get(day, ())
            ]
        return self._rows[day, in_brand]

    def _row(
        self,
        visit: Visit,
        words: dict[str, str],
        steps: Sequence[Step],
        left: Sequence[Step],
        *,
        in_brand: bool,
    ) -> VisitRow:
        return VisitRow(
            **self._common(visit, self._clock.day(visit.started_at)),
            at=visit.started_at,
            slices={
                **self._words[visit.key],
                "order_seq_group": _number(visit, in_brand=in_brand),
                **self._hours(visit.started_at),
                **words,
            },
            visit=visit,
            steps=steps,
            left=left,
            in_brand=in_brand,
        )

    def steps(self, question: Question, bucket: Bucket) -> Iterator[StepRow]:
        """What was done in the bucket, once for every product named."""
        for day in bucket.all_days():
            yield from self._steps.get((day, "brand" in question.slices), ())

    def strays(self, question: Question, bucket: Bucket) -> Iterator[Fact]:
        """Online orders of the bucket that no visit accounts for."""
        for day in bucket.all_days():
            yield from self._strays.get((day, "brand" in question.slices), ())

    def _stray(self, order: Order, *, in_brand: bool) -> Fact:
        return Fact(
            sent_on=order.day,
            own_on=order.day,
            person=order.person,
            at=order.at,
            slices={
                "brand": order.brand,
                "order_seq_group": number_band(order.standing(in_brand=in_brand)),
                **self.of_order(order),
                **self._hours(order.at),
            },
        )

    def _step(self, visit: Visit, step: Step, day: date, *, in_brand: bool) -> StepRow:
        return StepRow(
            **self._common(visit, day),
            at=step.at,
            slices={
                **self._words[visit.key],
                "order_seq_group": _number(visit, in_brand=in_brand),
                **self._hours(step.at),
                **self._of_goods(step),
            },
            step=step,
        )

    def _common(self, visit: Visit, day: date) -> dict[str, Any]:
        mailing = -1 if visit.arrival is None else visit.arrival.mailing
        return {"sent_on": day, "own_on": day, "person": visit.who[0], "mailing": mailing}

    def _of_visit(self, visit: Visit) -> dict[str, Words]:
        """Slices that all of a visit shares."""
        words: dict[str, Words] = {
            "brand": visit.who[1],
            "platform": APP_NAME if visit.is_app else SITE_NAME,
            "traffic_source": visit.arrival.source if visit.arrival else UNKNOWN,
        }
        utm = visit.arrival.utm if visit.arrival else {}
        for name in ("utm_source", "utm_medium", "utm_campaign"):
            words[f"visit_{name}"] = utm.get(name, UNKNOWN)
        if visit.arrival is not None and visit.arrival.letter is not None:
            letter = visit.arrival.letter
            words["mailing_variant"] = letter.slices["mailing_variant"]
            words["mailing_subject"] = letter.slices["mailing_subject"]
        else:
            # A mark names the mailing; what sent it only a message tells.
            words["mailing_source"] = UNKNOWN
        return words

    def _parts(self, visit: Visit, question: Question) -> Iterator[VisitRow]:
        """The steps of a visit, put together by the words of the goods asked for."""
        names = sorted(question.slices & OF_LINES)
        grouped: dict[tuple[str, ...], list[Step]] = defaultdict(list)
        for step in (*visit.steps, *visit.left):
            words = self._of_goods(step)
            if all(words[n] in question.filters.get(n, {words[n]}) for n in names):
                grouped[tuple(words[n] if n in question.group else "" for n in names)].append(step)
        for key, steps in grouped.items():
            some = self._of_goods(steps[0])
            told = {n: word or some[n] for n, word in zip(names, key, strict=True)}
            left = [step for step in steps if step.kind == "cart_left"]
            made = [step for step in steps if step.kind != "cart_left"]
            yield self._row(visit, told, made, left, in_brand="brand" in question.slices)

    def _of_goods(self, step: Step) -> dict[str, str]:
        if step.is_delivery:
            named = dict.fromkeys(("product", "category", *LEVELS), DELIVERY)
        elif step.product >= 0:
            named = self._goods.slices(step.product)
        elif step.category >= 0:
            named = self._goods.category(step.category)
        else:
            named = {}
        nothing = dict.fromkeys(("product", *OF_CATALOGUE, "order_status"), UNKNOWN)
        return {**nothing, **named}

    def _hours(self, at: int) -> dict[str, str]:
        local = self._clock.local(at)
        return {"hour": str(local.hour), "weekday": WEEKDAYS[local.weekday()]}


def _number(visit: Visit, *, in_brand: bool) -> str:
    """Which order of the customer the first one of the visit is."""
    first = min(visit.orders, key=lambda order: (order.at, order.key), default=None)
    return number_band(first.standing(in_brand=in_brand) if first else None)
