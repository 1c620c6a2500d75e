"""Flows: the messages that a customer's own doings set off."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sandbox.mindbox.world.clock import DAY, HOUR, MINUTE, SECOND
from sandbox.mindbox.world.customers import NO_BIRTH_DATE
from sandbox.mindbox.world.mailings import Channel, Occasion
from sandbox.mindbox.world.messages import Candidates, has_contact

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Array, Ints
    from sandbox.mindbox.world.orders import Orders, Sales
    from sandbox.mindbox.world.scene import Scene

_CARTS_PER_ORDER = 0.85
_REVIEW_PAUSE = 30 * DAY
_SILENCES = ((95 * DAY, Channel.EMAIL), (190 * DAY, Channel.SMS))
"""Customers who have bought are written to after so long a silence, once for each length."""


class Letters(NamedTuple):
    """Messages of one flow mailing, in the making."""

    occasion: Occasion
    channel: Channel
    customer: Array
    brand: Array
    at: Ints


def welcomes(scene: Scene) -> Candidates:
    """Two letters after registration; the imported base of the first days gets none."""
    customers = scene.customers
    customer = np.flatnonzero(customers.registered_at > scene.settings.since_ms + 2 * DAY)
    brand = customers.main_brand[customer]
    at = customers.registered_at[customer]
    later = at + 3 * DAY + 7 * HOUR
    return _reaching(
        scene,
        Letters(Occasion.WELCOME, Channel.EMAIL, customer, brand, at + 4 * MINUTE),
        Letters(Occasion.SECOND_LETTER, Channel.EMAIL, customer, brand, later),
    )


def abandoned_carts(scene: Scene) -> Candidates:
    """An hour after a cart was left: by e-mail where there is one, else by mobile push."""
    customers, demand, rng = scene.customers, scene.demand, scene.rng
    since, till = customers.registered_at, customers.buying_ends(scene.settings.until_ms)
    expected = customers.eagerness * demand.between(since, till)
    times = rng.poisson(np.minimum(expected * _CARTS_PER_ORDER, 200.0))
    customer = np.repeat(np.arange(len(customers)), times)
    left_at = demand.draw(rng.random(len(customer)), since[customer], till[customer])
    at = left_at + HOUR + rng.integers(0, 3 * MINUTE, len(customer))
    return _reaching(
        scene,
        *_email_or(scene, Occasion.ABANDONED_CART, Channel.MOBILE_PUSH, customer, at),
    )


def birthdays(scene: Scene) -> Candidates:
    """Greetings at ten in the morning, project time: e-mail, or SMS where there is no e-mail."""
    customers, calendar = scene.customers, scene.calendar
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
    # Whoever was merged by then is greeted once, under the id that lives on.
    alive = (at >= customers.registered_at[customer]) & (at < customers.ended_at[customer])
    alive &= at >= scene.settings.since_ms
    return _reaching(
        scene, *_email_or(scene, Occasion.BIRTHDAY, Channel.SMS, customer[alive], at[alive])
    )


def after_orders(scene: Scene, sales: Sales) -> Candidates:
    """What orders set off: a review letter, at most every 30 days; calls back after a silence."""
    order = np.lexsort((sales.at, sales.customer))
    customer, at, brand = sales.customer[order], sales.at[order], sales.brand[order]
    changes = customer[1:] != customer[:-1]
    last, first = np.append(changes, True), np.insert(changes, 0, True)
    last, first = last[: len(at)], first[: len(at)]
    following = np.where(last, scene.settings.until_ms + DAY * 366, np.roll(at, -1))
    previous = np.where(first, 0, np.roll(at, 1))
    rested = at - previous > _REVIEW_PAUSE
    reviews = (customer[rested], brand[rested], at[rested] + 9 * DAY)
    letters = [Letters(Occasion.POST_PURCHASE, Channel.EMAIL, *reviews)]
    for silence, channel in _SILENCES:
        silent = following - at > silence
        calls = (customer[silent], brand[silent], at[silent] + silence)
        letters.append(Letters(Occasion.REACTIVATION, channel, *calls))
    return _reaching(scene, *letters)


def order_notices(scene: Scene, orders: Orders) -> Candidates:
    """Transactional messages of known customers' orders: placed (e-mail), delivered (SMS)."""
    known = orders.take(orders.customer >= 0)
    placed = (known.customer, known.brand, known.ordered_at + 20 * SECOND)
    delivered = (known.customer, known.brand, known.delivered_at + 5 * MINUTE)
    return _reaching(
        scene,
        Letters(Occasion.ORDER_PLACED, Channel.EMAIL, *placed),
        Letters(Occasion.ORDER_DELIVERED, Channel.SMS, *delivered),
    )


def _email_or(
    scene: Scene, occasion: Occasion, other: Channel, customer: Array, at: Ints
) -> tuple[Letters, Letters]:
    brand = scene.customers.main_brand[customer]
    email = has_contact(scene.customers, customer, np.full(len(customer), Channel.EMAIL))
    return (
        Letters(occasion, Channel.EMAIL, customer[email], brand[email], at[email]),
        Letters(occasion, other, customer[~email], brand[~email], at[~email]),
    )


def _reaching(scene: Scene, *flows: Letters) -> Candidates:
    """Candidates of flows, sent to the person's id of the moment, to reachable people only."""
    customers = scene.customers
    parts = []
    for flow in flows:
        owner = customers.at(flow.customer.astype(np.int32), flow.at)
        sendable = flow.at < scene.settings.until_ms
        sendable &= has_contact(customers, owner, np.full(len(owner), flow.channel))
        mailing = scene.plan.flow(flow.occasion, flow.channel)[flow.brand[sendable]]
        parts.append(
            Candidates(
                customer=owner[sendable], mailing=mailing.astype(np.int32), at=flow.at[sendable]
            )
        )
    return Candidates.join(parts)
