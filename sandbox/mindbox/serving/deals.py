"""What promotions and points did to orders, and how orders were paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sandbox.mindbox.serving import json_text as text
from sandbox.mindbox.world import vocabulary
from sandbox.mindbox.world.clock import NEVER
from sandbox.mindbox.world.points import BALANCE
from sandbox.mindbox.world.points import Kind as Movement
from sandbox.mindbox.world.promotions import Kind

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Array, Ints
    from sandbox.mindbox.world.orders import Lines
    from sandbox.mindbox.world.promotions import Promotion
    from sandbox.mindbox.world.world import World

_TYPES = {
    Kind.SALE: "Скидка",
    Kind.GIFT: "Подарок",
    Kind.FREE_DELIVERY: "Доставка",
    Kind.POINTS_EARNED: "Баллы",
    Kind.POINTS_SPENT: "Баллы",
}
_CODE_TYPE = "Промокод"
_PAID_BY = ("card", "sbp", "cash")
_ONLINE_SHARES, _SHOP_SHARES = (60, 85, 100), (55, 75, 100)
"""Cumulative percents of the ways of paying, on the site and at a counter."""


class Deals:
    """Applied promotions, points and payments of a world's orders, as JSON."""

    def __init__(self, world: World) -> None:
        self._world = world
        rows = world.promotions.rows
        self._promotions = pa.array([_promotion(p) for p in rows], pa.string())
        self._heads = pa.array([_code_head(p) for p in rows], pa.string())
        self._pools = pa.array([text.quoted(p.pool) for p in rows], pa.string())
        self._has_code = np.array([bool(p.pool) for p in rows])
        self._earned = _by_order(world, Movement.RETAIL_ORDER_BONUS)
        self._spent = -_by_order(world, Movement.RETAIL_ORDER_PAYMENT)

    def of_lines(self, lines: Lines, luck: Array) -> pa.Array:
        """`appliedPromotions` of lines: at most one discount, as much as it took off."""
        whole = (lines.quantity_milli.astype(np.int64) * lines.base_price + 500) // 1000
        coupon = self._world.orders.coupon[lines.order]
        discount = self._applied("discount", whole - lines.amount, lines.promotion, coupon)
        told = text.join(',"appliedPromotions":[', discount, "]")
        return text.either(lines.promotion >= 0, told, _nothing("appliedPromotions", luck))

    def of_orders(self, rows: Array, luck: Array) -> pa.Array:
        """`appliedPromotions` of whole orders, and `bonusPointsInfoPerBalanceType`."""
        orders = self._world.orders.take(rows)
        earned, spent = self._earned[rows], self._spent[rows]
        none = np.zeros(len(rows), np.int64)
        entries = [
            self._applied(
                "deliveryDiscount", orders.delivery_discount, orders.delivery_promotion, none
            ),
            self._applied("earnedBonusPoints", earned, self._standing(Kind.POINTS_EARNED), none),
            self._applied("spentBonusPoints", spent, self._standing(Kind.POINTS_SPENT), none),
            self._applied("issuedCoupon", none, orders.issued_by, orders.issued_coupon),
        ]
        present = [orders.delivery_promotion >= 0, earned > 0, spent > 0, orders.issued_by >= 0]
        applied = text.join(',"appliedPromotions":', text.chosen(entries, present))
        points = text.join(
            ',"bonusPointsInfoPerBalanceType":[{"balanceType":{"ids":{"systemName":"',
            BALANCE,
            '"}},"spentAmount":',
            text.decimals(spent, 2),
            ',"earnedAmount":',
            text.decimals(earned, 2),
            "}]",
        )
        nothing = _nothing("bonusPointsInfoPerBalanceType", luck)
        return text.join(
            text.either(np.any(present, axis=0), applied, _nothing("appliedPromotions", luck)),
            text.either((earned > 0) | (spent > 0), points, nothing),
        )

    def payments(self, rows: Array, total: Ints, luck: Array) -> pa.Array:
        """`payments`: what was paid in money once it was, and what in points at once."""
        orders = self._world.orders.take(rows)
        planted = self._world.planting.values("orders", "payments[].id", rows)
        in_shop = np.array([c.external_id.startswith("shop-") for c in vocabulary.ORDER_CHANNELS])
        shares = np.where(in_shop[orders.channel][:, None], _SHOP_SHARES, _ONLINE_SHARES)
        way = (shares <= (luck // 64 % 100).astype(np.int64)[:, None]).sum(axis=1)
        plain = text.join("pay-", text.integers(orders.order_id))
        places = np.array(list(planted), np.int64)
        number = text.strings(text.replaced(plain, places, list(planted.values())))
        paid = (orders.paid_at < NEVER) & (total > 0)
        paid[places] = True
        entries = [
            text.join(
                '{"type":',
                text.pick(text.literals(_PAID_BY), way),
                ',"id":',
                number,
                ',"amount":',
                text.decimals(total, 2),
                "}",
            ),
            text.join('{"type":"bonus","amount":', text.decimals(self._spent[rows], 2), "}"),
        ]
        present = [paid, self._spent[rows] > 0]
        told = text.join(',"payments":', text.chosen(entries, present))
        return text.either(np.any(present, axis=0), told, _nothing("payments", luck))

    def _applied(self, kind: str, amount: Ints, promotion: Array, coupon: Ints) -> pa.Array:
        """Entries of a type; `coupon` is the number that makes a promo code one customer's own."""
        place = np.maximum(np.broadcast_to(promotion, len(amount)), 0)
        code = text.join(
            ',"coupon":{"ids":{"code":"',
            text.pick(self._heads, place),
            text.either(coupon > 0, text.integers(coupon), ""),
            '"},"pool":{"ids":{"externalId":',
            text.pick(self._pools, place),
            "}}}",
        )
        return text.join(
            f'{{"type":"{kind}","amount":',
            text.decimals(amount, 2),
            ',"promotion":',
            text.pick(self._promotions, place),
            text.either(self._has_code[place], code, ""),
            "}",
        )

    def _standing(self, kind: Kind) -> Array:
        return np.flatnonzero(self._world.promotions["kind"] == kind)


def _nothing(field: str, luck: Array) -> pa.Array:
    return text.either(luck % 5 == 0, f',"{field}":[]', "")


def _promotion(promotion: Promotion) -> str:
    return text.quoted(
        {
            "ids": {"mindboxId": promotion.mindbox_id, "externalId": promotion.external_id},
            "name": promotion.name,
            "type": _TYPES.get(promotion.kind, _CODE_TYPE),
        }
    )


def _code_head(promotion: Promotion) -> str:
    """The promo code, or what an own code begins with."""
    return promotion.code or f"{promotion.pool.split('-')[0]}-"


def _by_order(world: World, kind: Movement) -> Ints:
    movements = world.movements
    mine = (movements.kind == kind) & (movements.order >= 0)
    sums = np.zeros(len(world.orders), np.int64)
    np.add.at(sums, movements.order[mine], movements.amount[mine])
    return sums
