"""Export of orders with lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sandbox.mindbox.serving import json_text as text
from sandbox.mindbox.serving.customers import either_null, emails
from sandbox.mindbox.serving.deals import Deals
from sandbox.mindbox.world import vocabulary
from sandbox.mindbox.world.attribution import GOAL
from sandbox.mindbox.world.chance import hashed
from sandbox.mindbox.world.clock import NEVER
from sandbox.mindbox.world.customers import NO_DOMAIN, NO_REGION
from sandbox.mindbox.world.orders import ANONYMOUS, LINE_STATUS_IDS, line_status

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Array
    from sandbox.mindbox.world.orders import Orders
    from sandbox.mindbox.world.world import World

_LOST_PRICE = 1_190_00


class OrderRows:
    """`orders`: the current state of those with an action (creation, status change) in a window."""

    root = "orders"

    def __init__(self, world: World) -> None:
        self._world = world
        orders = world.orders
        moments = [
            orders.ordered_at,
            orders.paid_at,
            orders.delivered_at,
            orders.cancelled_at,
            orders.returned_at,
        ]
        at = np.concatenate(moments)
        order = np.tile(np.arange(len(orders), dtype=np.int32), len(moments))
        happened = np.flatnonzero(at < NEVER)
        happened = happened[np.argsort(at[happened], kind="stable")]
        self._action_at, self._action_order = at[happened], order[happened]
        self._status = line_status(orders, world.lines)
        self._deals = Deals(world)
        self._campaigns = pa.array(
            [
                text.quoted(
                    [
                        {
                            "ids": {"id": str(m.mailing_id)},
                            "type": "Mailing",
                            "name": m.name,
                            "actionType": "Click",
                        }
                    ]
                )
                for m in world.plan.mailings
            ]
        )

    def select(self, since: int, till: int) -> Array:
        """Positions of orders with any action in [since, till)."""
        first, last = np.searchsorted(self._action_at, [since, till])
        return np.unique(self._action_order[first:last])

    def numbers(self, rows: Array) -> Array:
        """Numeric ids, which anonymous orders have as well."""
        return self._world.orders.order_id[rows]

    def render(self, rows: Array) -> pa.Array:
        """The orders as JSON objects, lines and credited campaign included."""
        orders = self._world.orders.take(rows)
        luck = hashed(self._world.settings.seed, "order row", orders.order_id)
        number = text.integers(orders.order_id)
        lines, total = self._lines(orders)
        channels = [
            text.quoted({"ids": {"mindboxId": 70 + n, "externalId": c.external_id}, "name": c.name})
            for n, c in enumerate(vocabulary.ORDER_CHANNELS)
        ]
        brands = [text.quoted(b.system_name) for b in vocabulary.BRANDS]
        return text.join(
            '{"ids":{"mindboxId":',
            self.ids(rows),
            ',"externalId":"Z-',
            number,
            '"},"firstAction":{"dateTimeUtc":',
            text.stamps(orders.ordered_at, "T", "Z"),
            ',"ids":{"mindboxId":',
            number,
            '},"channel":',
            text.pick(channels, orders.channel),
            ',"brand":{"ids":{"systemName":',
            text.pick(brands, orders.brand),
            '}}},"totalPrice":',
            text.decimals(total, 2),
            either_null(
                "deliveryCost",
                (orders.delivery_cost > 0) | (luck % 4 > 0),
                text.decimals(orders.delivery_cost, 2),
                luck % 8 == 0,
            ),
            self._custom_fields(rows),
            self._customer(rows, orders, luck),
            _area(orders, luck),
            ',"lines":',
            lines,
            self._deals.of_orders(rows, luck),
            self._deals.payments(rows, total, luck),
            self._credit(orders, luck),
            text.either(luck % 19 == 0, ',"processingComment":null', ""),
            "}",
        )

    def ids(self, rows: Array) -> pa.Array:
        """Mindbox ids as JSON: numbers and strings of digits, GUIDs for anonymous orders."""
        orders = self._world.orders.take(rows)
        seed = self._world.settings.seed
        guids = text.guids(
            hashed(seed, "order guid", orders.order_id, 0),
            hashed(seed, "order guid", orders.order_id, 1),
        )
        luck = hashed(seed, "order row", orders.order_id)
        plain = text.loosely(text.integers(orders.order_id), luck % 2 == 0)
        return text.either(orders.customer == ANONYMOUS, guids, plain)

    def _lines(self, orders: Orders) -> tuple[pa.Array, Array]:
        """Lines of the orders as JSON arrays, and the orders' `totalPrice` in kopecks."""
        counts = orders.line_count.astype(np.int64)
        starts = np.cumsum(counts) - counts
        within = np.arange(counts.sum()) - np.repeat(starts, counts)
        place = np.repeat(orders.first_line, counts) + within
        lines = self._world.lines.take(place)
        status = self._status[place]
        order_id = np.repeat(orders.order_id, counts)
        luck = hashed(self._world.settings.seed, "line", order_id, lines.number)
        goods = self._world.catalogue
        products = [
            text.quoted({"ids": {"website": external}, "name": name})
            for external, name in zip(goods.external_id, goods.name, strict=True)
        ]
        statuses = [text.quoted({"ids": {"externalId": s}}) for s in LINE_STATUS_IDS]
        rendered = text.join(
            '{"id":',
            text.loosely(text.integers(order_id * 100 + lines.number), luck % 3 == 0),
            ',"number":',
            text.integers(lines.number),
            ',"quantity":',
            text.decimals(lines.quantity_milli, 3),
            ',"basePricePerItem":',
            text.decimals(lines.base_price, 2),
            ',"priceOfLine":',
            text.decimals(lines.amount, 2),
            ',"product":',
            text.pick(products, lines.product),
            ',"status":',
            text.pick(statuses, status),
            self._deals.of_lines(lines, luck),
            text.either(luck % 23 == 0, ',"customFields":{}', ""),
            "}",
        )
        owner = np.repeat(np.arange(len(orders)), counts)
        left = np.isin(status, GOAL)
        kept = np.bincount(owner[left], lines.amount[left], minlength=len(orders)).astype(np.int64)
        any_left = np.bincount(owner[left], minlength=len(orders)) > 0
        total = np.where(any_left, kept + orders.delivery_cost - orders.points_paid, 0)
        # An order whose lines were lost on the way still says what was paid.
        return text.lists(rendered, counts), np.where(
            counts == 0, _LOST_PRICE, np.maximum(total, 0)
        )

    def _custom_fields(self, rows: Array) -> pa.Array:
        names = self._world.planting.values(self.root, "customFields.recipientName", rows)
        comments = self._world.planting.values(self.root, "customFields.comment", rows)
        plain = pa.array([',"customFields":{}'] * len(rows))
        news = [
            f',"customFields":{text.quoted({"recipientName": names[p], "comment": comments[p]})}'
            for p in names
        ]
        return text.replaced(plain, np.array(list(names), np.int64), news)

    def _customer(self, rows: Array, orders: Orders, luck: Array) -> pa.Array:
        world = self._world
        known = orders.customer != ANONYMOUS
        customers = world.customers.take(np.where(known, orders.customer, 0))
        planted = np.isin(rows, self._world.planting.rows(self.root, "customer.email"))
        email = self._planted(rows, "customer.email", emails(customers))
        phone = self._planted(rows, "customer.mobilePhone", text.integers(customers.phone))
        node = text.join(
            ',"customer":{"ids":{"mindboxId":',
            text.loosely(text.integers(customers.mindbox_id), luck % 3 == 0),
            "}",
            either_null(
                "email",
                (customers.email_domain != NO_DOMAIN) | planted,
                text.strings(email),
                luck % 2 == 0,
            ),
            either_null(
                "mobilePhone",
                (customers.phone > 0) | planted,
                text.loosely(phone, luck % 4 == 0),
                luck % 3 == 0,
            ),
            "}",
        )
        nobody = text.either(luck % 2 == 0, ',"customer":null', "")
        return text.either(known, node, nobody)

    def _planted(self, rows: Array, field: str, values: pa.Array) -> pa.Array:
        news = self._world.planting.values(self.root, field, rows)
        return text.replaced(values, np.array(list(news), np.int64), list(news.values()))

    def _credit(self, orders: Orders, luck: Array) -> pa.Array:
        earned = orders.credited >= 0
        mailing = self._world.messages.mailing[np.where(earned, orders.credited, 0)]
        campaigns = text.join(',"attributedCampaigns":', text.pick(self._campaigns, mailing))
        nobody = text.either(luck % 2 == 0, ',"attributedCampaigns":[]', "")
        return text.either(earned, campaigns, nobody)


def _area(orders: Orders, luck: Array) -> pa.Array:
    areas = [
        text.quoted({"ids": {"externalId": r.external_id}, "name": r.name})
        for r in vocabulary.REGIONS
    ]
    known = orders.region != NO_REGION
    told = text.pick(areas, np.where(known, orders.region, 0))
    return either_null("area", known, told, luck % 2 == 0)
