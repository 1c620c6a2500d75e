"""Scores of recency, frequency and money, made on the first of every month."""

import hmac
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from sandbox.mindbox.world import World
from tests.metrics.reference.calendar import unit_start
from tests.metrics.reference.purchases import Order, Purchases
from tests.metrics.reference.words import ALL_BRANDS

YEAR = timedelta(days=365)
FIFTHS = 5
NO_SCORE = "Без заказов за год"
Scores = tuple[int, int, int]


class Rfm:
    """Segments by month, person and brand.

    `secret` is the key under which customers are hashed: ties are broken by the hash.
    """

    def __init__(self, world: World, purchases: Purchases, horizon: date, secret: str) -> None:
        self._world, self._secret = world, secret
        first = min((order.day for order in purchases.in_goal), default=horizon)
        self.months: set[date] = set()
        self._scores: dict[tuple[date, str, int], Scores] = {}
        month = unit_start(first, "month")
        while month <= horizon:
            self.months.add(month)
            self._score_month(month, purchases)
            month = unit_start(month + timedelta(days=31), "month")
        self.months.add(month)

    def segment(self, person: int, brand: str, day: date) -> str:
        """The segment of a person on a day."""
        scores = self.scores(person, brand, day)
        return NO_SCORE if scores is None else named(scores)

    def scores(self, person: int, brand: str, day: date) -> Scores | None:
        """Recency, frequency and money of a person on a day; None of who bought nothing lately."""
        return self._scores.get((unit_start(day, "month"), brand, person))

    def _score_month(self, month: date, purchases: Purchases) -> None:
        recent: dict[str, dict[int, list[Order]]] = defaultdict(lambda: defaultdict(list))
        for person, history in purchases.histories.items():
            for order in history:
                if month - YEAR <= order.day < month:
                    for brand in (ALL_BRANDS, order.brand):
                        recent[brand][person].append(order)
        for brand, buyers in recent.items():
            for person, scores in self._scored(buyers).items():
                self._scores[month, brand, person] = scores

    def _scored(self, buyers: Mapping[int, Sequence[Order]]) -> dict[int, Scores]:
        axes = (
            self._fifths({p: max(x.day for x in orders) for p, orders in buyers.items()}),
            self._fifths({p: len(orders) for p, orders in buyers.items()}),
            self._fifths(
                {p: sum((x.amount for x in orders), Decimal(0)) for p, orders in buyers.items()}
            ),
        )
        return {p: (axes[0][p], axes[1][p], axes[2][p]) for p in buyers}

    def _fifths(self, values: Mapping[int, date | int | Decimal]) -> dict[int, int]:
        """Fifths of the people from the worst to the best; each value a score where few differ."""
        different = sorted(set(values.values()))
        if len(different) < FIFTHS:
            return {person: different.index(value) + 1 for person, value in values.items()}
        in_order = sorted(values, key=lambda person: (values[person], self._key(person)))
        return {person: 1 + FIFTHS * n // len(in_order) for n, person in enumerate(in_order)}

    def _key(self, person: int) -> int:
        """The irreversible key of a customer: the first eight bytes of a keyed hash of the id."""
        number = str(int(self._world.customers.mindbox_id[person]))
        digest = hmac.digest(self._secret.encode(), number.encode(), "sha256")
        return int.from_bytes(digest[:8], "big")


def named(scores: Scores) -> str:
    """The cell of recency, frequency and money."""
    recency, frequency, money = scores
    if recency >= 4:
        return _recent(recency, frequency, money)
    if recency == 3:
        if frequency >= 4:
            return "Требуют внимания"
        return "Средние" if frequency >= 2 else "Засыпающие"
    if frequency >= 4 and money >= 4:
        return "Нельзя потерять"
    if frequency >= 3:
        return "В зоне риска"
    return "Спящие" if recency == 2 else "Потерянные"


def _recent(recency: int, frequency: int, money: int) -> str:
    if frequency >= 4:
        return "Чемпионы" if recency == 5 and money >= 4 else "Лояльные"
    if money == 5:
        return "Крупные покупатели"
    if frequency >= 2:
        return "Потенциально лояльные"
    return "Новички" if recency == 5 else "Перспективные"
