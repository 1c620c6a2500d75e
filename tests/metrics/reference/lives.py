"""Facts of the base: everybody's state at the two ends of a bucket, and what happened to people."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sandbox.mindbox.world.mailings import Channel
from tests.metrics.reference.calendar import Bucket
from tests.metrics.reference.engagement import Engagement
from tests.metrics.reference.facts import Fact
from tests.metrics.reference.questions import Question
from tests.metrics.reference.states import CHANNEL_ORDER, ChannelState, Life, State, States
from tests.metrics.reference.words import ALL_BRANDS, CHANNELS, EVER, ONE_DAY, UNKNOWN, WEEKDAYS

REGISTRATION_DAYS, FIRST_DAYS = 30, 90
REQUEST, NO_CONTACT, INVALID = "Отписка", "Контакта больше нет", "Контакт невалиден"


@dataclass(kw_only=True)
class StateRow(Fact):
    """A person at the end of a day; a channel of the person where channels are asked for.

    Attributes:
        opened_on: the day before the bucket.
        closing_on: the last day of the bucket, or the last one of which anything is known.
        engagement: what everybody's deeds are worth.
    """

    life: Life
    state: State
    channel: ChannelState | None
    opened_on: date
    closing_on: date
    engagement: Engagement

    @property
    def points(self) -> Decimal:
        """What the person's deeds are worth at the end of the day."""
        return self.engagement.points(self.life.person.number, self.life.brand, self.own_on)

    @property
    def is_contact(self) -> bool:
        return self._how.is_contact

    @property
    def is_reachable(self) -> bool:
        return self._how.is_reachable

    @property
    def is_invalid(self) -> bool:
        return self._how.is_invalid

    @property
    def is_retained(self) -> bool:
        """Active now and at the bucket's end, whatever lies between."""
        return self.state.is_active and self.life.is_active(self.closing_on)

    @property
    def _how(self) -> State | ChannelState:
        return self.state if self.channel is None else self.channel


@dataclass(kw_only=True)
class LifeRow(Fact):
    """Something that happened to a person, over all brands or in one.

    Attributes:
        kind: registered, contact, activated, reactivated, churned, subscribed, unsubscribed,
            merged.
    """

    kind: str
    life: Life
    horizon: date

    def is_older_than(self, days: int) -> bool:
        """So many days have passed since, of which all is known."""
        return self.own_on + timedelta(days=days) <= self.horizon


class Lives:
    """States and events, for the brands that a question asks about."""

    def __init__(
        self,
        states: States,
        engagement: Engagement,
        merges: Sequence[tuple[int, date]],
        horizon: date,
    ) -> None:
        self._states, self._engagement = states, engagement
        self._merges, self._horizon = merges, horizon
        self._events: dict[str, dict[date, list[LifeRow]]] = {}
        self._channel_events: dict[str, dict[date, list[LifeRow]]] = {}

    def closing(self, question: Question, bucket: Bucket) -> Iterator[StateRow]:
        """Everybody at the end of the bucket; nobody where it has not begun yet."""
        yield from self._at(question, bucket, min(bucket.last, self._horizon))

    def opening(self, question: Question, bucket: Bucket) -> Iterator[StateRow]:
        """Everybody at the end of the day before the bucket."""
        yield from self._at(question, bucket, bucket.day_before())

    def events(self, question: Question, bucket: Bucket) -> Iterator[LifeRow]:
        """What happened in the bucket."""
        by_channel = "mailing_channel" in question.slices
        known = self._channel_events if by_channel else self._events
        for brand in self._brands(question):
            if brand not in known:
                known[brand] = self._of_brand(brand, by_channel=by_channel)
            day = bucket.first
            while day <= bucket.last:
                yield from known[brand].get(day, ())
                day += ONE_DAY
        yield from self._merged(bucket)

    def _brands(self, question: Question) -> list[str]:
        if "brand" not in question.slices:
            return [ALL_BRANDS]
        return sorted(set(self._states.lives) - {ALL_BRANDS})

    def _at(self, question: Question, bucket: Bucket, day: date) -> Iterator[StateRow]:
        closing_on = min(bucket.last, self._horizon)
        if bucket.first > self._horizon:
            return
        for brand in self._brands(question):
            for life in self._states.lives[brand].values():
                state = life.at(day)
                if state is None:
                    continue
                channels: dict[str, ChannelState | None] = {"": None}
                if "mailing_channel" in question.slices:
                    channels = dict(state.channels)
                for name, channel in channels.items():
                    slices = {**state.slices, "brand": brand}
                    yield StateRow(
                        sent_on=day,
                        own_on=day,
                        person=life.person.number,
                        slices={**slices, "mailing_channel": name} if name else slices,
                        life=life,
                        state=state,
                        channel=channel,
                        opened_on=bucket.day_before(),
                        closing_on=closing_on,
                        engagement=self._engagement,
                    )

    def _of_brand(self, brand: str, *, by_channel: bool) -> dict[date, list[LifeRow]]:
        days: dict[date, list[LifeRow]] = defaultdict(list)
        for life in self._states.lives[brand].values():
            happened = (
                self._turns(life, CHANNEL_ORDER)
                if by_channel
                else [*self._happened(life), *self._turns(life, (None,))]
            )
            for kind, day, slices in happened:
                if EVER < day <= self._horizon:
                    days[day].append(self._row(kind, day, life, {**slices, "brand": brand}))
        return days

    def _merged(self, bucket: Bucket) -> Iterator[LifeRow]:
        """Accounts that became part of somebody: of no brand."""
        for person, day in self._merges:
            if bucket.first <= day <= bucket.last:
                life = self._states.lives[ALL_BRANDS][person]
                yield self._row("merged", day, life, {"brand": UNKNOWN})

    def _happened(self, life: Life) -> Iterator[tuple[str, date, dict[str, str]]]:
        """Registration, the first contact, the begin and end of every stretch of activity."""
        yield "registered", life.registered_on, {}
        contact_from = self._first_contact(life)
        if contact_from is not None:
            yield "contact", contact_from, {}
        for number, (since, over) in enumerate(life.intervals):
            yield "reactivated" if number else "activated", since, {}
            yield "churned", over, {}

    def _first_contact(self, life: Life) -> date | None:
        for day in life.changes:
            state = life.at(day)
            if state is not None and state.is_contact:
                return day
        return None

    def _turns(
        self, life: Life, channels: Sequence[Channel | None]
    ) -> Iterator[tuple[str, date, dict[str, str]]]:
        """Days on which somebody becomes reachable, or stops being so, by the ends of days."""
        for channel in channels:
            was_reachable = False
            for day in life.changes:
                state = life.at(day)
                name = "" if channel is None else CHANNELS[channel]
                how = state if state is None or not name else state.channels[name]
                is_reachable = how is not None and how.is_reachable
                if is_reachable != was_reachable:
                    kind = "subscribed" if is_reachable else "unsubscribed"
                    slices = {"mailing_channel": name} if name else {}
                    if not is_reachable:
                        slices["loss_reason"] = self._reason(life, day, name)
                    yield kind, day, slices
                was_reachable = is_reachable

    def _reason(self, life: Life, day: date, name: str) -> str:
        """Why a customer was lost: what became of the channels that were reachable the day before.

        Of several channels, and of several brands, the first one in their order speaks.
        """
        brands = [life.brand]
        if life.brand == ALL_BRANDS:
            brands = sorted(set(self._states.lives) - {ALL_BRANDS})
        lost: list[tuple[str, str, ChannelState]] = []
        for brand in brands:
            own = self._states.lives[brand].get(life.person.number)
            before = None if own is None else own.at(day - timedelta(days=1))
            after = None if own is None else own.at(day)
            if before is None or after is None:
                continue
            lost += [
                (brand, _code(channel), after.channels[channel])
                for channel, state in before.channels.items()
                if state.is_reachable
                and not after.channels[channel].is_reachable
                and name in ("", channel)
            ]
        _, _, state = min(lost, key=lambda part: part[:2])
        if not state.is_subscribed:
            return REQUEST
        return INVALID if state.is_contact else NO_CONTACT

    def _row(self, kind: str, day: date, life: Life, slices: dict[str, str]) -> LifeRow:
        return LifeRow(
            sent_on=day,
            own_on=day,
            person=life.person.number,
            slices={"weekday": WEEKDAYS[day.weekday()], **slices},
            kind=kind,
            life=life,
            horizon=self._horizon,
        )


def early_amount(life: Life) -> Decimal:
    """What came in in the first days after the first order."""
    till = life.days[0] + timedelta(days=FIRST_DAYS)
    return sum((order.amount for order in life.orders if order.day < till), Decimal(0))


def _code(channel: str) -> str:
    return {name: kind.name.replace("_", "").lower() for kind, name in CHANNELS.items()}[channel]
