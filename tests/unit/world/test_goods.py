"""Goods and promotions: what was sold existed, and every discount is accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sandbox.mindbox.world import vocabulary
from sandbox.mindbox.world.clock import DAY, NEVER
from sandbox.mindbox.world.orders import ANONYMOUS
from sandbox.mindbox.world.promotions import CODE_OF_OCCASION, NONE, WHOLE_SHOP, Kind

if TYPE_CHECKING:
    from sandbox.mindbox.world import World
    from sandbox.mindbox.world.arrays import Array


def kinds(world: World, promotion: Array) -> Array:
    """Kind of each promotion, 255 without one."""
    return np.where(promotion == NONE, 255, world.promotions["kind"][promotion])


def test_products_are_sold_after_they_appear_at_the_price_of_the_time(world: World) -> None:
    goods, lines = world.catalogue, world.lines
    at = world.orders.ordered_at[lines.order]
    assert (goods.created_at[lines.product] <= at).all()
    np.testing.assert_array_equal(goods.price_at(lines.product, at), lines.base_price)
    assert (lines.base_price != goods.price[lines.product]).any(), "prices have changed since"
    now = np.full(len(goods.price), world.settings.until_ms - 1)
    np.testing.assert_array_equal(goods.price_at(np.arange(len(now)), now), goods.price)


def test_the_catalogue_has_its_oddities(world: World) -> None:
    goods = world.catalogue
    sold = np.isin(np.arange(len(goods.price)), world.lines.product)
    assert 0.02 < (~sold).mean() < 0.2, "never sold"
    assert sold[~goods.is_exported].any(), "orders know goods that the catalogue has lost"
    assert 0.01 < (~goods.is_exported).mean() < 0.06
    assert 0.2 < (goods.created_at > world.settings.since_ms + DAY).mean() < 0.4, "new ones"
    assert (goods.changed_at >= goods.created_at).all()
    assert goods.changed_at.max() < world.settings.until_ms
    last_step = np.where(goods.steps < NEVER, goods.steps, 0).max(axis=1)
    assert (goods.changed_at >= last_step).all()
    assert (goods.old_price[goods.old_price > 0] > goods.price[goods.old_price > 0]).all()


def test_every_product_has_a_leaf_category(world: World) -> None:
    goods = world.catalogue
    for n, name in enumerate(goods.name):
        category = vocabulary.CATEGORIES[goods.category[n]]
        assert name.startswith(category.word)
        assert category.path.endswith(category.name)
    depths = {c.path.count("/") for c in vocabulary.CATEGORIES}
    assert depths == {1, 2}


def test_margins_are_those_of_a_shop(world: World) -> None:
    lines, cost = world.lines, world.catalogue.cost[world.lines.product]
    known = cost > 0
    assert 0.9 < known.mean() < 1
    spent = (cost * lines.quantity_milli / 1000)[known].sum()
    assert 0.3 < 1 - spent / lines.amount[known].sum() < 0.5
    goods = world.catalogue
    assert (goods.cost < goods.price).all()


def test_a_promotion_takes_off_what_it_says(world: World) -> None:
    lines, deals = world.lines, world.promotions
    whole = (lines.quantity_milli.astype(np.int64) * lines.base_price + 500) // 1000
    rows = np.flatnonzero(lines.promotion != NONE)
    percent = deals["percent"][lines.promotion[rows]]
    assert (np.abs(lines.amount[rows] - whole[rows] * (100 - percent) / 100) <= 1).all()
    assert (lines.amount <= whole).all()
    by_hand = (lines.promotion == NONE) & (lines.amount < whole)
    assert 0.04 < by_hand.mean() < 0.12


def test_a_promotion_runs_when_and_where_it_is_used(world: World) -> None:
    lines, deals, orders = world.lines, world.promotions, world.orders
    rows = np.flatnonzero(lines.promotion != NONE)
    promotion, order = lines.promotion[rows], lines.order[rows]
    assert (deals["brand"][promotion] == orders.brand[order]).all()
    assert (deals["starts_at"][promotion] <= orders.ordered_at[order]).all()
    assert (orders.ordered_at[order] < deals["ends_at"][promotion]).all()
    category = deals["category"][promotion]
    mine = world.catalogue.category[lines.product[rows]]
    assert ((category == WHOLE_SHOP) | (category == mine)).all()
    assert (category != WHOLE_SHOP).any()


def test_promotions_of_a_kind_and_brand_do_not_overlap(world: World) -> None:
    deals = world.promotions
    for kind in Kind:
        for brand in np.unique(deals["brand"]):
            mine = (deals["kind"] == kind) & (deals["brand"] == brand)
            order = np.argsort(deals["starts_at"][mine])
            starts, ends = deals["starts_at"][mine][order], deals["ends_at"][mine][order]
            assert (starts[1:] >= ends[:-1]).all()


def test_promotions_say_how_they_stand_at_the_end(world: World) -> None:
    until = world.settings.until_ms
    rows = world.promotions.rows
    assert {p.state for p in rows} == {"Execution", "Paused", "Archived"}
    for promotion in rows:
        assert promotion.changed_at < until
        if promotion.state == "Execution":
            assert promotion.ends_at >= until
        if promotion.state == "Archived":
            assert promotion.ends_at <= promotion.changed_at
    assert len({p.external_id for p in rows}) == len(rows)


def test_a_fifth_of_the_lines_is_sold_with_a_promotion(world: World) -> None:
    found = kinds(world, world.lines.promotion)
    assert 0.12 < (found != 255).mean() < 0.35
    lines_of = {kind: np.mean(found == kind) for kind in Kind}
    assert lines_of[Kind.SALE] == max(lines_of.values())
    unlike_lines = {Kind.FREE_DELIVERY, Kind.POINTS_EARNED, Kind.POINTS_SPENT}
    assert {kind for kind, share in lines_of.items() if share == 0} == unlike_lines
    free = world.orders.delivery_promotion != NONE
    assert 0.03 < free.mean() < 0.12
    assert (kinds(world, world.orders.delivery_promotion)[free] == Kind.FREE_DELIVERY).all()
    assert (world.orders.delivery_cost[free] == 0).all()
    assert (world.orders.delivery_discount[free] > 0).all()


def test_codes_of_mailings_are_used_by_those_whom_the_mailing_moved(world: World) -> None:
    orders, plan = world.orders, world.plan
    moved = orders.caused_by >= 0
    mailing = world.messages.mailing[orders.caused_by]
    for occasion, kind in CODE_OF_OCCASION.items():
        uses = kinds(world, orders.code_promotion) == kind
        assert uses.any()
        assert moved[uses].all()
        assert (plan["occasion"][mailing[uses]] == occasion).all()
        assert (orders.coupon[uses] > 0).all()


def test_a_coupon_is_used_once_by_whom_it_was_given_to(world: World) -> None:
    orders = world.orders
    given = np.flatnonzero(orders.issued_coupon > 0)
    numbers = orders.issued_coupon[given]
    assert len(np.unique(numbers)) == len(numbers)
    assert (orders.customer[given] != ANONYMOUS).all()
    uses = np.flatnonzero(kinds(world, orders.code_promotion) == Kind.NEXT_ORDER_COUPON)
    giver = {int(number): int(order) for number, order in zip(numbers, given, strict=True)}
    used = orders.coupon[uses].tolist()
    assert len(set(used)) == len(used)
    for order, number in zip(uses.tolist(), used, strict=True):
        source = giver.get(number)
        if source is None:
            continue  # Its order fell on the outage day and was never made.
        assert orders.customer[source] == orders.customer[order]
        assert 0 < orders.ordered_at[order] - orders.ordered_at[source] < 60 * DAY
    assert np.isin(used, numbers).mean() > 0.97
    assert 0.05 < len(used) / len(numbers) < 0.4


@pytest.mark.parametrize("kind", [Kind.MASS_CODE, Kind.NEXT_ORDER_COUPON])
def test_pools_of_codes_are_named(world: World, kind: Kind) -> None:
    pools = [p.pool for p in world.promotions.rows if p.kind is kind]
    assert all(pools)
    assert len(set(pools)) == len(pools)
