"""Orders: when they are made, what is in them, and how their lines fare afterwards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from sandbox.mindbox.world import promotions, vocabulary
from sandbox.mindbox.world.arrays import Array, Columns
from sandbox.mindbox.world.chance import happens
from sandbox.mindbox.world.clock import DAY, HOUR, MINUTE, NEVER
from sandbox.mindbox.world.customers import NO_REGION

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Bools, Ints
    from sandbox.mindbox.world.reactions import Wave
    from sandbox.mindbox.world.scene import Scene

ANONYMOUS = -1
_FREE_DELIVERY_FROM = 3_000_00
_USES_LETTER_CODE, _USES_MASS_CODE = 0.6, 0.14
_GIVES_COUPON, _USES_COUPON, _COUPON_LIFE = 0.12, 0.45, 60 * DAY
_COUPON_NUMBERS = (10**12, 10**13)
_TAKES_GIFT, _LOWERED_BY_HAND = 0.5, 0.1


class LineStatus(IntEnum):
    """Status of a line; `LINE_STATUS_IDS` are the project's external ids of them."""

    CHECKED_OUT = 0
    PAID = 1
    DELIVERED = 2
    CANCELLED = 3
    RETURNED = 4


LINE_STATUS_IDS = ("CheckedOut", "Paid", "Delivered", "Cancelled", "Returned")


@dataclass(frozen=True)
class Sales(Columns):
    """Orders before they are filled: by whom, when, with which brand, moved by which message.

    Attributes:
        customer: index of the customer, ANONYMOUS without one.
        at: ms UTC of the first action.
        brand: index of the brand.
        caused_by: position of the message without which there were no order, -1 for own accord.
        mailing: position of that message's mailing in the plan, -1 for own accord.
    """

    customer: Array
    at: Ints
    brand: Array
    caused_by: Array
    mailing: Array


@dataclass(frozen=True)
class Orders(Columns):
    """Orders in order of time; what happens at or after the world's `until` reads NEVER.

    Money is in kopecks.

    Attributes:
        order_id: the API's numeric id; an anonymous order shows a GUID made from it instead.
        customer: index of the customer of that time, ANONYMOUS (-1) without one.
        brand: index in vocabulary.BRANDS.
        channel: index in vocabulary.ORDER_CHANNELS.
        region: index in vocabulary.REGIONS, NO_REGION if unknown.
        ordered_at: ms UTC of the first action.
        paid_at, delivered_at, cancelled_at, returned_at: ms UTC of status changes; the last two
            concern the lines flagged so.
        delivery_cost: charged for delivery.
        delivery_promotion: position of the promotion that took the delivery cost off, -1.
        delivery_discount: how much it took off; `delivery_cost` is what is left.
        code_promotion: position of the promotion whose promo code was used, -1.
        coupon: number of the promo code where it was made for one customer, 0 otherwise.
        issued_by: position of the promotion that gave a coupon for a later order, -1.
        issued_coupon: its number, 0 without one.
        points_paid: paid in points, so missing from `totalPrice`.
        first_line: position of its first line; lines run up to the next order's.
        caused_by: position of the message that caused it, -1 for own accord. No report shows it.
        credited: position of the message that attribution credits, -1 for none.
    """

    order_id: Ints
    customer: Array
    brand: Array
    channel: Array
    region: Array
    ordered_at: Ints
    paid_at: Ints
    delivered_at: Ints
    cancelled_at: Ints
    returned_at: Ints
    delivery_cost: Ints
    delivery_promotion: Array
    delivery_discount: Ints
    code_promotion: Array
    coupon: Ints
    issued_by: Array
    issued_coupon: Ints
    points_paid: Ints
    first_line: Ints
    line_count: Array
    caused_by: Array
    credited: Array


@dataclass(frozen=True)
class Lines(Columns):
    """Lines, order by order. Money is in kopecks.

    Attributes:
        order: position of the order.
        number: from 1 within the order.
        product: position in the catalogue.
        quantity_milli: thousandths of a piece or kilogram.
        base_price: of one unit, before discounts.
        amount: final price of the line.
        promotion: position of the promotion that lessened it, -1; a discount without a promotion
            is a price that the seller lowered by hand.
        is_cancelled: cancelled at the order's `cancelled_at`.
        is_returned: returned at the order's `returned_at`.
    """

    order: Array
    number: Array
    product: Array
    quantity_milli: Array
    base_price: Ints
    amount: Ints
    promotion: Array
    is_cancelled: Array
    is_returned: Array


def own_accord(scene: Scene) -> Sales:
    """Orders that customers of a block make without being written to.

    A customer buys at a rate of their own while active; many register by their first order, which
    those of the imported base did long ago.
    """
    customers, demand, rng = scene.customers, scene.demand, scene.rng
    since, till = customers.registered_at, customers.buying_ends(scene.settings.until_ms)
    expected = customers.eagerness * demand.between(since, till)
    times = rng.poisson(np.minimum(expected, 400.0))
    customer = np.repeat(np.arange(len(customers), dtype=np.int32), times)
    at = demand.draw(rng.random(len(customer)), since[customer], till[customer])
    begins = happens(rng, 0.52, len(customers)) & ~customers.imported(scene.settings.since_ms)
    starters = np.flatnonzero(begins).astype(np.int32)
    first = rng.exponential(20 * MINUTE, len(starters))
    late = happens(rng, 0.3, len(starters))
    first = np.where(late, rng.exponential(9 * DAY, len(starters)), first)
    customer = np.concatenate([customer, starters])
    at = np.concatenate([at, since[starters] + first.astype(np.int64)])
    possible = at < till[customer]
    customer, at = customer[possible], at[possible]
    return Sales(
        customer=customer,
        at=at,
        brand=_brand_of(scene, customer),
        caused_by=np.full(len(customer), -1, np.int32),
        mailing=np.full(len(customer), -1, np.int32),
    )


def moved(scene: Scene, wave: Wave, offset: int) -> Sales:
    """Orders moved by messages: mostly of the brand that wrote, by the person's id of that time.

    `offset` is the position of the wave's first message among all messages of the block.
    """
    inside = wave.caused_at < scene.settings.until_ms
    message, at = wave.caused_by[inside], wave.caused_at[inside]
    customer = wave.messages.customer[message]
    mailing = wave.messages.mailing[message]
    brand = scene.plan["brand"][mailing]
    elsewhere = happens(scene.rng, 0.05, len(customer))
    return Sales(
        customer=scene.customers.at(customer, at),
        at=at,
        brand=np.where(elsewhere, _brand_of(scene, customer), brand),
        caused_by=message + np.int32(offset),
        mailing=mailing,
    )


def fill(scene: Scene, sales: Sales) -> tuple[Orders, Lines]:
    """Give every order channel, lines, money and a fate; drop the customer of anonymous ones.

    Nothing is paid in points yet: see `points.settle`.
    """
    rng, until = scene.rng, scene.settings.until_ms
    count = len(sales)
    shares = np.cumsum([c.weight for c in vocabulary.ORDER_CHANNELS])
    channel = np.searchsorted(shares / shares[-1], rng.random(count), side="right")
    nameless = np.array([c.anonymous for c in vocabulary.ORDER_CHANNELS])[channel]
    # A caused order follows a click or a letter, so its customer is known by definition.
    anonymous = happens(rng, nameless, count) & (sales.caused_by < 0)

    lost = happens(rng, 0.002, count)
    line_count = np.where(lost, 0, np.minimum(rng.geometric(0.52, count), 25)).astype(np.int32)
    order = np.repeat(np.arange(count, dtype=np.int32), line_count)
    in_shop = np.array([c.external_id.startswith("shop-") for c in vocabulary.ORDER_CHANNELS])
    fate, cancelled, returned = _fates(rng, sales.at, order, in_shop=in_shop[channel])
    codes = _codes(scene, sales, anonymous)
    lines = replace(
        _lines(scene, sales, codes, order, line_count),
        is_cancelled=cancelled,
        is_returned=returned,
    )
    sums = np.bincount(order, lines.amount, minlength=count).astype(np.int64)
    fee = rng.choice([199_00, 299_00, 349_00, 490_00], count)
    fee[in_shop[channel] | (sums >= _FREE_DELIVERY_FROM)] = 0
    freed = scene.promotions.running(promotions.Kind.FREE_DELIVERY, sales.brand, sales.at)
    freed = np.where(fee > 0, freed, promotions.NONE)
    happened = {name: np.where(at < until, at, NEVER) for name, at in fate.items()}
    orders = Orders(
        order_id=np.zeros(count, np.int64),
        customer=np.where(anonymous, ANONYMOUS, sales.customer).astype(np.int32),
        brand=sales.brand.astype(np.uint8),
        channel=channel.astype(np.uint8),
        region=_region(scene, sales.customer),
        ordered_at=sales.at,
        delivery_cost=np.where(freed >= 0, 0, fee),
        delivery_promotion=freed.astype(np.int16),
        delivery_discount=np.where(freed >= 0, fee, 0),
        **vars(codes),
        points_paid=np.zeros(count, np.int64),
        first_line=np.cumsum(line_count, dtype=np.int64) - line_count,
        line_count=line_count,
        caused_by=sales.caused_by,
        credited=np.full(count, -1, np.int32),
        **happened,
    )
    return orders, lines


def only(orders: Orders, lines: Lines, kept: Bools) -> tuple[Orders, Lines]:
    """The orders kept, with their lines."""
    place = (np.cumsum(kept) - 1).astype(np.int32)
    orders, lines = orders.take(kept), lines.take(kept[lines.order])
    first_line = np.cumsum(orders.line_count, dtype=np.int64) - orders.line_count
    return replace(orders, first_line=first_line), replace(lines, order=place[lines.order])


def line_status(orders: Orders, lines: Lines) -> Array:
    """Status of every line at the end, as LineStatus.

    A status change that has not happened yet reads NEVER and so does not count.
    """
    order = lines.order
    status = np.full(len(lines), LineStatus.CHECKED_OUT, np.uint8)
    status[orders.paid_at[order] < NEVER] = LineStatus.PAID
    status[orders.delivered_at[order] < NEVER] = LineStatus.DELIVERED
    status[lines.is_cancelled & (orders.cancelled_at[order] < NEVER)] = LineStatus.CANCELLED
    status[lines.is_returned & (orders.returned_at[order] < NEVER)] = LineStatus.RETURNED
    return status


def _brand_of(scene: Scene, customer: Array) -> Array:
    other = scene.rng.integers(0, scene.settings.brands, len(customer))
    loyal = happens(scene.rng, 0.88, len(customer))
    return np.where(loyal, scene.customers.main_brand[customer], other).astype(np.uint8)


def _region(scene: Scene, customer: Array) -> Array:
    known = scene.customers.region[customer]
    elsewhere = scene.rng.integers(0, len(vocabulary.REGIONS), len(customer))
    region = np.where(happens(scene.rng, 0.06, len(customer)), elsewhere, known)
    unknown = happens(scene.rng, 0.03, len(customer))
    return np.where(unknown, NO_REGION, region).astype(np.uint8)


@dataclass(frozen=True)
class _Codes:
    """Promo codes used and given by orders; see the columns of Orders."""

    code_promotion: Array
    coupon: Ints
    issued_by: Array
    issued_coupon: Ints


def _codes(scene: Scene, sales: Sales, anonymous: Bools) -> _Codes:
    """Which orders use a promo code: one of a mailing, a coupon of the last order, or a mass one.

    A coupon that an order gave is used by the same customer's next order, if at all.
    """
    rng, deals = scene.rng, scene.promotions
    count = len(sales)
    moved = sales.mailing >= 0
    occasion = np.where(moved, scene.plan["occasion"][np.maximum(sales.mailing, 0)], 255)
    used = np.full(count, promotions.NONE)
    takes = happens(rng, _USES_LETTER_CODE, count)
    for letter, kind in promotions.CODE_OF_OCCASION.items():
        own = deals.running(kind, sales.brand, sales.at)
        used = np.where(takes & (occasion == letter), own, used)

    given = happens(rng, _GIVES_COUPON, count) & ~anonymous
    issued_by = deals.running(promotions.Kind.NEXT_ORDER_COUPON, sales.brand, sales.at)
    issued_by = np.where(given, issued_by, promotions.NONE)
    issued = np.where(given, rng.integers(*_COUPON_NUMBERS, count), 0)
    order = np.lexsort((sales.at, sales.customer))
    before = np.full(count, -1)
    before[order[1:]] = np.where(
        sales.customer[order[1:]] == sales.customer[order[:-1]], order[:-1], -1
    )
    redeems = (before >= 0) & ~anonymous & happens(rng, _USES_COUPON, count) & (used < 0)
    redeems &= given[before] & (sales.at - sales.at[before] < _COUPON_LIFE)
    redeems &= sales.brand == sales.brand[before]
    used = np.where(redeems, issued_by[before], used)
    own_number = np.where(redeems, issued[before], rng.integers(*_COUPON_NUMBERS, count))
    coupon = np.where(used >= 0, own_number, 0)

    mass = deals.running(promotions.Kind.MASS_CODE, sales.brand, sales.at)
    types_it = happens(rng, _USES_MASS_CODE, count) & (used < 0)
    return _Codes(
        code_promotion=np.where(types_it, mass, used).astype(np.int16),
        coupon=coupon,
        issued_by=issued_by.astype(np.int16),
        issued_coupon=issued,
    )


def _discounts(
    scene: Scene, sales: Sales, codes: _Codes, order: Array, product: Array
) -> tuple[Array, Array]:
    """Promotion of each line and the percent that it takes off.

    A code goes before a gift (the second line of an order is free), a gift before a sale; what is
    left may have a price lowered by hand.
    """
    rng, deals = scene.rng, scene.promotions
    count = len(order)
    sale = deals.running(promotions.Kind.SALE, sales.brand, sales.at)[order]
    bound = deals["category"][sale]
    fits = (bound == promotions.WHOLE_SHOP) | (bound == scene.catalogue.category[product])
    promotion = np.where((sale >= 0) & fits, sale, promotions.NONE)
    gift = deals.running(promotions.Kind.GIFT, sales.brand, sales.at)
    gift = np.where(happens(rng, _TAKES_GIFT, len(sales)), gift, promotions.NONE)[order]
    second = np.arange(count) == np.searchsorted(order, order) + 1
    promotion = np.where((gift >= 0) & second, gift, promotion)
    code = codes.code_promotion[order].astype(np.int64)
    promotion = np.where(code >= 0, code, promotion)
    by_hand = np.where(happens(rng, _LOWERED_BY_HAND, count), rng.integers(5, 25, count), 0)
    return promotion, np.where(promotion >= 0, deals["percent"][promotion], by_hand)


def _lines(scene: Scene, sales: Sales, codes: _Codes, order: Array, line_count: Array) -> Lines:
    """Lines of orders, still without a fate."""
    rng, goods = scene.rng, scene.catalogue
    count = len(order)
    brand = sales.brand[order]
    at = sales.at[order]
    product = goods.draw(rng, brand, at)
    pieces = np.minimum(rng.geometric(0.78, count), 12)
    bulk = scene.customers.wholesale[sales.customer][order] & happens(rng, 0.6, count)
    pieces = np.where(bulk, pieces * rng.integers(8, 60, count), pieces)
    by_weight = np.array([b.weighed for b in vocabulary.BRANDS])[brand]
    grams = rng.integers(1, 30, count) * 50
    weighed = by_weight & happens(rng, 0.3, count)
    quantity = np.where(weighed, grams, pieces * 1000).astype(np.int32)
    price = goods.price_at(product, at)
    first_line = np.cumsum(line_count, dtype=np.int64) - line_count
    promotion, percent = _discounts(scene, sales, codes, order, product)
    amount = (quantity * price * (100 - percent) + 50_000) // 100_000
    return Lines(
        order=order,
        number=(np.arange(count) - first_line[order] + 1).astype(np.uint16),
        product=product.astype(np.int32),
        quantity_milli=quantity,
        base_price=price,
        amount=amount,
        promotion=promotion.astype(np.int16),
        is_cancelled=np.zeros(count, bool),
        is_returned=np.zeros(count, bool),
    )


def _fates(
    rng: np.random.Generator, at: Ints, order: Array, *, in_shop: Bools
) -> tuple[dict[str, Ints], Bools, Bools]:
    """Draw what becomes of orders: status moments, and which lines are cancelled or returned.

    A cancellation takes the whole order or some lines of it; what is left goes on to be paid and
    delivered. Returns come after delivery. Moments that do not come are NEVER.
    """
    count = len(at)
    paid = at + (rng.lognormal(np.log(8), 1.6, count) * MINUTE).astype(np.int64) + MINUTE
    paid[in_shop] = at[in_shop] + 1
    paid[happens(rng, 0.035, count) & ~in_shop] = NEVER
    travel = ((0.6 + rng.gamma(2.2, 1.7, count)) * DAY).astype(np.int64)
    delivered = np.where(paid < NEVER, paid + np.where(in_shop, 1, travel), NEVER)
    cancelled = at + (rng.exponential(1.1, count) * DAY + 0.2 * HOUR).astype(np.int64)
    cancels = happens(rng, 0.075, count) & ~in_shop & (cancelled < delivered)
    returned = delivered + ((0.5 + rng.exponential(6.0, count)) * DAY).astype(np.int64)
    returns = happens(rng, 0.03, count) & (delivered < NEVER) & ~cancels

    whole = happens(rng, 0.72, count)
    taken = whole[order] | happens(rng, 0.5, len(order))
    line_cancelled = cancels[order] & taken
    line_returned = returns[order] & taken
    lines_left = np.bincount(order, ~line_cancelled, minlength=count) > 0
    stopped = cancels & ~lines_left
    fate = {
        "paid_at": np.where(stopped & (paid > cancelled), NEVER, paid),
        "delivered_at": np.where(stopped, NEVER, delivered),
        "cancelled_at": np.where(_any(order, line_cancelled, count), cancelled, NEVER),
        "returned_at": np.where(_any(order, line_returned, count), returned, NEVER),
    }
    return fate, line_cancelled, line_returned


def _any(order: Array, flag: Bools, count: int) -> Bools:
    return np.bincount(order, flag, minlength=count) > 0
