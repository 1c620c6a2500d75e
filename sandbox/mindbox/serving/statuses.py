"""Export of message statuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sandbox.mindbox.serving import json_text as text
from sandbox.mindbox.world import canaries
from sandbox.mindbox.world.chance import hashed
from sandbox.mindbox.world.clock import MINUTE
from sandbox.mindbox.world.mailings import CHANNEL_NAMES, FLOW_NAMES, Channel
from sandbox.mindbox.world.messages import (
    NOT_DELIVERED_REASONS,
    NOT_SENT_REASONS,
    STATUS_NAMES,
    Status,
)
from sandbox.mindbox.world.vocabulary import BRANDS

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Array
    from sandbox.mindbox.world.mailings import Mailing
    from sandbox.mindbox.world.world import World

_EDGE = 15 * MINUTE
_LINK_PATHS = (
    *("/", "/catalog/novinki", "/catalog/khity", "/akcii", "/product/1001", "/product/1017"),
    *("/bonus", "/magaziny", "/product/1042", "/catalog/podarki"),
)
UTM_MEDIUM = {
    Channel.EMAIL: "email",
    Channel.SMS: "sms",
    Channel.MOBILE_PUSH: "push",
    Channel.WEB_PUSH: "webpush",
    Channel.VIBER: "viber",
}


class StatusRows:
    """`customerMessageStatuses`: selected by the time of the status.

    With `edge_duplicates` a window also holds some rows of the quarter of an hour before and
    after it, as exports do whose rows land while they are made.
    """

    root = "customerMessageStatuses"

    def __init__(self, world: World, *, edge_duplicates: bool) -> None:
        self._world = world
        self._edge_duplicates = edge_duplicates
        mailings = world.plan.mailings
        self._heads = pa.array([_head(m) for m in mailings])
        self._sources = pa.array([_source(m) for m in mailings])
        self._links = pa.array([_link(m, n) for m in mailings for n in range(len(_LINK_PATHS))])

    def select(self, since: int, till: int) -> Array:
        """Positions of statuses in [since, till), and of the duplicates around it."""
        at = self._world.statuses.at
        edge = _EDGE if self._edge_duplicates else 0
        outer, first, last, end = np.searchsorted(at, [since - edge, since, till, till + edge])
        around = np.concatenate([np.arange(outer, first), np.arange(last, end)])
        repeated = around[self._luck(around) % 3 == 0]
        return np.concatenate([np.arange(first, last), repeated])

    def numbers(self, rows: Array) -> Array:
        """Status ids."""
        return self._world.statuses.status_id[rows]

    def render(self, rows: Array) -> pa.Array:
        """The statuses as JSON objects."""
        world = self._world
        status = world.statuses.take(rows)
        message = world.messages.take(status.message)
        luck = self._luck(rows)
        customer = text.integers(world.customers.mindbox_id[message.customer])
        return text.join(
            '{"dateTimeUtc":',
            text.stamps(status.at, "T", "Z"),
            ',"ids":{"id":',
            text.loosely(text.integers(status.status_id), luck % 5 == 0),
            '},"customerMessage":{"ids":{"id":',
            text.loosely(text.integers(message.message_id), luck % 7 == 0),
            '},"dateTimeUtc":',
            text.stamps(message.participated_at, "T", "Z"),
            '},"mailing":{',
            text.pick(self._heads, message.mailing),
            ',"variantNum":',
            text.integers(message.variant),
            self._link(rows, status.link, message.mailing, luck),
            _not_sent(status.kind, message.not_sent_reason, luck),
            _not_delivered(status.kind, message.not_delivered_reason, luck),
            "}",
            text.pick(self._sources, message.mailing),
            ',"mailingStatus":{"ids":{"systemName":',
            text.pick(text.literals(STATUS_NAMES), status.kind),
            '}},"customer":{"ids":{"mindboxId":',
            text.loosely(customer, luck % 2 == 0),
            "}}",
            # A field that no document names yet: clients are told to expect such.
            text.either(luck % 11 == 0, ',"sendingAttempt":1', ""),
            "}",
        )

    def _luck(self, rows: Array) -> Array:
        return hashed(self._world.settings.seed, "status row", self.numbers(rows))

    def _link(self, rows: Array, link: Array, mailing: Array, luck: Array) -> pa.Array:
        number = mailing.astype(np.int64) * len(_LINK_PATHS) + link % len(_LINK_PATHS)
        links = text.pick(self._links, number)
        planted = [
            self._world.planting.values(self.root, field, rows)
            for field in canaries.FIELDS[self.root]
        ]
        if planted[0]:
            places = np.array(sorted(planted[0]))
            news = [
                _link_with_canaries(
                    self._world.plan.mailings[mailing[place]],
                    int(link[place]) % len(_LINK_PATHS),
                    [values[place] for values in planted],
                )
                for place in places
            ]
            links = text.replaced(links, places, news)
        clicked = text.join(',"link":', links)
        absent = text.either(luck % 3 == 0, ',"link":null', "")
        return text.either(link > 0, clicked, absent)


def _not_sent(kind: Array, reason: Array, luck: Array) -> pa.Array:
    told = _reasons("notSentReason", NOT_SENT_REASONS, reason)
    return text.either(kind == Status.NOT_SENT, told, _nothing("notSentReason", luck))


def _not_delivered(kind: Array, reason: Array, luck: Array) -> pa.Array:
    told = _reasons("notDeliveredReason", NOT_DELIVERED_REASONS, reason)
    return text.either(kind == Status.NOT_DELIVERED, told, _nothing("notDeliveredReason", luck))


def _reasons(field: str, names: tuple[str, ...], reason: Array) -> pa.Array:
    return text.pick([f',"{field}":{text.quoted(name)}' for name in names], reason)


def _nothing(field: str, luck: Array) -> pa.Array:
    return text.either(luck % 13 == 0, f',"{field}":null', "")


def _head(mailing: Mailing) -> str:
    facts = {
        "name": mailing.name,
        "ids": {"id": str(mailing.mailing_id)},
        "brand": {"ids": {"systemName": BRANDS[mailing.brand].system_name}},
        "channel": {"ids": {"systemName": CHANNEL_NAMES[mailing.channel]}},
    }
    return text.quoted(facts)[1:-1]


def _source(mailing: Mailing) -> str:
    if mailing.mailing_type == "mass":
        return ""
    name = FLOW_NAMES[mailing.occasion]
    number = 100 + 10 * list(FLOW_NAMES.values()).index(name) + mailing.brand
    facts = {"entityType": "Workflow", "entityId": number, "entityName": name}
    return f',"mailingSource":{text.quoted(facts)}'


def _address(mailing: Mailing, link: int) -> str:
    medium = UTM_MEDIUM[mailing.channel]
    site = BRANDS[mailing.brand].site
    query = f"utm_source=mindbox&utm_medium={medium}&utm_campaign={mailing.utm_campaign}"
    return f"https://{site}{_LINK_PATHS[link]}?{query}"


def _link(mailing: Mailing, link: int) -> str:
    # What senders' templates leave in links: session marks and anchors, all to be cut off.
    return text.quoted(f"{_address(mailing, link)}&utm_content=block{link}&mbxid=r{link}#goods")


def _link_with_canaries(mailing: Mailing, link: int, values: list[str]) -> str:
    email, fragment, content, term = values
    return text.quoted(
        f"{_address(mailing, link)}&utm_content={canaries.in_query(content)}"
        f"&utm_term=%2B{term}&email={canaries.in_query(email)}#{fragment}"
    )
