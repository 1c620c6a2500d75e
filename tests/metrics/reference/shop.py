"""The reference: all facts of a world, ready to be asked."""

from collections.abc import Sequence
from datetime import date

from sandbox.mindbox.world import World
from tests.metrics.reference import based, bought, earned, mailed, tested, visited
from tests.metrics.reference.asking import Answers
from tests.metrics.reference.calendar import Clock
from tests.metrics.reference.cells import Metric
from tests.metrics.reference.compared import comparisons
from tests.metrics.reference.credits import Credit, Credits
from tests.metrics.reference.engagement import Engagement
from tests.metrics.reference.facts import Fact
from tests.metrics.reference.letters import Letters
from tests.metrics.reference.lives import Lives
from tests.metrics.reference.memberships import Load, Memberships
from tests.metrics.reference.people import People
from tests.metrics.reference.purchases import Order, Purchases
from tests.metrics.reference.questions import Key, Question
from tests.metrics.reference.rfm import Rfm
from tests.metrics.reference.slicing import Slicing
from tests.metrics.reference.sources import Sources
from tests.metrics.reference.states import States
from tests.metrics.reference.taking_part import TakingPart
from tests.metrics.reference.today import last_scores, of_person
from tests.metrics.reference.tours import Tours
from tests.metrics.reference.trials import Trials
from tests.metrics.reference.visits import Visits
from tests.metrics.reference.words import Value

_METRICS: dict[str, Metric] = {
    **bought.METRICS,
    **mailed.METRICS,
    **earned.METRICS,
    **based.METRICS,
    **visited.METRICS,
    **tested.METRICS,
}
METRICS: dict[str, Metric] = {**_METRICS, **comparisons(_METRICS)}


def last_day(world: World, clock: Clock) -> date:
    """The last day of which anything is known: an order, a status, an action."""
    moments = (world.orders.ordered_at, world.statuses.at, world.actions.at)
    return max(clock.day(int(max(column))) for column in moments)


CUSTOMER_KEY_SECRET = "a secret of the tests, long enough"


class Reference:
    """All facts of a world, and the metrics of them.

    `segment_loads` are the loads of segmentations, by default one of the world's now.

    Attributes:
        orders: those in the goal.
        credits: of all orders, by every model.
        taken_away: orders that a visit from elsewhere took from their last touch.
        people: everybody whom the shop knows.
        visits: all visits, with what was done in them.
        facts: messages and first reactions to them.
    """

    def __init__(
        self,
        world: World,
        segment_loads: Sequence[Load] = (),
        secret: str = CUSTOMER_KEY_SECRET,
    ) -> None:
        clock = Clock(world.settings.time_zone)
        loads = segment_loads or [(world.settings.until, world.truth.segments)]
        memberships = Memberships(loads, clock)
        people = People(world)
        letters = Letters(world, people, clock)
        horizon = last_day(world, clock)
        purchases = Purchases(world, people, clock, horizon)
        rfm = Rfm(world, purchases, horizon, secret)
        self.states = States(
            world, people, clock, letters, purchases, rfm=rfm, memberships=memberships
        )
        earned_by = Credits(world, people, letters, purchases)
        given = last_scores(world, people)
        for person in people.everybody():
            person.late |= of_person(
                person, purchases, self.states, rfm=rfm, given=given, horizon=horizon
            )
        self.orders: list[Order] = purchases.in_goal
        self.credits: list[Credit] = earned_by.all
        self.taken_away: list[Order] = earned_by.taken_away
        self.people = people
        self.facts: list[Fact] = [*letters.messages, *letters.opens, *letters.clicks]
        merges = [
            (known, clock.day(int(at)))
            for merged, at in zip(world.merges.merged, world.merges.at, strict=True)
            if (known := people.of(int(merged))) is not None
        ]
        self.visits = Visits(world, people, clock, letters, purchases, horizon=horizon)
        tours = Tours(self.visits, purchases.goods, clock)
        trials = Trials(
            world,
            clock,
            letters,
            purchases,
            self.states,
            memberships=memberships,
            horizon=horizon,
        )
        taking_part = TakingPart(trials, clock)
        self._slicing = Slicing(people, letters, self.states, taking_part, horizon=horizon)
        engagement = Engagement(
            world, people, clock, letters=letters, purchases=purchases, visits=self.visits
        )
        lives = Lives(self.states, engagement, merges, horizon)
        sources = Sources(
            clock,
            letters,
            purchases,
            earned=earned_by,
            states=self.states,
            lives=lives,
            tours=tours,
            trials=trials,
            horizon=horizon,
        )
        self._answers = Answers(sources, self._slicing, METRICS)

    def answer(self, question: Question) -> dict[Key, Value]:
        """The metric of every cell that holds a fact.

        Keys are the bucket's first day (of its calendar unit; None without a time axis) and the
        words of the slices grouped by, in their order. A cell that is not there is as good as one
        of 0 or nothing.
        """
        return self._answers.to(question)

    def words(self, fact: Fact, name: str) -> tuple[str, ...]:
        """What a fact says of a slice."""
        return self._slicing.words(fact, name)
