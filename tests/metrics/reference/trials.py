"""Experiments: mailings with a control group of their own, the global control group, segments."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from math import floor

from sandbox.mindbox.world import World
from sandbox.mindbox.world.messages import NOT_SENT_REASONS
from tests.metrics.reference.calendar import Bucket, Clock, unit_start
from tests.metrics.reference.facts import Fact
from tests.metrics.reference.letters import Letter, Letters
from tests.metrics.reference.memberships import Memberships, Stay
from tests.metrics.reference.purchases import Purchases
from tests.metrics.reference.questions import Question
from tests.metrics.reference.states import States
from tests.metrics.reference.words import DAY_MS, EVER, ONE_DAY, WINDOW_DAYS

TREATED, CONTROL, BOTH = "Рассылка", "Контрольная группа", "В обеих группах"
MAIN, HELD = "Основная группа", "Глобальная контрольная группа"
OWN_GROUP, GLOBAL_GROUP = "CustomerInMailingControlGroup", "CustomerInGlobalControlGroup"
INELIGIBLE = {"ContactMissing", "InvalidContact", "CustomerUnsubscribed"}
PLANNED = {"тест 50/50": 0.5}
LIMIT = 0.999


@dataclass(kw_only=True)
class ParticipantRow(Fact):
    """A customer in an experiment.

    Attributes:
        arm: TREATED, CONTROL, or BOTH of somebody whom a merge put in both.
        is_mature: the horizon of the outcome is over.
        orders, amount: what was bought within it; `cut` is the amount no larger than the largest
            of all but one in a thousand.
        planned: share that the control group was to have, None where nobody said.
    """

    arm: str
    is_mature: bool
    orders: int
    amount: Decimal
    cut: Decimal
    planned: float | None

    def is_in(self, arm: str) -> bool:
        """It is of the arm, and its outcome is known."""
        return self.arm == arm and self.is_mature

    @property
    def is_compared(self) -> bool:
        """It is in one of the arms, and its outcome is known."""
        return self.is_in(TREATED) or self.is_in(CONTROL)


@dataclass(kw_only=True)
class HoldoutRow(Fact):
    """A customer in a month in which some marketing mailing meant to reach the customer."""

    is_main: bool
    is_control: bool
    is_contaminated: bool
    days: int
    orders: int
    revenue: Decimal


@dataclass(kw_only=True)
class MemberRow(Fact):
    """A customer in a segment."""


class Trials:
    """Facts of experiments, of the global control group and of segments.

    Attributes:
        everybody: all who ever took part in an experiment.
        months: everybody's months in the global one.
    """

    def __init__(
        self,
        world: World,
        clock: Clock,
        letters: Letters,
        purchases: Purchases,
        states: States,
        *,
        memberships: Memberships,
        horizon: date,
    ) -> None:
        self._world, self._clock, self._states = world, clock, states
        self._memberships = memberships
        self._purchases, self._horizon = purchases, horizon
        self._reasons = {
            letter.number: NOT_SENT_REASONS[int(world.messages.not_sent_reason[n])]
            for n, letter in enumerate(letters.all)
        }
        self.everybody = self._took_part(letters)
        self._tested = {row.mailing for row in self.everybody}
        self.months = self._held_out(letters)

    def participants(self, _: Question, bucket: Bucket) -> Iterator[ParticipantRow]:
        """Those who joined an experiment in the bucket."""
        yield from (x for x in self.everybody if bucket.first <= x.own_on <= bucket.last)

    def holdouts(self, _: Question, bucket: Bucket) -> Iterator[HoldoutRow]:
        """Customers in the months whose first day lies in the bucket."""
        yield from (x for x in self.months if bucket.first <= x.own_on <= bucket.last)

    def members(self, _: Question, bucket: Bucket) -> Iterator[MemberRow]:
        """Members of segments at the end of the bucket."""
        if bucket.first <= self._horizon:
            last = min(bucket.last, self._horizon)
            yield from (_member(x, last) for x in self._memberships.stays if x.covers(last))

    def entries(self, _: Question, bucket: Bucket) -> Iterator[MemberRow]:
        """Those whom a load of the bucket saw enter a segment."""
        for stay in self._memberships.stays:
            if stay.since != EVER and bucket.first <= stay.since <= bucket.last:
                yield _member(stay, stay.since)

    def exits(self, _: Question, bucket: Bucket) -> Iterator[MemberRow]:
        """Those whom a load of the bucket saw leave a segment."""
        for stay in self._memberships.stays:
            if stay.till is not None and bucket.first <= stay.till <= bucket.last:
                yield _member(stay, stay.till)

    def arm_of(self, letter: Letter) -> str | None:
        """The group that a message of an experiment speaks to; None of any other message."""
        reason = self._reasons[letter.number] if letter.not_sent_at is not None else ""
        if letter.mailing not in self._tested or reason in {*INELIGIBLE, GLOBAL_GROUP}:
            return None
        return CONTROL if reason == OWN_GROUP else TREATED

    def name_of(self, letter: Letter) -> str:
        """The name of a message's mailing."""
        return self._world.plan.mailings[letter.mailing].name

    def _took_part(self, letters: Letters) -> list[ParticipantRow]:
        mine: dict[int, dict[int, list[Letter]]] = defaultdict(lambda: defaultdict(list))
        tested = {x.mailing for x in letters.all if self._reasons[x.number] == OWN_GROUP}
        for letter in letters.all:
            reason = self._reasons[letter.number] if letter.not_sent_at is not None else ""
            if letter.mailing in tested and reason not in {*INELIGIBLE, GLOBAL_GROUP}:
                mine[letter.mailing][letter.person].append(letter)
        rows: list[ParticipantRow] = []
        for people in mine.values():
            joined = [self._participant(messages) for messages in people.values()]
            if {TREATED, CONTROL} <= {row.arm for row in joined}:
                rows += _winsorised(joined)
        return rows

    def _participant(self, messages: list[Letter]) -> ParticipantRow:
        first = min(messages, key=lambda letter: letter.at)
        held = {self._reasons[letter.number] == OWN_GROUP for letter in messages}
        arm = BOTH if len(held) > 1 else CONTROL if held == {True} else TREATED
        day = self._clock.day(first.at)
        is_mature = day + timedelta(days=WINDOW_DAYS) < self._horizon
        till = first.at + WINDOW_DAYS * DAY_MS
        bought = [
            order
            for order in self._purchases.histories.get(first.person, [])
            if is_mature and first.at <= order.at <= till
        ]
        mailing = self._world.plan.mailings[first.mailing]
        amount = sum((order.amount for order in bought), Decimal(0))
        return ParticipantRow(
            sent_on=day,
            own_on=day,
            person=first.person,
            mailing=first.mailing,
            at=first.at,
            slices={
                "experiment": mailing.name,
                "experiment_arm": arm,
                "experiment_group": f"{mailing.name}: {arm}",
                "mailing_variant": first.slices["mailing_variant"],
            },
            arm=arm,
            is_mature=is_mature,
            orders=len(bought),
            amount=amount,
            cut=amount,
            planned=next((PLANNED[tag] for tag in mailing.tags if tag in PLANNED), None),
        )

    def _held_out(self, letters: Letters) -> list[HoldoutRow]:
        addressed: dict[tuple[int, date], list[Letter]] = defaultdict(list)
        for letter in letters.all:
            reason = self._reasons[letter.number] if letter.not_sent_at is not None else ""
            if letter.mailing_type != "transaction" and reason not in INELIGIBLE:
                month = unit_start(self._clock.day(letter.at), "month")
                addressed[letter.person, month].append(letter)
        return [
            self._holdout(person, month, messages)
            for (person, month), messages in addressed.items()
        ]

    def _holdout(self, person: int, month: date, messages: list[Letter]) -> HoldoutRow:
        accounts: dict[int, list[Letter]] = defaultdict(list)
        for letter in messages:
            accounts[letter.account].append(letter)
        held = {
            account: any(self._reasons[x.number] == GLOBAL_GROUP for x in mine)
            for account, mine in accounts.items()
        }
        is_control, is_main = all(held.values()), not any(held.values())
        reached = any(
            x.is_delivered for account in accounts if held[account] for x in accounts[account]
        )
        registered = self._states.registered(person)
        first = min(self._clock.day(letter.at) for letter in messages)
        since = max(month, min(registered.day if registered else EVER, first))
        till = min(unit_start(month + timedelta(days=31), "month"), self._horizon + ONE_DAY)
        bought = [
            order
            for order in self._purchases.histories.get(person, [])
            if since <= order.day < till
        ]
        return HoldoutRow(
            sent_on=month,
            own_on=month,
            person=person,
            slices={"holdout_arm": MAIN if is_main else HELD if is_control else BOTH},
            is_main=is_main,
            is_control=is_control,
            is_contaminated=is_control and reached,
            days=(till - since).days,
            orders=len(bought),
            revenue=sum((order.amount for order in bought), Decimal(0)),
        )


def _member(stay: Stay, day: date) -> MemberRow:
    return MemberRow(
        sent_on=day,
        own_on=day,
        person=stay.person,
        slices={"segmentation": stay.segmentation, "customer_segment": stay.name},
    )


def _winsorised(rows: Iterable[ParticipantRow]) -> list[ParticipantRow]:
    """Amounts cut at the 99.9th percentile of those compared, the upper of two in between."""
    rows = list(rows)
    amounts = sorted(row.amount for row in rows if row.is_compared)
    limit = amounts[floor(LIMIT * len(amounts))] if amounts else Decimal(0)
    return [replace(row, cut=min(row.amount, limit)) for row in rows]
