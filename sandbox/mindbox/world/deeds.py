"""What customers do besides looking around: registering, subscribing, leaving, answering."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sandbox.mindbox.world import vocabulary
from sandbox.mindbox.world.actions import NO_CONTACT, Actions, Template
from sandbox.mindbox.world.chance import happens
from sandbox.mindbox.world.clock import DAY, HOUR, MINUTE, NEVER, SECOND
from sandbox.mindbox.world.mailings import CHANNEL_NAMES, Channel
from sandbox.mindbox.world.messages import has_contact
from sandbox.mindbox.world.vocabulary import APP, SITE

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Array, Ints
    from sandbox.mindbox.world.orders import Orders
    from sandbox.mindbox.world.points import Movements
    from sandbox.mindbox.world.scene import Scene

_SUBSCRIBED = {
    "Email": Template.SUBSCRIBED_EMAIL,
    "SMS": Template.SUBSCRIBED_SMS,
    "MobilePush": Template.SUBSCRIBED_MOBILE_PUSH,
    "WebPush": Template.SUBSCRIBED_WEB_PUSH,
    "Viber": Template.SUBSCRIBED_VIBER,
}
_OWN_CONTACT = {"MobilePush": APP, "WebPush": SITE}
"""Where push is allowed, wherever the customer registered."""
_CONFIRMS_EMAIL, _CONFIRMS_PHONE = 0.45, 0.6
_ANSWERS = 0.11
"""Share of delivered orders after which the survey is answered."""
_SCORES = (0.03, 0.01, 0.015, 0.02, 0.02, 0.05, 0.045, 0.08, 0.16, 0.20, 0.37)
_SCORES_AFTER_TROUBLE = (0.14, 0.07, 0.07, 0.08, 0.08, 0.13, 0.09, 0.10, 0.10, 0.07, 0.07)
"""How often each answer from 0 to 10 is given; trouble is a cancellation or a return."""


def done(scene: Scene, orders: Orders, movements: Movements) -> Actions:
    """Registrations, contacts, subscriptions, edits, answers and points of a block's people."""
    return Actions.join(
        [
            *_arrivals(scene, orders),
            *_losses(scene),
            _edits(scene),
            _answers(scene, orders),
            _points(orders, movements),
        ]
    )


def _arrivals(scene: Scene, orders: Orders) -> list[Actions]:
    """Registrations, with what newcomers agree to and confirm within minutes.

    Nothing is known of how the imported base came.
    """
    customers, rng = scene.customers, scene.rng
    new = np.flatnonzero(~customers.imported(scene.settings.since_ms)).astype(np.int32)
    at, brand = customers.registered_at[new], customers.main_brand[new]
    contact = _contact_of_registration(scene, orders)[new]
    rows = [
        Actions.of(
            Template.REGISTRATION,
            customer=new,
            brand=brand,
            at=at,
            created_at=_soon(scene, at),
            contact=contact,
        )
    ]
    for channel in Channel:
        reached = has_contact(customers, new, np.full(len(new), channel))
        name = CHANNEL_NAMES[channel]
        for number in range(scene.settings.brands):
            chosen = reached & ((customers.brands[new] >> number) & 1 == 1)
            moment = at[chosen] + rng.integers(SECOND, 2 * MINUTE, int(chosen.sum()))
            rows.append(
                Actions.of(
                    _SUBSCRIBED[name],
                    customer=new[chosen],
                    brand=np.array(number),
                    at=moment,
                    created_at=_soon(scene, moment),
                    contact=np.asarray(_OWN_CONTACT.get(name, contact[chosen])),
                )
            )
    for channel, template, share, invalid_at in (
        (Channel.EMAIL, Template.EMAIL_VALID, _CONFIRMS_EMAIL, customers.email_invalid_at),
        (Channel.SMS, Template.PHONE_VALID, _CONFIRMS_PHONE, customers.phone_invalid_at),
    ):
        reached = has_contact(customers, new, np.full(len(new), channel))
        moment = at + rng.integers(20 * SECOND, 20 * MINUTE, len(new))
        chosen = reached & happens(rng, share, len(new)) & (moment < invalid_at[new])
        rows.append(_of_profile(scene, template, new[chosen], moment[chosen]))
    return rows


def _contact_of_registration(scene: Scene, orders: Orders) -> Array:
    """Where each customer registered: where the first order was made at once, else by chance."""
    customers, rng = scene.customers, scene.rng
    shares = np.cumsum([c.weight for c in vocabulary.ORDER_CHANNELS])
    contact = np.searchsorted(shares / shares[-1], rng.random(len(customers)), side="right")
    known = np.flatnonzero(orders.customer >= 0)
    wait = orders.ordered_at[known] - customers.registered_at[orders.customer[known]]
    at_once = known[(wait >= 0) & (wait < HOUR)]
    contact[orders.customer[at_once]] = orders.channel[at_once]
    return contact


def _losses(scene: Scene) -> list[Actions]:
    """Leaving a brand's e-mails, and contacts found to be dead; all as the customers tell."""
    customers = scene.customers
    rows = []
    for brand in range(scene.settings.brands):
        left = np.flatnonzero(customers.unsubscribed_at[:, brand] < NEVER).astype(np.int32)
        rows.append(
            _of_profile(
                scene, Template.LEFT_EMAIL, left, customers.unsubscribed_at[left, brand], brand
            )
        )
    for template, column in (
        (Template.EMAIL_INVALID, customers.email_invalid_at),
        (Template.PHONE_INVALID, customers.phone_invalid_at),
    ):
        dead = np.flatnonzero(column < NEVER).astype(np.int32)
        rows.append(_of_profile(scene, template, dead, column[dead]))
    return rows


def _edits(scene: Scene) -> Actions:
    """Customers' own edits of their data: the last one of each."""
    customers = scene.customers
    edited = np.flatnonzero(customers.changed_at > customers.registered_at).astype(np.int32)
    return _of_profile(scene, Template.EDITED, edited, customers.changed_at[edited])


def _of_profile(
    scene: Scene, template: Template, customer: Array, at: Ints, brand: int | None = None
) -> Actions:
    """Actions that no point of contact is told of, under the id of the moment."""
    brands = scene.customers.main_brand[customer] if brand is None else np.array(brand)
    return Actions.of(
        template,
        customer=scene.customers.at(customer, at),
        brand=np.asarray(brands),
        at=at,
        created_at=_soon(scene, at),
        contact=np.array(NO_CONTACT),
    )


def _answers(scene: Scene, orders: Orders) -> Actions:
    """Answers to "would you recommend us", some days after the delivery."""
    rng = scene.rng
    asked = np.flatnonzero((orders.customer >= 0) & (orders.delivered_at < NEVER))
    order = asked[happens(rng, _ANSWERS, len(asked))].astype(np.int32)
    at = orders.delivered_at[order] + HOUR
    at = at + (rng.gamma(1.6, 1.4, len(order)) * DAY).astype(np.int64)
    trouble = (orders.cancelled_at[order] < at) | (orders.returned_at[order] < at)
    luck = rng.random(len(order))
    usual, worse = (
        np.searchsorted(np.cumsum(shares)[:-1], luck, side="right")
        for shares in (_SCORES, _SCORES_AFTER_TROUBLE)
    )
    return Actions.of(
        Template.ANSWER,
        customer=scene.customers.at(orders.customer[order], at),
        brand=orders.brand[order],
        at=at,
        created_at=_soon(scene, at),
        contact=np.array(SITE),
        order=order,
        score=np.where(trouble, worse, usual).astype(np.uint8),
    )


def _points(orders: Orders, movements: Movements) -> Actions:
    """One action for every movement of points; those of an order at its point of contact."""
    of_order = movements.order >= 0
    channel = orders.channel[np.where(of_order, movements.order, 0)] if len(orders) else NO_CONTACT
    return Actions.of(
        Template.POINTS,
        customer=movements.customer,
        brand=movements.brand,
        at=movements.at,
        contact=np.where(of_order, channel, NO_CONTACT),
        order=movements.order.astype(np.int32),
        movement=np.arange(len(movements), dtype=np.int32),
    )


def _soon(scene: Scene, at: Ints) -> Ints:
    return at + scene.rng.integers(20, 2 * SECOND, len(at))
