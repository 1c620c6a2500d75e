"""Decoding without a network: rows in, columns and quarantine out."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from mindbox_extract.datasets import DATASETS
from mindbox_extract.decoding import Decoder, Origin
from mindbox_extract.own_names import named
from mindbox_extract.payload import Part, unnamed_file
from mindbox_extract.project import Project
from mindbox_extract.settings import PROJECT_FILE
from mindbox_extract.spec import DatasetSpec
from mindbox_extract.window import Window

SECRET = "a secret of the tests, long enough"
MAY = Window(datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 6, 1, tzinfo=UTC))
EXTRACTED_AT = datetime(2024, 6, 2, 3, 4, 5, 678000, tzinfo=UTC)


@dataclass(frozen=True)
class DecodedPart:
    """Everything that came out of a part, in the order of the key."""

    good: list[dict[str, Any]]
    bad: list[dict[str, Any]]
    outside: int

    @property
    def problems(self) -> list[str]:
        return [row["problem"] for row in sorted(self.bad, key=lambda row: row["position"])]


def part_of(content: bytes) -> Part:
    file = unnamed_file()
    file.write(content)
    return Part(file, "61634", 1)


def as_part(dataset: str, rows: list[Any]) -> bytes:
    return json.dumps({DATASETS[dataset].root: rows}, ensure_ascii=False).encode()


Decode = Callable[..., DecodedPart]


@pytest.fixture(scope="session")
def project() -> Project:
    return Project.read(PROJECT_FILE)


@pytest.fixture(scope="session")
def decode(project: Project) -> Iterator[Decode]:
    """Decode rows (a list) or a whole part (bytes) of a dataset, given by its name or described."""
    decoders: dict[DatasetSpec, Decoder] = {}

    def run(
        dataset: str | DatasetSpec, content: list[Any] | bytes, days: dict[str, str] | None = None
    ) -> DecodedPart:
        spec = DATASETS[dataset] if isinstance(dataset, str) else dataset
        if spec not in decoders:
            decoders[spec] = Decoder(named(spec, project), project, SECRET)
        part = part_of(content if isinstance(content, bytes) else as_part(spec.name, content))
        origin = Origin("the-load", MAY, EXTRACTED_AT, days or {})
        good, bad, outside = [], [], 0
        for decoded in decoders[spec].decode(part, origin, "here"):
            good += decoded.good.to_pylist()
            bad += decoded.bad.to_pylist()
            outside += decoded.outside
        in_order = sorted(good, key=lambda row: [str(row[k]) for k in spec.key])
        return DecodedPart(in_order, bad, outside)

    yield run
    for decoder in decoders.values():
        decoder.close()


def a_status(**changes: Any) -> dict[str, Any]:
    """A message status as the export writes it; `changes` replace whole top-level values."""
    return {
        "dateTimeUtc": "2024-05-10 12:30:00.250",
        "ids": {"id": 900001},
        "customerMessage": {"ids": {"id": 500001}, "dateTimeUtc": "2024-05-10 12:00:00"},
        "customer": {"ids": {"mindboxId": 4711}},
        "mailing": {
            "name": "Скидки",
            "variantNum": 2,
            "link": None,
            "ids": {"id": 77},
            "brand": {"ids": {"systemName": "yasen"}},
            "channel": {"ids": {"systemName": "Email"}},
        },
        "mailingStatus": {"ids": {"systemName": "Clicked"}},
        **changes,
    }


def an_order(**changes: Any) -> dict[str, Any]:
    """An order as the export writes it."""
    line = {
        "id": 1,
        "number": 1,
        "quantity": 2,
        "basePricePerItem": 600,
        "priceOfLine": 1000.5,
        "product": {"ids": {"website": "p-1"}, "name": "Плед"},
        "status": {"ids": {"externalId": "Paid"}},
    }
    return {
        "ids": {"mindboxId": 31},
        "firstAction": {
            "dateTimeUtc": "2024-05-02T10:00:00Z",
            "brand": {"ids": {"systemName": "yasen"}},
            "channel": {"ids": {"externalId": "site", "mindboxId": 70}, "name": "Сайт"},
        },
        "customer": {"ids": {"mindboxId": "4711"}, "email": "ivan@example.org"},
        "totalPrice": 1000.5,
        "deliveryCost": None,
        "lines": [line],
        **changes,
    }


def a_customer(**changes: Any) -> dict[str, Any]:
    """A customer as the export writes it."""
    return {
        "ids": {"mindboxId": 4711},
        "firstName": "Иван",
        "email": "ivan.petrov@bk.ru",
        "mobilePhone": 79991234567,
        "birthDate": "1984-02-29",
        "sex": "male",
        "changeDateTimeUtc": "2024-05-03 00:00:00.001",
        "area": {"name": "Москва"},
        "subscriptions": [{"brand": "yasen", "pointOfContact": "Email", "isSubscribed": True}],
        **changes,
    }


def an_action(**changes: Any) -> dict[str, Any]:
    """An action as the export writes it: points spent on an order, seen as a cart for the test."""
    return {
        "ids": {"mindboxId": 8800},
        "actionTemplate": {"ids": {"systemName": "IzmenenieBallov"}, "name": "Изменение баллов"},
        "dateTimeUtc": "2024-04-20T09:00:00Z",
        "creationDateTimeUtc": "2024-05-03T10:00:00.5Z",
        "brand": {"ids": {"systemName": "yasen"}},
        "channel": {"ids": {"mindboxId": 70, "externalId": "site"}, "name": "Сайт"},
        "customer": {"ids": {"mindboxId": 4711}, "email": "ivan@example.org"},
        "products": [{"ids": {"website": "p-1"}, "count": 2, "price": 1290}],
        "productCategories": [{"ids": {"website": "plaids"}}],
        "productView": {"price": 1290.5, "isAvailable": True},
        "customerBalanceChanges": [
            {
                "balanceType": {"ids": {"systemName": "bonus"}},
                "changeAmount": -120,
                "availableFromDateTimeUtc": None,
                "expirationDateTimeUtc": "2024-09-01 00:00:00",
                "balanceChangeKind": "RetailOrderPayment",
                "comment": "звонил Иван",
            }
        ],
        "order": {"ids": {"mindboxId": 31}},
        "customFields": {"npsScore": 9, "npsComment": "всё понравилось, Иван"},
        **changes,
    }
