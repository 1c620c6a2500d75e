"""Flows: the messages that a customer's own doings set off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sandbox.mindbox.world.arrays import Array, Columns
from sandbox.mindbox.world.clock import DAY, HOUR, MINUTE, SECOND
from sandbox.mindbox.world.customers import birthdays as birthdays_of
from sandbox.mindbox.world.mailings import Channel, Occasion
from sandbox.mindbox.world.messages import Candidates, has_contact

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Ints
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
    customer = np.flatnonzero(~customers.imported(scene.settings.since_ms))
    brand = customers.main_brand[customer]
    at = customers.registered_at[customer]
    later = at + 3 * DAY + 7 * HOUR
    return _reaching(
        scene,
        Letters(Occasion.WELCOME, Channel.EMAIL, customer, brand, at + 4 * MINUTE),
        Letters(Occasion.SECOND_LETTER, Channel.EMAIL, customer, brand, later),
    )


@dataclass(frozen=True)
class Carts(Columns):
    """Carts that were filled and left.

    Attributes:
        customer: index of the customer.
        brand: index of the brand on whose site it was.
        left_at: ms UTC of the last thing done to it.
    """

    customer: Array
    brand: Array
    left_at: Ints


def carts_left(scene: Scene) -> Carts:
    """Carts left by customers who would buy anyway; none while the tracker sees nothing."""
    customers, demand, rng = scene.customers, scene.demand, scene.rng
    since, till = customers.registered_at, customers.buying_ends(scene.settings.until_ms)
    expected = customers.eagerness * demand.between(since, till)
    times = rng.poisson(np.minimum(expected * _CARTS_PER_ORDER, 200.0))
    customer = np.repeat(np.arange(len(customers), dtype=np.int32), times)
    left_at = demand.draw(rng.random(len(customer)), since[customer], till[customer])
    seen = ~scene.outage.hides(left_at)
    customer, left_at = customer[seen], left_at[seen]
    return Carts(customer=customer, brand=customers.main_brand[customer], left_at=left_at)


def abandoned_carts(scene: Scene, carts: Carts) -> Candidates:
    """An hour after a cart was left: by e-mail where there is one, else by mobile push."""
    at = carts.left_at + HOUR + scene.rng.integers(0, 3 * MINUTE, len(carts))
    return _reaching(
        scene,
        *_email_or(scene, Occasion.ABANDONED_CART, Channel.MOBILE_PUSH, carts.customer, at),
    )


def birthdays(scene: Scene) -> Candidates:
    """Greetings at ten in the morning, project time: e-mail, or SMS where there is no e-mail."""
    customer, at = birthdays_of(scene.customers, scene.calendar, scene.settings)
    return _reaching(scene, *_email_or(scene, Occasion.BIRTHDAY, Channel.SMS, customer, at))


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
