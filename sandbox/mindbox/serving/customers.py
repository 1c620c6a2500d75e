"""Export of customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sandbox.mindbox.serving import json_text as text
from sandbox.mindbox.world import vocabulary
from sandbox.mindbox.world.chance import hashed
from sandbox.mindbox.world.customers import NO_BIRTH_DATE, NO_DOMAIN, NO_REGION
from sandbox.mindbox.world.mailings import CHANNEL_NAMES, Channel
from sandbox.mindbox.world.messages import has_contact
from sandbox.mindbox.world.points import BALANCE
from sandbox.mindbox.world.segments import OUT, SEGMENTATIONS, SEGMENTS

if TYPE_CHECKING:
    import pyarrow as pa

    from sandbox.mindbox.world.arrays import Array, Bools
    from sandbox.mindbox.world.customers import Customers
    from sandbox.mindbox.world.world import World

_MALE, _FEMALE = 1, 2


class CustomerRows:
    """`customers`: the current state of those not merged away, selected by the last change."""

    root = "customers"

    def __init__(self, world: World) -> None:
        self._world = world
        kept = np.flatnonzero(world.customers.merged_into < 0)
        self._rows = kept[np.argsort(world.customers.changed_at[kept], kind="stable")]
        self._changed_at = world.customers.changed_at[self._rows]
        self._has_account = np.zeros(len(world.customers), bool)
        self._has_account[world.customers.person[world.movements.customer]] = True
        self._segments = _present_segments(world)

    def select(self, since: int, till: int) -> Array:
        """Positions of customers last changed in [since, till)."""
        first, last = np.searchsorted(self._changed_at, [since, till])
        return self._rows[first:last]

    def numbers(self, rows: Array) -> Array:
        """Mindbox ids."""
        return self._world.customers.mindbox_id[rows]

    def render(self, rows: Array) -> pa.Array:
        """The customers as JSON objects, personal fields included."""
        customers = self._world.customers.take(rows)
        luck = hashed(self._world.settings.seed, "customer row", customers.mindbox_id)
        ids = text.integers(customers.mindbox_id)
        until = self._world.settings.until_ms
        website = self._planted(rows, "ids.websiteID", text.join("w", ids))
        return text.join(
            '{"ids":{"mindboxId":',
            text.loosely(ids, luck % 2 == 0),
            ',"websiteID":',
            text.strings(website),
            "}",
            self._names(rows, customers),
            self._contacts(rows, customers, luck),
            ',"isEmailInvalid":',
            _flag(customers.email_invalid_at < until),
            ',"isMobilePhoneInvalid":',
            _flag(customers.phone_invalid_at < until),
            _area(customers, luck),
            self._birth(rows, customers, luck),
            text.pick(["", ',"sex":"male"', ',"sex":"female"'], customers.sex),
            ',"changeDateTimeUtc":',
            text.stamps(customers.changed_at),
            ',"subscriptions":',
            _subscriptions(customers, self._world.settings.brands, until),
            self._balances(rows, luck),
            self._segmentations(rows),
            # A custom field named `BonusProcent` comes with a small first letter.
            ',"customFields":{"bonusProcent":',
            text.integers(luck % 11),
            self._address(rows),
            "}",
            text.either(luck % 9 == 0, ',"timeZoneSource":"Area"', ""),
            text.either(luck % 17 == 0, ',"isTestCustomer":false', ""),
            "}",
        )

    def _balances(self, rows: Array, luck: Array) -> pa.Array:
        """The account of those who ever had a movement."""
        balances = self._world.truth.balances.take(rows)
        account = text.join(
            f',"balances":[{{"balanceType":{{"ids":{{"systemName":"{BALANCE}"}}}},"total":',
            text.decimals(balances.total, 2),
            ',"available":',
            text.decimals(balances.available, 2),
            ',"blocked":',
            text.decimals(balances.blocked, 2),
            "}]",
        )
        nothing = text.either(luck % 3 == 0, ',"balances":[]', "")
        return text.either(self._has_account[rows], account, nothing)

    def _segmentations(self, rows: Array) -> pa.Array:
        """The segments that each customer is in now."""
        entries, present = [], []
        for number, (name, title) in enumerate(SEGMENTATIONS):
            segment = self._segments[number][rows]
            facts = [
                text.quoted(
                    {
                        "ids": {"externalId": name},
                        "name": title,
                        "segment": {"ids": {"externalId": external_id}, "name": segment_name},
                    }
                )
                for external_id, segment_name in SEGMENTS[number]
            ]
            entries.append(text.pick(facts, np.maximum(segment, 0)))
            present.append(segment != OUT)
        return text.join(',"segmentations":', text.chosen(entries, present))

    def _planted(self, rows: Array, field: str, values: pa.Array, form: str = "{}") -> pa.Array:
        news = self._world.planting.values(self.root, field, rows)
        return text.replaced(
            values, np.array(list(news), np.int64), [form.format(value) for value in news.values()]
        )

    def _names(self, rows: Array, customers: Customers) -> pa.Array:
        female = (customers.sex == _FEMALE) | (
            (customers.sex != _MALE) & (customers.names % 2 == 0)
        )
        number = customers.names.astype(np.int64) // 2
        first = _choose(female, number, vocabulary.MALE_NAMES, vocabulary.FEMALE_NAMES)
        number = number // 31
        stems = vocabulary.MIDDLE_NAME_STEMS
        middle = _choose(female, number, [f"{s}ич" for s in stems], [f"{s}на" for s in stems])
        number = number // 31
        surnames = vocabulary.LAST_NAME_STEMS
        last = _choose(female, number, surnames, [f"{s}а" for s in surnames])
        return text.join(
            ',"firstName":',
            text.strings(self._planted(rows, "firstName", first)),
            ',"middleName":',
            text.strings(self._planted(rows, "middleName", middle)),
            ',"lastName":',
            text.strings(self._planted(rows, "lastName", last)),
        )

    def _contacts(self, rows: Array, customers: Customers, luck: Array) -> pa.Array:
        email = either_null(
            "email",
            customers.email_domain != NO_DOMAIN,
            text.strings(self._planted(rows, "email", emails(customers))),
            luck % 3 == 0,
        )
        digits = self._planted(rows, "mobilePhone", text.integers(customers.phone))
        planted = np.isin(rows, self._world.planting.rows(self.root, "email"))
        phone = either_null(
            "mobilePhone",
            (customers.phone > 0) | planted,
            text.loosely(digits, luck % 4 == 0),
            luck % 5 == 0,
        )
        email = text.either(
            planted & (customers.email_domain == NO_DOMAIN),
            text.join(',"email":', text.strings(self._planted(rows, "email", emails(customers)))),
            email,
        )
        return text.join(email, phone)

    def _birth(self, rows: Array, customers: Customers, luck: Array) -> pa.Array:
        known = customers.birth_date > NO_BIRTH_DATE
        days = text.dates(np.where(known, customers.birth_date, 0))
        news = self._world.planting.values(self.root, "birthDate", rows)
        places = np.array(list(news), np.int64)
        known = known.copy()
        known[places] = True
        days = text.replaced(days, places, [f'"{value}"' for value in news.values()])
        return either_null("birthDate", known, days, luck % 2 == 0)

    def _address(self, rows: Array) -> pa.Array:
        news = self._world.planting.values(self.root, "customFields.deliveryAddress", rows)
        house = text.integers(rows % 90 + 1)
        address = text.join("ул. Садовая, д. ", house)
        places = np.array(list(news), np.int64)
        return text.join(
            ',"deliveryAddress":',
            text.strings(text.replaced(address, places, list(news.values()))),
        )


def _present_segments(world: World) -> list[Array]:
    """Segment of every customer by segmentation, OUT for those in none."""
    memberships = world.truth.segments
    found = []
    for number in range(len(SEGMENTATIONS)):
        mine = memberships.take(memberships.segmentation == number)
        segment = np.full(len(world.customers), OUT, np.int8)
        segment[mine.customer] = mine.segment
        found.append(segment)
    return found


def emails(customers: Customers) -> pa.Array:
    """E-mail addresses of customers, unquoted; with some domain even where there is none."""
    domains = [domain for domain, _ in vocabulary.EMAIL_DOMAINS]
    domain = np.where(customers.email_domain == NO_DOMAIN, 0, customers.email_domain)
    return text.join(
        "pokupatel", text.integers(customers.mindbox_id), "@", text.pick(domains, domain)
    )


def either_null(field: str, known: Bools, value: pa.Array, null_rather: Bools) -> pa.Array:
    """The field where its value is known; else null in some rows, absent in the others."""
    unknown = text.either(null_rather, f',"{field}":null', "")
    return text.either(known, text.join(f',"{field}":', value), unknown)


def _choose(
    female: Bools,
    number: Array,
    male_words: tuple[str, ...] | list[str],
    words: tuple[str, ...] | list[str],
) -> pa.Array:
    return text.either(
        female,
        text.pick(list(words), number % len(words)),
        text.pick(list(male_words), number % len(male_words)),
    )


def _flag(values: Bools) -> pa.Array:
    return text.either(values, "true", "false")


def _area(customers: Customers, luck: Array) -> pa.Array:
    areas = [
        text.quoted({"area": {"ids": {"externalId": r.external_id}, "name": r.name}})[1:-1]
        + f',"ianaTimeZone":{text.quoted(r.time_zone)}'
        for r in vocabulary.REGIONS
    ]
    known = customers.region != NO_REGION
    told = text.pick(areas, np.where(known, customers.region, 0))
    unknown = text.either(luck % 2 == 0, ',"area":null,"ianaTimeZone":null', "")
    return text.either(known, text.join(",", told), unknown)


def _subscriptions(customers: Customers, brands: int, until: int) -> pa.Array:
    """One entry for every brand that writes to the customer, by every channel that reaches it."""
    count = len(customers)
    everyone = np.arange(count)
    entries, present = [], []
    for brand in range(brands):
        name = vocabulary.BRANDS[brand].system_name
        written = (customers.brands >> brand) & 1 == 1
        for channel in Channel:
            reached = written & has_contact(customers, everyone, np.full(count, channel))
            left = (channel == Channel.EMAIL) & (customers.unsubscribed_at[:, brand] < until)
            facts = {"brand": name, "pointOfContact": CHANNEL_NAMES[channel], "topic": None}
            on = text.quoted({**facts, "isSubscribed": True})
            off = text.quoted({**facts, "isSubscribed": False})
            entries.append(text.either(np.broadcast_to(left, count), off, on))
            present.append(reached)
    return text.chosen(entries, present)
