"""What everybody does that earns points, and what it is still worth on a day."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from sandbox.mindbox.world import World, vocabulary
from sandbox.mindbox.world.actions import Template
from tests.metrics.reference.calendar import Clock
from tests.metrics.reference.letters import Letters
from tests.metrics.reference.people import People
from tests.metrics.reference.purchases import Purchases
from tests.metrics.reference.visits import Visits
from tests.metrics.reference.words import ALL_BRANDS, HALF_LIFE_DAYS, POINTS, SCORED_DAYS

ACTIONS = {
    Template.SITE_VISIT: "visit",
    Template.APP_LAUNCH: "launch",
    Template.ANSWER: "answer",
}
WORTH = [Decimal(2) ** (Decimal(-age) / HALF_LIFE_DAYS) for age in range(SCORED_DAYS)]
"""What is left of a point, by its age in days."""


class Engagement:
    """Deeds of everybody, over all brands and in each brand."""

    def __init__(
        self,
        world: World,
        people: People,
        clock: Clock,
        *,
        letters: Letters,
        purchases: Purchases,
        visits: Visits,
    ) -> None:
        self._world, self._people, self._clock = world, people, clock
        self._letters, self._purchases, self._visits = letters, purchases, visits
        self._deeds: dict[tuple[int, str], list[tuple[date, int]]] = defaultdict(list)
        for person, own, day, kind in self._told():
            for brand in (ALL_BRANDS, own):
                self._deeds[person, brand].append((day, POINTS[kind]))

    def points(self, person: int, brand: str, day: date) -> Decimal:
        """What the deeds of the days up to this one are worth at its end."""
        ages = (((day - done).days, points) for done, points in self._deeds[person, brand])
        return sum(
            (points * WORTH[age] for age, points in ages if 0 <= age < SCORED_DAYS), Decimal(0)
        )

    def _told(self) -> Iterator[tuple[int, str, date, str]]:
        """Who did what in which brand, and when."""
        for click in self._letters.all_clicks:
            if click.is_first_human:
                yield click.letter.person, click.letter.brand, click.own_on, "click"
        for person, orders in self._purchases.histories.items():
            for order in orders:
                yield person, order.brand, order.day, "order"
        for visit in self._visits.all:
            for step in visit.steps:
                if step.kind == "cart":
                    yield *visit.who, self._clock.day(step.at), "cart"
        actions = self._world.actions
        for n in range(len(actions)):
            template = Template(int(actions.template[n]))
            person = self._people.of(int(actions.customer[n]))
            if template in ACTIONS and person is not None:
                brand = vocabulary.BRANDS[int(actions.brand[n])].system_name
                yield person, brand, self._clock.day(int(actions.at[n])), ACTIONS[template]
