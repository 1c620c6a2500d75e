"""Export of customers' actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sandbox.mindbox.serving import json_text as text
from sandbox.mindbox.serving.customers import emails
from sandbox.mindbox.serving.statuses import UTM_MEDIUM
from sandbox.mindbox.world import points, traffic, vocabulary
from sandbox.mindbox.world.actions import NO_CONTACT, NO_SCORE, TEMPLATES, Template
from sandbox.mindbox.world.chance import hashed
from sandbox.mindbox.world.clock import MINUTE, NEVER
from sandbox.mindbox.world.customers import NO_DOMAIN
from sandbox.mindbox.world.traffic import NO_AD

if TYPE_CHECKING:
    from sandbox.mindbox.world.actions import Actions
    from sandbox.mindbox.world.arrays import Array
    from sandbox.mindbox.world.mailings import Mailing
    from sandbox.mindbox.world.world import World

_EDGE = 15 * MINUTE
_TWICE = 150
"""One row of so many stands twice in every window that holds it."""
_FIRST_SOURCE_ID = 90
_LINK_BLOCKS = 10
_COMMENTS = {
    points.Kind.RETAIL_ORDER_BONUS: "Начисление за заказ",
    points.Kind.RETAIL_ORDER_PAYMENT: "Оплата заказа баллами",
    points.Kind.CUSTOM: "Подарок от магазина",
    points.Kind.EXPIRED: "Сгорание баллов",
}
_OPINIONS = ("Всё понравилось", "Долго везли", "Спасибо, закажу ещё", "Помялась упаковка")


class ActionRows:
    """`customerActions`: selected by the time of creation, in whose order they stand.

    With `duplicates` a window also holds some rows of the quarter of an hour before and after it,
    as exports do whose rows land while they are made, and some of its own rows twice.
    """

    root = "customerActions"

    def __init__(self, world: World, *, duplicates: bool) -> None:
        self._world = world
        self._duplicates = duplicates
        self._marks = pa.array(
            [_mailing_marks(m, n) for m in world.plan.mailings for n in range(_LINK_BLOCKS)]
        )
        goods = world.catalogue
        self._products = pa.array([text.quoted({"website": i}) for i in goods.external_id])

    def select(self, since: int, till: int) -> Array:
        """Positions of actions created in [since, till), and of the duplicates."""
        at = self._world.actions.created_at
        edge = _EDGE if self._duplicates else 0
        outer, first, last, end = np.searchsorted(at, [since - edge, since, till, till + edge])
        inside = np.arange(first, last)
        if not self._duplicates:
            return inside
        around = np.concatenate([np.arange(outer, first), np.arange(last, end)])
        repeated = around[self._luck(around) % 3 == 0]
        twice = inside[self._luck(inside) % _TWICE == 0]
        return np.concatenate([inside, repeated, twice])

    def numbers(self, rows: Array) -> Array:
        """Action ids."""
        return self._world.actions.action_id[rows]

    def render(self, rows: Array) -> pa.Array:
        """The actions as JSON objects, personal fields included."""
        actions = self._world.actions.take(rows)
        luck = self._luck(rows)
        templates = [
            text.quoted({"ids": {"systemName": system_name}, "name": name})
            for system_name, name in TEMPLATES
        ]
        brands = [text.quoted({"ids": {"systemName": b.system_name}}) for b in vocabulary.BRANDS]
        return text.join(
            '{"ids":{"mindboxId":',
            text.loosely(text.integers(actions.action_id), luck % 2 == 0),
            '},"actionTemplate":',
            text.pick(templates, actions.template),
            ',"dateTimeUtc":',
            text.stamps(actions.at, "T", "Z"),
            ',"creationDateTimeUtc":',
            text.stamps(actions.created_at, "T", "Z"),
            ',"brand":',
            text.pick(brands, actions.brand),
            self._channel(rows, actions, luck),
            self._customer(rows, actions, luck),
            self._goods(actions, luck),
            _category(actions, luck),
            self._balance_change(rows, actions, luck),
            self._order(actions, luck),
            self._custom_fields(rows, actions, luck),
            # A field that no document names yet: clients are told to expect such.
            text.either(luck % 17 == 0, ',"isReprocessed":false', ""),
            "}",
        )

    def _luck(self, rows: Array) -> Array:
        return hashed(self._world.settings.seed, "action row", self.numbers(rows))

    def _channel(self, rows: Array, actions: Actions, luck: Array) -> pa.Array:
        """Point of contact, or the source of a visit with its UTM marks."""
        known = actions.contact != NO_CONTACT
        marks = text.pick(
            self._marks,
            np.maximum(actions.mailing, 0).astype(np.int64) * _LINK_BLOCKS + luck % _LINK_BLOCKS,
        )
        contents = self._world.planting.values(self.root, "channel.utmContent", rows)
        terms = self._world.planting.values(self.root, "channel.utmTerm", rows)
        marks = text.replaced(
            marks,
            np.array(list(contents), np.int64),
            [
                _marks(*_utm(self._world.plan.mailings[actions.mailing[p]]), content, terms[p])
                for p, content in contents.items()
            ],
        )
        ads = [_marks(*ad[1:]) for ad in traffic.ADS]
        of_ad = text.pick(ads, np.where(actions.ad == NO_AD, 0, actions.ad))
        visit = actions.template == Template.SITE_VISIT
        bare = text.either(visit & (luck % 4 == 0), ',"utmSource":null,"utmCampaign":null', "")
        utm = text.either(actions.mailing >= 0, marks, text.either(actions.ad < NO_AD, of_ad, bare))
        contact = text.pick(_contacts(), np.where(known, actions.contact, 0))
        return text.either(
            known,
            text.join(',"channel":{', contact, utm, "}"),
            text.either(luck % 2 == 0, ',"channel":null', ""),
        )

    def _customer(self, rows: Array, actions: Actions, luck: Array) -> pa.Array:
        """Whose action it was; a fourth of the rows tells contacts as well."""
        customers = self._world.customers.take(actions.customer)
        planted = np.isin(rows, self._world.planting.rows(self.root, "customer.email"))
        email = self._planted(rows, "customer.email", emails(customers))
        phone = self._planted(rows, "customer.mobilePhone", text.integers(customers.phone))
        talkative = luck % 4 == 1
        with_email = planted | (talkative & (customers.email_domain != NO_DOMAIN))
        with_phone = planted | (talkative & (customers.phone > 0))
        return text.join(
            ',"customer":{"ids":{"mindboxId":',
            text.loosely(text.integers(customers.mindbox_id), luck % 3 == 0),
            "}",
            text.either(with_email, text.join(',"email":', text.strings(email)), ""),
            text.either(
                with_phone, text.join(',"mobilePhone":', text.loosely(phone, luck % 5 == 0)), ""
            ),
            "}",
        )

    def _goods(self, actions: Actions, luck: Array) -> pa.Array:
        """Products: of views with the price of the page, of carts with count and price each."""
        counts = actions.item_count.astype(np.int64)
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        items = self._world.items.take(np.repeat(actions.first_item, counts) + within)
        price = text.decimals(items.price, 2)
        in_cart = text.join(',"count":', text.decimals(items.quantity_milli, 3), ',"price":', price)
        product = text.join(
            '{"ids":',
            text.pick(self._products, items.product),
            text.either(items.quantity_milli > 0, in_cart, ""),
            "}",
        )
        listed = text.join(',"products":', text.lists(product, counts))
        is_view = actions.template == Template.PRODUCT_VIEW
        shown = is_view & (counts > 0)
        first = np.where(shown, np.cumsum(counts) - counts, 0)
        page = text.either(luck % 23 == 0, "false", "true")
        view = ""
        if len(items):
            view = text.join(
                ',"productView":{"price":',
                price.take(pa.array(first)),
                ',"isAvailable":',
                page,
                "}",
            )
        return text.join(
            text.either(counts > 0, listed, text.either(luck % 6 == 0, ',"products":null', "")),
            text.either(shown, view, ""),
        )

    def _balance_change(self, rows: Array, actions: Actions, luck: Array) -> pa.Array:
        moved = actions.movement >= 0
        if not moved.any():
            return text.either(luck % 9 == 0, ',"customerBalanceChanges":[]', "")
        change = self._world.movements.take(np.where(moved, actions.movement, 0))
        comments = self._planted(
            rows,
            "customerBalanceChanges[].comment",
            text.pick(list(_COMMENTS.values()), change.kind),
        )
        kinds = [text.quoted(name) for name in points.KIND_NAMES]
        amount = np.asarray(change.amount, np.int64)
        expires = change.expires_at < NEVER
        told = text.join(
            f',"customerBalanceChanges":[{{"balanceType":{{"ids":{{"systemName":"{points.BALANCE}"',
            '}},"changeAmount":',
            text.either(amount < 0, "-", ""),
            text.decimals(np.abs(amount), 2),
            ',"availableFromDateTimeUtc":',
            text.stamps(change.available_from, "T", "Z"),
            text.either(
                expires,
                text.join(
                    ',"expirationDateTimeUtc":',
                    text.stamps(np.where(expires, change.expires_at, 0), "T", "Z"),
                ),
                text.either(luck % 2 == 0, ',"expirationDateTimeUtc":null', ""),
            ),
            ',"balanceChangeKind":',
            text.pick(kinds, change.kind),
            ',"comment":',
            text.strings(comments),
            "}]",
        )
        return text.either(
            moved, told, text.either(luck % 9 == 0, ',"customerBalanceChanges":[]', "")
        )

    def _order(self, actions: Actions, luck: Array) -> pa.Array:
        known = actions.order >= 0
        if not known.any():
            return text.either(luck % 10 == 0, ',"order":null', "")
        number = self._world.orders.order_id[np.where(known, actions.order, 0)]
        told = text.join(
            ',"order":{"ids":{"mindboxId":',
            text.loosely(text.integers(number), luck % 2 == 0),
            "}}",
        )
        return text.either(known, told, text.either(luck % 10 == 0, ',"order":null', ""))

    def _custom_fields(self, rows: Array, actions: Actions, luck: Array) -> pa.Array:
        """Answers to the survey, `NpsScore` with a small first letter; a device here and there."""
        answered = actions.score != NO_SCORE
        opinion = text.pick(_OPINIONS, luck % len(_OPINIONS))
        planted = np.isin(rows, self._world.planting.rows(self.root, "customFields.npsComment"))
        opinion = self._planted(rows, "customFields.npsComment", opinion)
        comment = text.either(
            planted | (luck % 3 == 0), text.join(',"npsComment":', text.strings(opinion)), ""
        )
        answer = text.join(
            ',"customFields":{"npsScore":',
            text.loosely(text.integers(actions.score), luck % 4 > 0),
            comment,
            "}",
        )
        device = text.either(luck % 13 == 0, ',"customFields":{"deviceType":"mobile"}', "")
        return text.either(answered, answer, device)

    def _planted(self, rows: Array, field: str, values: pa.Array) -> pa.Array:
        news = self._world.planting.values(self.root, field, rows)
        return text.replaced(values, np.array(list(news), np.int64), list(news.values()))


def _contacts() -> list[str]:
    """Points of contact and, after them, sources of visits; without the closing brace."""
    contacts = [
        {"ids": {"mindboxId": 70 + n, "externalId": c.external_id}, "name": c.name}
        for n, c in enumerate(vocabulary.ORDER_CHANNELS)
    ]
    contacts += [
        {
            "ids": {"mindboxId": _FIRST_SOURCE_ID + n, "systemName": s.system_name},
            "name": s.name,
        }
        for n, s in enumerate(traffic.SOURCES)
    ]
    return [text.quoted(contact)[1:-1] for contact in contacts]


def _category(actions: Actions, luck: Array) -> pa.Array:
    categories = [text.quoted([{"ids": {"website": c.external_id}}]) for c in vocabulary.CATEGORIES]
    known = actions.category >= 0
    told = text.join(
        ',"productCategories":',
        text.pick(categories, np.where(known, actions.category, 0)),
    )
    return text.either(known, told, text.either(luck % 8 == 0, ',"productCategories":[]', ""))


def _utm(mailing: Mailing) -> tuple[str, str, str]:
    return "mindbox", UTM_MEDIUM[mailing.channel], mailing.utm_campaign


def _mailing_marks(mailing: Mailing, block: int) -> str:
    return _marks(*_utm(mailing), f"block{block}", "")


def _marks(source: str, medium: str, campaign: str, content: str, term: str) -> str:
    """UTM marks as the tail of a channel; those that are empty are absent."""
    names = ("utmSource", "utmMedium", "utmCampaign", "utmContent", "utmTerm")
    values = (source, medium, campaign, content, term)
    told = {name: value for name, value in zip(names, values, strict=True) if value}
    return f",{text.quoted(told)[1:-1]}"
