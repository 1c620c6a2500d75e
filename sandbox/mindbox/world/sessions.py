"""Sessions on the site and in the application: who comes, when, from where and what for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from sandbox.mindbox.world import traffic
from sandbox.mindbox.world.arrays import Array, Columns
from sandbox.mindbox.world.chance import happens
from sandbox.mindbox.world.clock import DAY, HOUR, MINUTE, SECOND
from sandbox.mindbox.world.mailings import Channel
from sandbox.mindbox.world.messages import Status
from sandbox.mindbox.world.traffic import NO_AD, Source
from sandbox.mindbox.world.vocabulary import APP, ONLINE_CHANNELS

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Bools, Ints
    from sandbox.mindbox.world.flows import Carts
    from sandbox.mindbox.world.messages import Messages, Statuses
    from sandbox.mindbox.world.orders import Orders
    from sandbox.mindbox.world.scene import Scene

_ARRIVES = 0.88
"""Share of clicks after which the site records a visit at all."""
_LOSES_UTM, _LOOKS_DIRECT = 0.12, 0.65
"""Share of visits from mailings that lose their marks on the way; and of those, how many look
direct, the rest like visits from another site (the reader's own webmail)."""
_FORWARDED = 0.02
"""Visits by a link that somebody else was sent, hours or days after that one's click."""
_PUSH_OPENS_APP = 0.7
_READER_BUYS_WITHIN = 60 * MINUTE
"""An order so soon after a visit from a mailing is made in that same session."""
_BROWSING, _BROWSING_PER_ORDER = 0.013, 3.0
"""Sessions without a purpose per ordinary day: of everybody, and on top of it for every order."""
_APP_OWNERS_USE_APP = 0.45
_RECOGNISED_LATER = 0.05
"""Share of such sessions on a device on which the customer signs in only later."""
_ANONYMOUS_BEFORE = 0.5
"""Mean number of sessions of a newcomer before registering; they are attached to it then."""
_KEPT_UNKNOWN = 180 * DAY
"""Mindbox keeps visits of unknown people for half a year."""
_LONGEST = 55 * MINUTE
_SHORTEST = 30 * SECOND


class Purpose(IntEnum):
    """What a session comes to."""

    LOOK = 0
    LEAVE_CART = 1
    BUY = 2


@dataclass(frozen=True)
class Sessions(Columns):
    """Sessions of one block of people.

    Attributes:
        customer: index of the customer in the block.
        brand: index of the brand whose site or application it is.
        started_at: ms UTC of the visit or launch.
        ended_at: ms UTC: of the order, of the last thing done to the cart, else about the end.
        is_app: in the application.
        source: Source of the visit.
        mailing: position of the mailing whose UTM marks the visit carries, -1 for none.
        ad: index in traffic.ADS, NO_AD for none.
        recognised_at: ms UTC at which it became known whose session it was, 0 if at once.
        purpose: Purpose.
        order: position of the order that it leads to, -1 for none.
    """

    customer: Array
    brand: Array
    started_at: Ints
    ended_at: Ints
    is_app: Array
    source: Array
    mailing: Array
    ad: Array
    recognised_at: Ints
    purpose: Array
    order: Array


def of_block(
    scene: Scene, messages: Messages, statuses: Statuses, orders: Orders, carts: Carts
) -> Sessions:
    """All sessions of a block's people; some begin before history or end after it."""
    readers = _readers(scene, messages, statuses)
    buyers = np.flatnonzero((orders.customer >= 0) & np.isin(orders.channel, ONLINE_CHANNELS))
    reader, order = _same_session(readers, orders, buyers.astype(np.int32))
    bought = replace(
        readers.take(reader),
        ended_at=orders.ordered_at[order],
        purpose=np.full(len(order), Purpose.BUY, np.uint8),
        order=order,
    )
    return Sessions.join(
        [
            readers.take(np.setdiff1d(np.arange(len(readers)), reader)),
            bought,
            _purchases(scene, orders, np.setdiff1d(buyers, order).astype(np.int32)),
            _left(scene, carts),
            _browsing(scene),
            _before_registration(scene),
        ]
    )


def _readers(scene: Scene, messages: Messages, statuses: Statuses) -> Sessions:
    """Sessions born of clicks, transactional messages included."""
    rng, plan, customers = scene.rng, scene.plan, scene.customers
    clicks = np.flatnonzero(statuses.kind == Status.CLICKED)
    clicks = clicks[happens(rng, _ARRIVES, len(clicks))]
    message = statuses.message[clicks]
    mailing = messages.mailing[message].astype(np.int32)
    count = len(clicks)
    delay = (rng.lognormal(np.log(4), 1.2, count) * SECOND).astype(np.int64)
    at = statuses.at[clicks] + delay
    customer = customers.at(messages.customer[message], at)

    forwarded = happens(rng, _FORWARDED, count)
    later = at + (rng.lognormal(np.log(20), 1.1, count) * HOUR).astype(np.int64)
    friend = rng.integers(0, len(customers), count).astype(np.int32)
    forwarded &= (customers.registered_at[friend] < later) & (customers.ended_at[friend] > later)
    customer = np.where(forwarded, friend, customer)
    at = np.where(forwarded, later, at)

    channel = plan["channel"][mailing]
    is_app = (channel == Channel.MOBILE_PUSH) & happens(rng, _PUSH_OPENS_APP, count) & ~forwarded
    bare = happens(rng, _LOSES_UTM, count) & ~is_app & ~forwarded
    looks = np.where(happens(rng, _LOOKS_DIRECT, count), Source.DIRECT, Source.REFERRAL)
    return _sessions(
        customer,
        plan["brand"][mailing],
        (at, at + _durations(rng, count, 3 * MINUTE)),
        is_app=is_app,
        source=np.where(bare, looks, traffic.of_mailings(channel)).astype(np.uint8),
        mailing=np.where(bare | is_app, -1, mailing).astype(np.int32),
    )


def _same_session(readers: Sessions, orders: Orders, buyers: Array) -> tuple[Array, Array]:
    """Sessions from mailings that an order followed at once, and the order of each."""
    # One number for person, site and moment; a day that never was ends the list.
    stride = np.int64(2**42)
    place = readers.customer.astype(np.int64) * 16 + readers.brand * 2 + readers.is_app
    keys = place * stride + readers.started_at
    by_key = np.argsort(keys, kind="stable")
    keys = keys[by_key]
    bought = orders.take(buyers)
    place = bought.customer.astype(np.int64) * 16 + bought.brand * 2 + (bought.channel == APP)
    wanted = place * stride + bought.ordered_at
    found = np.searchsorted(keys, wanted - _SHORTEST, side="right") - 1
    soon = wanted - np.append(keys, -stride)[found] <= _READER_BUYS_WITHIN
    # One order for a session, the first; others begin sessions of their own.
    session, first = np.unique(by_key[found[soon]], return_index=True)
    return session, buyers[soon][first]


def _purchases(scene: Scene, orders: Orders, chosen: Array) -> Sessions:
    end = orders.ordered_at[chosen]
    source, ad = traffic.draw(scene.rng, len(chosen))
    return _sessions(
        orders.customer[chosen],
        orders.brand[chosen],
        (end - _durations(scene.rng, len(chosen), 11 * MINUTE), end),
        is_app=orders.channel[chosen] == APP,
        source=source,
        ad=ad,
        purpose=np.full(len(chosen), Purpose.BUY, np.uint8),
        order=chosen,
    )


def _left(scene: Scene, carts: Carts) -> Sessions:
    source, ad = traffic.draw(scene.rng, len(carts))
    return _sessions(
        carts.customer,
        carts.brand,
        (carts.left_at - _durations(scene.rng, len(carts), 9 * MINUTE), carts.left_at),
        is_app=_in_app(scene, carts.customer),
        source=source,
        ad=ad,
        purpose=np.full(len(carts), Purpose.LEAVE_CART, np.uint8),
    )


def _browsing(scene: Scene) -> Sessions:
    """Sessions without a purpose: of buyers more often, of everybody now and then."""
    customers, demand, rng = scene.customers, scene.demand, scene.rng
    since, till = customers.registered_at, customers.buying_ends(scene.settings.until_ms)
    rate = _BROWSING + _BROWSING_PER_ORDER * customers.eagerness
    times = rng.poisson(np.minimum(rate * demand.between(since, till), 400.0))
    customer = np.repeat(np.arange(len(customers), dtype=np.int32), times)
    at = demand.draw(rng.random(len(customer)), since[customer], till[customer])
    late = happens(rng, _RECOGNISED_LATER, len(customer))
    days = np.minimum(rng.lognormal(np.log(4 * DAY), 1.4, len(customer)), _KEPT_UNKNOWN)
    return _looking(scene, customer, at, np.where(late, at + days.astype(np.int64), 0))


def _before_registration(scene: Scene) -> Sessions:
    """What newcomers looked at before anybody knew who they were."""
    customers, rng = scene.customers, scene.rng
    newcomers = np.flatnonzero(~customers.imported(scene.settings.since_ms)).astype(np.int32)
    customer = np.repeat(newcomers, rng.poisson(_ANONYMOUS_BEFORE, len(newcomers)))
    days = np.minimum(rng.lognormal(np.log(3 * DAY), 1.6, len(customer)), _KEPT_UNKNOWN)
    registered = customers.registered_at[customer]
    return _looking(scene, customer, registered - HOUR - days.astype(np.int64), registered)


def _looking(scene: Scene, customer: Array, at: Ints, recognised_at: Ints) -> Sessions:
    count = len(customer)
    source, ad = traffic.draw(scene.rng, count)
    other = scene.rng.integers(0, scene.settings.brands, count)
    usual = happens(scene.rng, 0.9, count)
    return _sessions(
        customer,
        np.where(usual, scene.customers.main_brand[customer], other),
        (at, at + _durations(scene.rng, count, 4 * MINUTE)),
        is_app=_in_app(scene, customer) & (recognised_at == 0),
        source=source,
        ad=ad,
        recognised_at=recognised_at,
    )


def _in_app(scene: Scene, customer: Array) -> Bools:
    prefers = happens(scene.rng, _APP_OWNERS_USE_APP, len(customer))
    return np.asarray(scene.customers.has_app[customer] & prefers)


def _durations(rng: np.random.Generator, count: int, usual: int) -> Ints:
    return np.clip(rng.gamma(2.0, usual / 2, count), _SHORTEST, _LONGEST).astype(np.int64)


def _sessions(customer: Array, brand: Array, span: tuple[Ints, Ints], **known: Array) -> Sessions:
    """Sessions with what is told of them; an application's launch has no source."""
    count = len(customer)
    columns: dict[str, Array] = {
        "mailing": np.full(count, -1, np.int32),
        "ad": np.full(count, NO_AD, np.uint8),
        "recognised_at": np.zeros(count, np.int64),
        "purpose": np.full(count, Purpose.LOOK, np.uint8),
        "order": np.full(count, -1, np.int32),
        **known,
    }
    return Sessions(
        customer=customer.astype(np.int32),
        brand=brand.astype(np.uint8),
        started_at=span[0],
        ended_at=span[1],
        **columns,
    )
