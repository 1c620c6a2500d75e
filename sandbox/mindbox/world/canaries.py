"""Canaries: unique personal values planted in the world, so that a leak of them can be searched.

They say nothing about anybody; they only look like personal data.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from sandbox.mindbox.world.actions import Template
from sandbox.mindbox.world.messages import Status
from sandbox.mindbox.world.orders import ANONYMOUS

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Array, Bools
    from sandbox.mindbox.world.world import World

PLANTED_ROWS = 24
"""Rows of each dataset that carry canaries, spread evenly over history."""


class Nature(StrEnum):
    """What kind of personal value a canary imitates."""

    NAME = "name"
    EMAIL = "email"
    PHONE = "phone"
    BIRTH_DATE = "birth date"
    TEXT = "text"


@dataclass(frozen=True)
class Canary:
    """One planted value.

    Attributes:
        dataset: export that serves it, by its root array.
        field: where in the row, in the API's spelling.
        row: position in the world's table of the dataset.
        value: exactly what is served.
        needle: the part of it to search for; survives URL quoting, case folding and splitting
            of an e-mail at the @. Birth dates, which are short, begin with 19th-century years.
    """

    dataset: str
    field: str
    row: int
    value: str
    needle: str


FIELDS = {
    "customers": {
        "firstName": Nature.NAME,
        "middleName": Nature.NAME,
        "lastName": Nature.NAME,
        "email": Nature.EMAIL,
        "mobilePhone": Nature.PHONE,
        "birthDate": Nature.BIRTH_DATE,
        "ids.websiteID": Nature.TEXT,
        "customFields.deliveryAddress": Nature.TEXT,
    },
    "orders": {
        "customer.email": Nature.EMAIL,
        "customer.mobilePhone": Nature.PHONE,
        "customFields.recipientName": Nature.NAME,
        "customFields.comment": Nature.TEXT,
        "payments[].id": Nature.TEXT,
    },
    "customerMessageStatuses": {
        "mailing.link?email": Nature.EMAIL,
        "mailing.link#fragment": Nature.TEXT,
        "mailing.link?utm_content": Nature.EMAIL,
        "mailing.link?utm_term": Nature.PHONE,
    },
    "promotions": {
        "description": Nature.EMAIL,
    },
    "customerActions": {
        "customer.email": Nature.EMAIL,
        "customer.mobilePhone": Nature.PHONE,
        "channel.utmContent": Nature.EMAIL,
        "channel.utmTerm": Nature.PHONE,
        "customerBalanceChanges[].comment": Nature.TEXT,
        "customFields.npsComment": Nature.TEXT,
    },
}


class Planting:
    """The canaries of one world; none unless its settings ask for them."""

    def __init__(self, world: World) -> None:
        self._seed = world.settings.seed
        actions = world.actions
        everywhere = {
            "customers": world.customers.merged_into < 0,
            "orders": world.orders.customer != ANONYMOUS,
            "customerMessageStatuses": world.statuses.kind == Status.CLICKED,
            "promotions": np.ones(len(world.promotions.rows), bool),
            "customerActions": np.ones(len(actions), bool),
        }
        # Fields that only some rows of the dataset have at all.
        only = {
            "channel.utmContent": actions.mailing >= 0,
            "channel.utmTerm": actions.mailing >= 0,
            "customerBalanceChanges[].comment": actions.template == Template.POINTS,
            "customFields.npsComment": actions.template == Template.ANSWER,
        }
        spread = {dataset: _spread(world, rows) for dataset, rows in everywhere.items()}
        self._rows = {
            (dataset, field): _spread(world, only[field]) if field in only else spread[dataset]
            for dataset, fields in FIELDS.items()
            for field in fields
        }

    def rows(self, dataset: str, field: str) -> Array:
        """Positions of the rows that carry canaries in a field, ascending."""
        return self._rows[dataset, field]

    def all(self) -> list[Canary]:
        """Every canary of the world."""
        return [
            _canary(self._seed, dataset, field, int(row))
            for (dataset, field), rows in self._rows.items()
            for row in rows
        ]

    def values(self, dataset: str, field: str, rows: Array) -> dict[int, str]:
        """Values that the rows serve in a field: position among `rows` → value."""
        places = np.flatnonzero(np.isin(rows, self._rows[dataset, field]))
        return {
            int(place): _canary(self._seed, dataset, field, int(rows[place])).value
            for place in places
        }


def _spread(world: World, suitable: Bools) -> Array:
    """Rows spread evenly over the suitable ones."""
    rows = np.flatnonzero(suitable)
    if not world.settings.canaries or len(rows) == 0:
        return np.zeros(0, np.int64)
    return np.unique(rows[np.linspace(0, len(rows) - 1, PLANTED_ROWS).astype(np.int64)])


def _canary(seed: int, dataset: str, field: str, row: int) -> Canary:
    nature = FIELDS[dataset][field]
    secret = f"{seed}/{dataset}/{field}/{row}".encode()
    digest = hashlib.sha256(secret).digest()
    token = f"kanareyka{digest[:7].hex()}"
    if nature is Nature.EMAIL:
        value, needle = f"{token}@mail.ru", token
    elif nature is Nature.PHONE:
        needle = f"{int.from_bytes(digest[:6]) % 10**10:010d}"
        value = f"7{needle}"
    elif nature is Nature.BIRTH_DATE:
        day = date(1871, 1, 1) + timedelta(days=int.from_bytes(digest[:2]) % 10_000)
        value = needle = day.isoformat()
    elif nature is Nature.NAME:
        value, needle = f"Кенар-{token}", token
    else:
        value = needle = token
    return Canary(dataset=dataset, field=field, row=row, value=value, needle=needle)


def in_query(value: str) -> str:
    """The value as it stands in the query of a link."""
    return quote(value, safe="")
