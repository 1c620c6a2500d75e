"""A folder of NDJSON files in the place of a world."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import requests

from sandbox.mindbox.process import MindboxProcess, StandInError
from sandbox.mindbox.serving.folder import FolderError, source_of
from sandbox.mindbox.world.clock import DAY

from .conftest import Caller

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.mindbox.serving.rows import Rows

ORDERS: list[dict[str, Any]] = [
    {"ids": {"mindboxId": 1}, "firstAction": {"dateTimeUtc": "1997-01-05T10:00:00Z"}, "lines": []},
    {
        "ids": {"mindboxId": "2"},
        "firstAction": {"dateTimeUtc": "1997-01-06 00:00:00.000"},
        "lines": [
            {"status": {"dateTimeUtc": "1997-01-20T12:00:00.1234567+03:00"}},
            {"status": {"ids": {"externalId": "Paid"}}, "statusDateTimeUtc": "1997-02-01 08:00"},
        ],
    },
    {
        "ids": {"mindboxId": 3},
        "firstAction": {"dateTimeUtc": "1997-01-31 23:59:59"},
        "changeDateTimeUtc": "1997-03-01 00:00",
        "extra": {"deeply": ["unknown", None]},
    },
]
CUSTOMERS = [{"ids": {"mindboxId": n}, "changeDateTimeUtc": f"1997-01-0{n} 00:00"} for n in (1, 2)]
MERGES = [
    {
        "resultingCustomer": {"ids": {"mindboxId": 1}, "changeDateTimeUtc": "1997-01-03 00:00"},
        "mergedCustomers": [{"ids": {"mindboxId": 9}}],
    }
]
ACTIONS = [
    {
        "ids": {"mindboxId": 7},
        "dateTimeUtc": "1997-01-04T10:00:00Z",
        "creationDateTimeUtc": "1997-02-03T10:00:00Z",
    }
]
REPORT = [
    {
        "sinceDate": "1997-01-01",
        "tillDate": "1997-01-31",
        "ReportMailingId": "5",
        "ReportSent": 10,
    }
]


def write(folder: Path, name: str, rows: list[dict[str, Any]], *, end: str = "\n") -> None:
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (folder / f"{name}.ndjson").write_text(text + end, encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    path = tmp_path_factory.mktemp("ndjson")
    write(path, "orders", ORDERS, end="")
    write(path, "customers", CUSTOMERS, end="\n\n")
    write(path, "customerMerges", MERGES)
    write(path, "customerActions", ACTIONS)
    write(path, "summaryReport", REPORT)
    (path / "mailings.ndjson").touch()
    with MindboxProcess(folder=path) as process:
        yield Caller(process)


def test_rows_are_served_as_they_stand_in_the_file(folder: Caller) -> None:
    assert folder.process.world is None
    assert folder.rows("orders") == ORDERS
    assert folder.rows("customers") == CUSTOMERS


@pytest.mark.parametrize("root", ["mailings", "customerMessageStatuses"])
def test_a_missing_or_empty_file_is_an_empty_dataset(folder: Caller, root: str) -> None:
    assert folder.rows(root) == []


@pytest.mark.parametrize(
    ("since", "till", "expected"),
    [
        ("1997-01-05 00:00", "1997-01-06 00:00", [1]),
        ("1997-01-06 00:00", "1997-01-07 00:00", [2]),
        ("1997-01-20 09:00", "1997-01-20 09:01", [2]),
        ("1997-02-01 00:00", "1997-02-02 00:00", [2]),
        ("1997-01-31 00:00", "1997-02-02 00:00", [2, 3]),
        ("1997-03-01 00:00", "1997-03-02 00:00", [3]),
        ("1997-04-01 00:00", "1997-04-02 00:00", []),
    ],
)
def test_orders_come_by_creation_and_by_every_change(
    folder: Caller, since: str, till: str, expected: list[int]
) -> None:
    found = [int(row["ids"]["mindboxId"]) for row in folder.rows("orders", since, till)]
    assert found == expected


def test_actions_come_by_their_creation(folder: Caller) -> None:
    assert folder.rows("customerActions", "1997-01-04 00:00", "1997-01-05 00:00") == []
    assert folder.rows("customerActions", "1997-02-03 00:00", "1997-02-04 00:00") == ACTIONS


def test_merges_and_stored_reports_are_served(folder: Caller) -> None:
    page = {"pageNumber": 1, "itemsPerPage": 10}
    answer = folder.merges({**page, "sinceDateTimeUtc": "1997-01-03 00:00"})
    assert (answer["customerMerges"], answer["totalCount"]) == (MERGES, 1)
    later = folder.merges(
        {
            **page,
            "sinceDateTimeUtc": "1997-01-03 00:00:00.001",
            "tillDateTimeUtc": "1998-01-01 00:00",
        }
    )
    assert later["customerMerges"] == []
    (url,) = folder.links(
        "Export.MailingReportSummary", {"sinceDate": "1997-01-01", "tillDate": "1997-01-31"}
    )
    text = requests.get(url, timeout=10).content.decode("utf-8-sig")
    assert list(csv.DictReader(io.StringIO(text), delimiter=";")) == [
        {"ReportMailingId": "5", "ReportSent": "10"}
    ]


def test_the_span_is_that_of_all_files(folder: Caller) -> None:
    key = {"Authorization": f"SecretKey {folder.process.secret_key}"}
    span = requests.get(f"{folder.process.url}/sandbox/period", headers=key, timeout=10).json()
    assert span["since"] == "1997-01-01T00:00:00+00:00"
    assert span["until"].startswith("1997-03-01T00:00:00.001")


def whole(rows: Rows) -> list[Any]:
    """All rows of an export as they would stand in its file."""
    return [json.loads(text) for text in rows.render(rows.select(0, 2**50)).to_pylist()]


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def test_promotions_and_segments_are_given_whole_whatever_the_date(tmp_path: Path) -> None:
    promotions = [{"ids": {"externalId": "p1"}, "state": "Paused"}, {"ids": {"externalId": "p2"}}]
    member = {"customer": {"ids": {"mindboxId": 1}}, "inSegmentation": True}
    write(tmp_path, "promotions", promotions)
    write(tmp_path, "customerSegments", [{"segmentation": "loyalty", **member}])
    source = source_of(tmp_path)
    assert whole(source.rows["promotions"]) == promotions
    loyalty, lifecycle = source.segments("loyalty"), source.segments("lifecycle")
    assert loyalty is not None
    assert lifecycle is not None
    assert whole(loyalty) == [member], "without the name of the segmentation"
    assert whole(lifecycle) == []


def test_products_come_as_csv_by_creation_and_by_change(tmp_path: Path) -> None:
    products = [
        {
            "ProductIdsWebsite": f"w{n}",
            "ProductPrice": "10,50",
            "ProductCreationDateTimeUtc": "1997-01-01 00:00",
            "ProductChangeDateTimeUtc": f"1997-0{n}-01 00:00",
        }
        for n in (1, 2, 3)
    ]
    write(tmp_path, "products", products)
    february = [DAY * (date(1997, month, 1) - date(1970, 1, 1)).days for month in (2, 3)]
    everything = table(source_of(tmp_path).tables["products"].csv(0, 2**50))
    changed = table(source_of(tmp_path).tables["products"].csv(*february))
    assert [row["ProductIdsWebsite"] for row in everything] == ["w1", "w2", "w3"]
    assert [row["ProductIdsWebsite"] for row in changed] == ["w2"]
    assert changed[0]["ProductPrice"] == "10,50"
    assert changed[0]["ProductName"] == ""


def test_stored_dynamics_are_served(tmp_path: Path) -> None:
    write(tmp_path, "dynamicsReport", [{**REPORT[0], "ReportDate": "1997-01-05"}])
    report = source_of(tmp_path).reports["dynamics"]
    period = (date(1997, 1, 1), date(1997, 1, 31))
    assert [row["ReportDate"] for row in table(report.csv(*period))] == ["1997-01-05"]
    assert table(report.csv(date(1997, 1, 1), date(1997, 1, 30))) == []


def test_datasets_without_a_file_are_empty_on_the_wire(folder: Caller) -> None:
    def content(operation: str, body: object) -> bytes:
        (url,) = folder.links(operation, body)
        return requests.get(url, timeout=10).content

    january = {"sinceDate": "1997-01-01", "tillDate": "1997-01-31"}
    loyalty = {"segmentation": {"ids": {"externalId": "loyalty"}}}
    assert json.loads(content("Export.Promotions", {})) == {"promotions": []}
    assert json.loads(content("Export.SegmentChanges", loyalty)) == {"customerSegments": []}
    assert table(content("Export.Products", {})) == []
    assert table(content("Export.MailingReportDynamics", january)) == []


@pytest.mark.parametrize(
    ("name", "line", "complaint"),
    [
        ("customerSegments", '{"inSegmentation": true}', "segmentation is missing"),
        ("promotions", '{"ids": ', "truncated"),
        ("products", '{"ProductIdsWebsite": "w4"}', "ProductChangeDateTimeUtc"),
    ],
)
def test_a_line_of_a_small_file_that_makes_no_sense_is_named(
    tmp_path: Path, name: str, line: str, complaint: str
) -> None:
    (tmp_path / f"{name}.ndjson").write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(FolderError, match=f"{name}.ndjson, line 2: .*{complaint}"):
        source_of(tmp_path)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"ids": {"mindboxId": 4}}', "firstAction"),
        ('{"firstAction": {"dateTimeUtc": "some day"}}', "some day"),
        ('{"firstAction": ', "truncated"),
    ],
)
def test_a_row_that_cannot_be_placed_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    write(tmp_path, "orders", ORDERS)
    with (tmp_path / "orders.ndjson").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    with pytest.raises(StandInError, match=f"orders.ndjson, line 4: .*{complaint}"):
        MindboxProcess(folder=tmp_path)
