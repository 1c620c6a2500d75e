"""What is done within sessions: the visit, what is looked at, the cart, the checkout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sandbox.mindbox.world.actions import FIRST_SOURCE, Actions, Items, Template
from sandbox.mindbox.world.arrays import Array, Columns
from sandbox.mindbox.world.chance import happens
from sandbox.mindbox.world.clock import SECOND
from sandbox.mindbox.world.sessions import Purpose
from sandbox.mindbox.world.traffic import NO_AD
from sandbox.mindbox.world.vocabulary import APP, SITE

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Bools, Floats
    from sandbox.mindbox.world.orders import Lines, Orders
    from sandbox.mindbox.world.scene import Scene
    from sandbox.mindbox.world.sessions import Sessions

_LOOKS_AT = 0.55
"""Products looked at besides those of the cart: mean of a session with a purpose."""
_BROWSES = 0.8
"""Products looked at without a purpose: mean of a session."""
_SEES_PAGE = 0.72
"""Share of cart products whose own page was opened; others are taken from a list."""
_VIEW_WITHOUT_PRODUCT = 0.03
_BY_CATEGORY = 0.62
"""Share of sessions with products that begin with a category."""
_SETS_LIST = 0.16
"""Share of carts that the site sends as a whole list instead of product by product."""
_REGRETS = 0.10
"""Share of the other products that are put into the cart and taken out again."""
_CHECKS_OUT = {Purpose.BUY: 0.9, Purpose.LEAVE_CART: 0.3}
_CLEARED_AFTER_ORDER = 0.35


@dataclass(frozen=True)
class _Goods(Columns):
    """Products that a session deals with, session by session.

    Attributes:
        session: position of the session.
        product: position in the catalogue.
        quantity_milli: thousandths put into the cart, 0 if it is only looked at.
        price: of one unit in kopecks.
        seen: its page is opened.
        regretted: put into the cart and taken out again.
    """

    session: Array
    product: Array
    quantity_milli: Array
    price: Array
    seen: Array
    regretted: Array


@dataclass(frozen=True)
class _Moves:
    """Actions in the making: of which session, at which part of its length, on which goods."""

    template: Template
    session: Array
    part: Floats
    goods: Array


def taken(scene: Scene, sessions: Sessions, orders: Orders, lines: Lines) -> tuple[Actions, Items]:
    """All that the tracker records of the sessions of a block."""
    rng, count = scene.rng, len(sessions)
    goods = _goods(scene, sessions, orders, lines)
    # Products stand one after another between the first and the last part of a session.
    starts = np.searchsorted(goods.session, np.arange(count))
    many = np.bincount(goods.session, minlength=count)
    width = 0.72 / np.maximum(many, 1)[goods.session]
    place = np.arange(len(goods)) - starts[goods.session]
    seen_part = 0.14 + (place + 0.4 * rng.random(len(goods))) * width
    cart_part = 0.14 + (place + 0.5 + 0.4 * rng.random(len(goods))) * width

    bought = goods.quantity_milli > 0
    listed = happens(rng, _SETS_LIST, count)
    single = bought & ~listed[goods.session]
    leaves = sessions.purpose == Purpose.LEAVE_CART
    has_cart = np.bincount(goods.session, bought, minlength=count) > 0
    share = np.select([sessions.purpose == p for p in _CHECKS_OUT], list(_CHECKS_OUT.values()), 0.0)
    checks_out = has_cart & happens(rng, share, count)
    # A cart is left by the last thing done to it: the checkout, else the last product.
    last_bought = np.full(count, -1)
    np.maximum.at(last_bought, goods.session[single], np.flatnonzero(single))
    final = last_bought[leaves & ~checks_out & (last_bought >= 0)]
    cart_part[final] = 1.0
    seen_part[final] = np.minimum(seen_part[final], 0.95)

    rows = np.arange(count)
    viewed = np.flatnonzero(goods.seen)
    blank = happens(rng, _VIEW_WITHOUT_PRODUCT, len(viewed))
    by_category = (many > 0) & happens(rng, _BY_CATEGORY, count)
    sets = rows[listed & has_cart]
    set_part = np.where(leaves[sets] & ~checks_out[sets], 1.0, 0.87)
    regretted = np.flatnonzero(goods.regretted & ~listed[goods.session])
    checkouts = rows[checks_out]
    checkout_part = np.where(leaves[checkouts], 1.0, 0.9 + 0.07 * rng.random(len(checkouts)))
    cleared = rows[
        has_cart & (sessions.purpose == Purpose.BUY) & happens(rng, _CLEARED_AFTER_ORDER, count)
    ]
    categories = rows[by_category]
    moves = [
        _bare(Template.SITE_VISIT, rows[~sessions.is_app]),
        _bare(Template.APP_LAUNCH, rows[sessions.is_app]),
        _bare(Template.CATEGORY_VIEW, categories, 0.03 + 0.1 * rng.random(len(categories))),
        _Moves(
            Template.PRODUCT_VIEW,
            goods.session[viewed],
            seen_part[viewed],
            np.where(blank, -1, viewed),
        ),
        _Moves(Template.CART_ADD, goods.session[single], cart_part[single], np.flatnonzero(single)),
        _Moves(Template.CART_ADD, goods.session[regretted], cart_part[regretted], regretted),
        _Moves(
            Template.CART_REMOVE,
            goods.session[regretted],
            0.87 + 0.02 * rng.random(len(regretted)),
            regretted,
        ),
        _bare(Template.CART_SET, sets, set_part),
        _bare(Template.CHECKOUT_START, checkouts, checkout_part),
        _bare(Template.CART_CLEAR, cleared, np.ones(len(cleared))),
    ]
    first = np.minimum(starts, max(len(goods) - 1, 0))
    category = scene.catalogue.category[goods.product[first[categories]]]
    actions = _actions(scene, sessions, moves, category)
    return actions, _items(goods, moves, bought & listed[goods.session])


def _bare(template: Template, session: Array, part: Floats | None = None) -> _Moves:
    """Actions that are not about one product; at the beginning of the session unless told."""
    return _Moves(
        template=template,
        session=session,
        part=np.zeros(len(session)) if part is None else part,
        goods=np.full(len(session), -1),
    )


def _goods(scene: Scene, sessions: Sessions, orders: Orders, lines: Lines) -> _Goods:
    """Goods of all sessions: those ordered, those left in carts, those only looked at."""
    rng, count = scene.rng, len(sessions)
    buying = np.flatnonzero(sessions.purpose == Purpose.BUY)
    session_of_order = np.full(len(orders), -1)
    session_of_order[sessions.order[buying]] = buying
    ordered = np.flatnonzero(session_of_order[lines.order] >= 0)

    leaving = np.flatnonzero(sessions.purpose == Purpose.LEAVE_CART)
    left = np.repeat(leaving, rng.geometric(0.62, len(leaving)))
    usual = np.where(sessions.purpose == Purpose.LOOK, _BROWSES, _LOOKS_AT)
    looked_at = np.repeat(np.arange(count), rng.poisson(usual))
    drawn = np.concatenate([left, looked_at])
    product = scene.catalogue.draw(rng, sessions.brand[drawn], sessions.started_at[drawn])
    pieces = np.minimum(rng.geometric(0.78, len(left)), 12) * 1000

    session = np.concatenate([session_of_order[lines.order[ordered]], drawn])
    quantity = np.concatenate(
        [lines.quantity_milli[ordered], pieces, np.zeros(len(looked_at), np.int32)]
    )
    product = np.concatenate([lines.product[ordered], product])
    wanted = quantity > 0
    with_cart = (sessions.purpose != Purpose.LOOK)[session]
    goods = _Goods(
        session=session,
        product=product.astype(np.int32),
        quantity_milli=quantity.astype(np.int32),
        price=scene.catalogue.price_at(product, sessions.started_at[session]).astype(np.int32),
        seen=~wanted | happens(rng, _SEES_PAGE, len(session)),
        regretted=~wanted & with_cart & happens(rng, _REGRETS, len(session)),
    )
    return goods.take(np.lexsort((rng.random(len(session)), session)))


def _actions(scene: Scene, sessions: Sessions, moves: list[_Moves], categories: Array) -> Actions:
    rng = scene.rng
    session = np.concatenate([move.session for move in moves])
    part = np.concatenate([move.part for move in moves])
    template = np.repeat(
        np.array([move.template for move in moves], np.uint8), [len(m.session) for m in moves]
    )
    of = sessions.take(session)
    at = of.started_at + (part * (of.ended_at - of.started_at)).astype(np.int64)
    cleared = template == Template.CART_CLEAR
    at[cleared] += rng.integers(SECOND, 4 * SECOND, int(cleared.sum()))
    # The tracker sends a session's actions in their order, each within moments; those of an
    # unknown visitor wait until it is known who that was.
    lag = rng.integers(30, 900, len(sessions))[session]
    registered = scene.customers.registered_at[of.customer]
    known_at = np.maximum(of.recognised_at, registered)
    waits = at < known_at
    spread = (part * 900).astype(np.int64)
    visit = template == Template.SITE_VISIT
    category = np.full(len(session), -1, np.int16)
    category[template == Template.CATEGORY_VIEW] = categories
    return Actions.of(
        template,
        customer=of.customer,
        brand=of.brand,
        at=at,
        created_at=np.where(waits, known_at + spread, at) + lag,
        contact=np.where(visit, FIRST_SOURCE + of.source, np.where(of.is_app, APP, SITE)),
        mailing=np.where(visit, of.mailing, -1).astype(np.int32),
        ad=np.where(visit, of.ad, NO_AD).astype(np.uint8),
        category=category,
    )


def _items(goods: _Goods, moves: list[_Moves], listed: Bools) -> Items:
    """What actions name: one product each, or the whole list of a cart."""
    product_of_action = np.concatenate([move.goods for move in moves])
    single = np.flatnonzero(product_of_action >= 0)
    starts = np.cumsum([0] + [len(move.session) for move in moves])
    in_cart = np.concatenate([product_of_action[single], np.flatnonzero(listed)])
    number = next(n for n, move in enumerate(moves) if move.template is Template.CART_SET)
    # Sessions of the lists ascend, so each finds its own action by its place among them.
    place = np.searchsorted(moves[number].session, goods.session[listed])
    action = np.concatenate([single, starts[number] + place])
    template_of = np.repeat([m.template for m in moves], [len(m.session) for m in moves])[action]
    quantity = np.where(
        template_of == Template.PRODUCT_VIEW,
        0,
        np.where(goods.regretted, 1000, goods.quantity_milli)[in_cart],
    )
    return Items(
        action=action.astype(np.int32),
        product=goods.product[in_cart],
        quantity_milli=quantity.astype(np.int32),
        price=goods.price[in_cart],
    )
