"""Flows: the messages that a customer's own doings set off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sandbox.mindbox.world.clock import DAY, HOUR, MINUTE, SECOND
from sandbox.mindbox.world.customers import NO_BIRTH_DATE
from sandbox.mindbox.world.mailings import Channel, Occasion
from sandbox.mindbox.world.messages import Candidates, has_contact

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Array, Bools, Ints
    from sandbox.mindbox.world.clock import Calendar, Demand
    from sandbox.mindbox.world.customers import Customers
    from sandbox.mindbox.world.mailings import Plan
    from sandbox.mindbox.world.orders import Sales
    from sandbox.mindbox.world.settings import WorldSettings

_CARTS_PER_ORDER = 0.85
_REVIEW_PAUSE = 30 * DAY
_SILENCE = (95 * DAY, 190 * DAY)
"""Customers who have bought are written to after so long a silence, once for each length."""


def welcomes(settings: WorldSettings, plan: Plan, customers: Customers) -> Candidates:
    """Two letters after registration; the imported base of the first days gets none."""
    customer = np.flatnonzero(customers.registered_at > settings.since_ms + 2 * DAY)
    brand = customers.main_brand[customer]
    at = customers.registered_at[customer]
    return _reaching(
        customers,
        [
            (plan, Occasion.WELCOME, Channel.EMAIL, customer, brand, at + 4 * MINUTE),
            (plan, Occasion.SECOND_LETTER, Channel.EMAIL, customer, brand, at + 3 * DAY + 7 * HOUR),
        ],
        settings,
    )


def abandoned_carts(
    settings: WorldSettings,
    plan: Plan,
    demand: Demand,
    customers: Customers,
    rng: np.random.Generator,
) -> Candidates:
    """An hour after a cart was left: by e-mail where there is one, else by mobile push."""
    ends = np.minimum(np.minimum(customers.active_until, customers.ended_at), settings.until_ms)
    ends = np.maximum(ends, customers.registered_at + 1)
    expected = customers.eagerness * demand.between(customers.registered_at, ends)
    times = rng.poisson(np.minimum(expected * _CARTS_PER_ORDER, 200.0))
    customer = np.repeat(np.arange(len(customers)), times)
    left_at = demand.draw(
        rng.random(len(customer)), customers.registered_at[customer], ends[customer]
    )
    brand = customers.main_brand[customer]
    at = left_at + HOUR + rng.integers(0, 3 * MINUTE, len(customer))
    email = has_contact(customers, customer, np.full(len(customer), Channel.EMAIL))
    push = ~email & has_contact(customers, customer, np.full(len(customer), Channel.MOBILE_PUSH))
    carts = Occasion.ABANDONED_CART
    return _reaching(
        customers,
        [
            (plan, carts, Channel.EMAIL, customer[email], brand[email], at[email]),
            (plan, carts, Channel.MOBILE_PUSH, customer[push], brand[push], at[push]),
        ],
        settings,
    )


def birthdays(
    settings: WorldSettings, calendar: Calendar, plan: Plan, customers: Customers
) -> Candidates:
    """Greetings at ten in the morning, project time: e-mail, or SMS where there is no e-mail."""
    known = np.flatnonzero(customers.birth_date > NO_BIRTH_DATE)
    born = customers.birth_date[known].astype("datetime64[D]")
    in_year = (born - born.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64)
    first_year, last_year = calendar.dates[0].year, calendar.dates[-1].year
    customer = np.tile(known, last_year - first_year + 1)
    days = np.concatenate(
        [
            np.datetime64(f"{year}-01-01", "D").astype(np.int64) + in_year
            for year in range(first_year, last_year + 1)
        ]
    )
    position = days - np.datetime64(calendar.first, "D").astype(np.int64)
    inside = (position >= 0) & (position < len(calendar.starts))
    customer, at = customer[inside], calendar.starts[position[inside]] + 10 * HOUR
    jitter = customers.mindbox_id[customer] % (11 * MINUTE)
    brand = customers.main_brand[customer]
    email = has_contact(customers, customer, np.full(len(customer), Channel.EMAIL))
    at = at + jitter
    greeting = Occasion.BIRTHDAY
    return _reaching(
        customers,
        [
            (plan, greeting, Channel.EMAIL, customer[email], brand[email], at[email]),
            (plan, greeting, Channel.SMS, customer[~email], brand[~email], at[~email]),
        ],
        settings,
    )


def after_orders(
    settings: WorldSettings, plan: Plan, customers: Customers, sales: Sales
) -> Candidates:
    """What orders set off: a review letter, at most every 30 days; calls back after a silence."""
    order = np.lexsort((sales.at, sales.customer))
    customer, at, brand = sales.customer[order], sales.at[order], sales.brand[order]
    following = np.append(at[1:], 0)
    last = np.append(customer[1:] != customer[:-1], True) if len(customer) else np.zeros(0, bool)
    following = np.where(last, settings.until_ms + _SILENCE[1], following)
    previous = np.where(np.roll(last, 1), 0, np.roll(at, 1)) if len(at) else at
    rested = at - previous > _REVIEW_PAUSE
    review, back = Occasion.POST_PURCHASE, Occasion.REACTIVATION
    plans = [
        (plan, review, Channel.EMAIL, customer[rested], brand[rested], at[rested] + 9 * DAY),
    ]
    for silence, channel in zip(_SILENCE, (Channel.EMAIL, Channel.SMS), strict=True):
        silent = following - at > silence
        plans.append((plan, back, channel, customer[silent], brand[silent], at[silent] + silence))
    return _reaching(customers, plans, settings)


def order_notices(
    settings: WorldSettings,
    plan: Plan,
    customers: Customers,
    customer: Array,
    brand: Array,
    ordered_at: Ints,
    delivered_at: Ints,
) -> Candidates:
    """Transactional messages of orders: placed (e-mail) and delivered (SMS)."""
    placed, delivered = Occasion.ORDER_PLACED, Occasion.ORDER_DELIVERED
    return _reaching(
        customers,
        [
            (plan, placed, Channel.EMAIL, customer, brand, ordered_at + 20 * SECOND),
            (plan, delivered, Channel.SMS, customer, brand, delivered_at + 5 * MINUTE),
        ],
        settings,
    )


_Flow = tuple["Plan", Occasion, Channel, "Array", "Array", "Ints"]


def _reaching(customers: Customers, flows: list[_Flow], settings: WorldSettings) -> Candidates:
    """Candidates of flows, sent to the person's id of the moment, to reachable people only."""
    parts = []
    for plan, occasion, channel, customer, brand, at in flows:
        owner = customers.at(customer.astype(np.int32), at)
        sendable: Bools = at < settings.until_ms
        sendable &= has_contact(customers, owner, np.full(len(owner), channel))
        parts.append(
            Candidates(
                customer=owner[sendable],
                mailing=plan.flow(occasion, channel)[brand[sendable]].astype(np.int32),
                at=at[sendable],
            )
        )
    return Candidates.join(parts)
