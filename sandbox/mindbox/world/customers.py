"""Customers: who registers when, what is known of them, how eager they are, who is merged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sandbox.mindbox.world import vocabulary
from sandbox.mindbox.world.arrays import Array, Columns
from sandbox.mindbox.world.chance import happens
from sandbox.mindbox.world.clock import DAY, HOUR, MINUTE, NEVER

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Bools, Ints
    from sandbox.mindbox.world.clock import Calendar, Demand
    from sandbox.mindbox.world.settings import WorldSettings

NO_REGION = 255
NO_DOMAIN = 255
NO_BIRTH_DATE = -(10**6)

IMPORTED_SHARE = 0.22
"""Share of customers that came with the old base in the first two days of history."""
ORDERS_PER_DAY = 0.0076
"""Mean rate of orders of own accord of an active customer."""
TWO_ACCOUNTS, THREE_ACCOUNTS = 0.035, 0.012
"""Shares of people who were known under two or three ids until the ids were merged."""
MOST_IDS = 3
"""Ids that one person has had at most."""


@dataclass(frozen=True)
class Customers(Columns):
    """Every Mindbox customer id that ever existed, the merged-away ones included.

    The position in these arrays is the customer's index, used by all other tables.

    Attributes:
        mindbox_id: the id that the API gives.
        person: index of the customer that this one is known as in the end (itself, mostly).
        merged_into: index of the customer that it was merged into, -1 if it never was.
        registered_at: ms UTC.
        ended_at: ms UTC of its merging away, NEVER if it never was.
        sex: 0 unknown, 1 male, 2 female.
        birth_date: days since 1970-01-01, NO_BIRTH_DATE if unknown.
        region: index in vocabulary.REGIONS, NO_REGION if unknown.
        names: number from which first, middle and last name are drawn.
        email_domain: index in vocabulary.EMAIL_DOMAINS, NO_DOMAIN without an e-mail.
        phone: Russian mobile number of 11 digits, 0 without one.
        has_app: the mobile application is installed (mobile push reaches it).
        has_web_push: web push was allowed.
        has_viber: the phone is known to Viber.
        main_brand: index of the brand mostly bought.
        brands: bit set of the brands that write to the customer.
        email_invalid_at: ms UTC from which the e-mail is known not to exist, NEVER.
        phone_invalid_at: the same for the phone.
        unsubscribed_at: ms UTC by brand (second axis) of leaving its e-mails, NEVER.
        changed_at: ms UTC of the last change of the customer.
        eagerness: own orders per ordinary day while active.
        curiosity: factor on opening and clicking.
        active_until: ms UTC after which the customer does not buy of own accord.
        wholesale: buys for a firm, in large quantities.
    """

    mindbox_id: Ints
    person: Array
    merged_into: Array
    registered_at: Ints
    ended_at: Ints
    sex: Array
    birth_date: Array
    region: Array
    names: Array
    email_domain: Array
    phone: Ints
    has_app: Array
    has_web_push: Array
    has_viber: Array
    main_brand: Array
    brands: Array
    email_invalid_at: Ints
    phone_invalid_at: Ints
    unsubscribed_at: Ints
    changed_at: Ints
    eagerness: Array
    curiosity: Array
    active_until: Ints
    wholesale: Array

    def buying_ends(self, until_ms: int) -> Ints:
        """When each customer stops buying of own accord: by mood, merging or the world's end."""
        ends = np.minimum(np.minimum(self.active_until, self.ended_at), until_ms)
        return np.asarray(np.maximum(ends, self.registered_at + 1))

    def imported(self, since_ms: int) -> Bools:
        """Who came with the old base in the first two days: no registration of theirs is known."""
        return np.asarray(self.registered_at <= since_ms + 2 * DAY)

    def at(self, customer: Array, moment: Ints) -> Array:
        """The customer under which the same person is known at each moment (merges followed)."""
        current = customer.copy()
        while True:
            moved = (current >= 0) & (self.ended_at[current] <= moment)
            if not moved.any():
                return current
            current[moved] = self.merged_into[current[moved]]


@dataclass(frozen=True)
class Merges(Columns):
    """Mergings, one row per merged-away customer, in order of execution.

    Attributes:
        merged: index of the customer that is no more.
        resulting: index of the customer that it became part of.
        at: ms UTC of execution; rows of one (resulting, at) are one merging.
    """

    merged: Array
    resulting: Array
    at: Ints

    @classmethod
    def of(cls, customers: Customers) -> Merges:
        """Read the mergings off the customers."""
        merged = np.flatnonzero(customers.merged_into >= 0).astype(np.int32)
        at = customers.ended_at[merged]
        order = np.lexsort((merged, customers.merged_into[merged], at))
        merged = merged[order]
        return cls(merged=merged, resulting=customers.merged_into[merged], at=at[order])


def generate(
    settings: WorldSettings, demand: Demand, rng: np.random.Generator, people: int, first: int
) -> Customers:
    """Customers of one block of people; indices are positions in the block, merges stay inside.

    `first` is how many customers earlier blocks hold; it keeps ids and phone numbers apart.
    """
    registered = _registrations(settings, demand, rng, people)
    person, merged_into, registered, ended = _merged(settings, rng, registered)
    count = len(registered)

    main_brand = _weighted(rng, 0.85 ** np.arange(settings.brands), person.max() + 1)[person]
    brands = (1 << main_brand).astype(np.uint8)
    for brand in range(settings.brands):
        brands |= (happens(rng, 0.25, count).astype(np.uint8) << brand).astype(np.uint8)

    has_email = happens(rng, 0.74, count)
    email_domain = _weighted(rng, [w for _, w in vocabulary.EMAIL_DOMAINS], count)
    phone = 79_000_000_000 + rng.permutation(count) * 7 + first * 7 + 13
    has_phone = happens(rng, 0.86, count) | ~has_email
    region = _weighted(rng, [r.weight for r in vocabulary.REGIONS], count)
    # Ages from 18 to some 80, most between 25 and 50; the base of the birth date is 2025.
    age_days = (18 + 62 * rng.beta(1.7, 3.2, count)) * 365.25
    known_birth = happens(rng, 0.58, count)
    sex = _weighted(rng, (0.14, 0.31, 0.55), count)

    eagerness = rng.gamma(0.55, 1 / 0.55, count)
    # Whoever buys more also reads more; the correlation is weak, as in real bases.
    curiosity = 0.35 + 0.65 * rng.gamma(1.6, 1 / 1.6, count) * (0.75 + 0.25 * eagerness)
    active = rng.exponential(430 * DAY, count).astype(np.int64)
    edited = np.where(happens(rng, 0.35, count), rng.random(count), 0.0)
    alive_until = np.minimum(ended, settings.until_ms)
    changed = registered + (edited * (alive_until - 1 - registered)).astype(np.int64)

    return Customers(
        mindbox_id=10_000_000 + (first + np.arange(count)) * 3 + rng.integers(0, 3, count),
        person=_final(merged_into, count),
        merged_into=merged_into.astype(np.int32),
        registered_at=registered,
        ended_at=ended,
        sex=sex.astype(np.uint8),
        birth_date=np.where(known_birth, 20_089 - age_days, NO_BIRTH_DATE).astype(np.int32),
        region=np.where(happens(rng, 0.93, count), region, NO_REGION).astype(np.uint8),
        names=rng.integers(0, 2**31, count, dtype=np.uint32),
        email_domain=np.where(has_email, email_domain, NO_DOMAIN).astype(np.uint8),
        phone=np.where(has_phone, phone, 0),
        has_app=happens(rng, 0.34, count),
        has_web_push=happens(rng, 0.16, count),
        has_viber=happens(rng, 0.37, count) & has_phone,
        main_brand=main_brand.astype(np.uint8),
        brands=brands,
        email_invalid_at=np.full(count, NEVER),
        phone_invalid_at=np.full(count, NEVER),
        unsubscribed_at=np.full((count, settings.brands), NEVER),
        changed_at=changed,
        eagerness=(eagerness * ORDERS_PER_DAY).astype(np.float32),
        curiosity=np.clip(curiosity, 0.1, 4.0).astype(np.float32),
        active_until=registered + active,
        wholesale=happens(rng, 0.004, count),
    )


def birthdays(
    customers: Customers, calendar: Calendar, settings: WorldSettings
) -> tuple[Array, Ints]:
    """Every birthday within history: the customer, and ten in the morning of it, project time.

    Whoever was merged by then has it once, under the id that lives on.
    """
    known = np.flatnonzero(customers.birth_date > NO_BIRTH_DATE)
    born = customers.birth_date[known].astype("datetime64[D]")
    in_year = (born - born.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64)
    years = range(calendar.dates[0].year, calendar.dates[-1].year + 1)
    customer = np.tile(known, len(years))
    days = np.concatenate(
        [np.datetime64(f"{year}-01-01", "D").astype(np.int64) + in_year for year in years]
    )
    position = days - np.datetime64(calendar.first, "D").astype(np.int64)
    inside = (position >= 0) & (position < len(calendar.starts))
    customer, at = customer[inside], calendar.starts[position[inside]] + 10 * HOUR
    at = at + customers.mindbox_id[customer] % (11 * MINUTE)
    alive = (at >= customers.registered_at[customer]) & (at < customers.ended_at[customer])
    alive &= (at >= settings.since_ms) & (at < settings.until_ms)
    return customer[alive], at[alive]


def with_last_change(customers: Customers, until_ms: int) -> Customers:
    """Move `changed_at` to the last of: own edits, unsubscribing, invalid contacts, mergings."""
    changed = customers.changed_at.copy()
    marks = [customers.email_invalid_at, customers.phone_invalid_at]
    marks += list(customers.unsubscribed_at.T)
    for mark in marks:
        changed = np.maximum(changed, np.where(mark < until_ms, mark, 0))
    merged = np.flatnonzero(customers.merged_into >= 0)
    np.maximum.at(changed, customers.merged_into[merged], customers.ended_at[merged])
    return replace(customers, changed_at=np.minimum(changed, until_ms - 1))


def _registrations(
    settings: WorldSettings, demand: Demand, rng: np.random.Generator, people: int
) -> Ints:
    since = np.full(people, settings.since_ms)
    till = np.full(people, settings.until_ms)
    grown = demand.draw(rng.random(people), since, till)
    imported = since + (rng.random(people) * 2 * DAY).astype(np.int64)
    at = np.where(happens(rng, IMPORTED_SHARE, people), imported, grown)
    return np.sort(np.minimum(at, settings.until_ms - HOUR))


def _merged(
    settings: WorldSettings, rng: np.random.Generator, registered: Ints
) -> tuple[Ints, Ints, Ints, Ints]:
    """Give some people a second and third id; return person, merged_into, registered, ended.

    Person numbers and merged_into are positions in the block. Ids of a person stand in order of
    registration. Three ids are merged either one into the next (a chain) or two into one at once,
    and the surviving id is not always the newest one.
    """
    people = len(registered)
    luck = rng.random(people)
    extra_ids = (luck < TWO_ACCOUNTS + THREE_ACCOUNTS).astype(np.int64) + (luck < THREE_ACCOUNTS)
    ids = 1 + extra_ids
    person = np.repeat(np.arange(people), ids)
    start = np.cumsum(ids) - ids
    extra = np.arange(len(person)) - start[person]
    room = settings.until_ms - 2 * HOUR - registered[person]
    later = registered[person] + (rng.random(len(person)) * 0.6 * room).astype(np.int64)
    at = np.where(extra > 0, later, registered[person])

    merged_into = np.full(len(person), -1)
    ended = np.full(len(person), NEVER)
    last = np.maximum.reduceat(at, start)
    # Two moments after the last registration, the second later than the first.
    left = settings.until_ms - HOUR - last
    once = last + (rng.random(people) * 0.5 * left).astype(np.int64)
    twice = once + 1 + (rng.random(people) * 0.5 * left).astype(np.int64)

    backwards = happens(rng, 0.35, people)
    two = np.flatnonzero(extra_ids == 1)
    away = start[two] + backwards[two]
    merged_into[away] = start[two] + ~backwards[two]
    ended[away] = once[two]

    three = np.flatnonzero(extra_ids > 1)
    chained = happens(rng, 0.5, len(three))
    low, middle, high = start[three], start[three] + 1, start[three] + 2
    merged_into[low] = np.where(chained, middle, high)
    merged_into[middle] = high
    ended[low] = once[three]
    ended[middle] = np.where(chained, twice[three], once[three])
    return person, merged_into, at, ended


def _final(merged_into: Ints, count: int) -> Array:
    final = np.arange(count)
    while (merged_into[final] >= 0).any():
        final = np.where(merged_into[final] >= 0, merged_into[final], final)
    return final.astype(np.int32)


def _weighted(rng: np.random.Generator, weights: npt.ArrayLike, count: int) -> Ints:
    share = np.cumsum(np.asarray(weights, dtype=np.float64))
    return np.searchsorted(share / share[-1], rng.random(count), side="right")
