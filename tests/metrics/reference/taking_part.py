"""In which experiments somebody takes part at a moment, and in which group of the global one."""

from collections import defaultdict

from tests.metrics.reference.calendar import Clock, unit_start
from tests.metrics.reference.facts import Fact, Words
from tests.metrics.reference.letters import LetterFact
from tests.metrics.reference.trials import Trials
from tests.metrics.reference.words import DAY_MS, UNKNOWN, WINDOW_DAYS

Joined = tuple[int, str, str]


class TakingPart:
    """Tells what facts say of experiments."""

    def __init__(self, trials: Trials, clock: Clock) -> None:
        self._trials, self._clock = trials, clock
        self._joined: dict[int, list[Joined]] = defaultdict(list)
        for row in trials.everybody:
            assert row.person is not None
            assert row.at is not None
            name, group = str(row.slices["experiment"]), str(row.slices["experiment_group"])
            self._joined[row.person].append((row.at, name, group))
        self._drawn = {(x.person, x.own_on): str(x.slices["holdout_arm"]) for x in trials.months}

    def words(self, fact: Fact, name: str) -> Words:
        """The experiments of a fact, with the group in them or without, or the month's group.

        A message is of its own experiment, whatever others its person takes part in, and of the
        month of the participation. What is known by the day, is so as the day begins.
        """
        if fact.person is None:
            return UNKNOWN
        if name == "holdout_arm":
            day = fact.sent_on if isinstance(fact, LetterFact) else fact.own_on
            return self._drawn.get((fact.person, unit_start(day, "month")), UNKNOWN)
        if isinstance(fact, LetterFact):
            arm = self._trials.arm_of(fact.letter)
            experiment = self._trials.name_of(fact.letter)
            if arm is None:
                return ()
            return (experiment,) if name == "experiment" else (f"{experiment}: {arm}",)
        at = self._clock.begin(fact.own_on) if fact.at is None else fact.at
        going = [
            each
            for each in self._joined[fact.person]
            if each[0] <= at <= each[0] + WINDOW_DAYS * DAY_MS
        ]
        return tuple({each[1] if name == "experiment" else each[2] for each in going})
