"""A changed shape is told: what is new, what is gone, what no row can do without."""

import gzip
import json
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest

from mindbox_extract.datasets import DATASETS
from mindbox_extract.decoding import Decoder, Origin
from mindbox_extract.drift import Drift, drift_of
from mindbox_extract.errors import PayloadError
from mindbox_extract.own_names import named
from mindbox_extract.project import Project

from .conftest import EXTRACTED_AT, MAY, SECRET, Decode, a_status, an_order, as_part, part_of

DAYS = {"taken_on": "2024-06-02", "period_start": "2024-05-01", "period_end": "2024-05-31"}
REPORT = "ReportMailingId;ReportMailingVariantNum;ReportMessageName;ReportChannel"


def drift(project: Project, dataset: str, content: bytes) -> Drift:
    return drift_of(part_of(content), named(DATASETS[dataset], project), "export 7, part 1")


def test_new_columns_are_named_and_so_are_those_that_did_not_come(project: Project) -> None:
    found = drift(
        project,
        "mailing_report_summary",
        f"\ufeff{REPORT};ReportNew\r\n7;1;Имя;Email;x\r\n".encode(),
    )
    assert found.unread == ("ReportNew",)
    assert "ReportSent" in found.absent
    assert "ReportMessageName" not in found.absent


def test_a_column_that_did_not_come_is_unknown_and_not_zero(decode: Decode) -> None:
    content = f"{REPORT}\n7;1;Имя;Email\n".encode()
    (row,) = decode("mailing_report_summary", content, DAYS).good
    assert (row["sent"], row["conversion_revenue"], row["subject"]) == (None, None, "")


def test_without_its_key_no_file_is_read(project: Project) -> None:
    with pytest.raises(PayloadError) as raised:
        drift(project, "products", b"ProductIdsSku;ProductName\r\n1;x\r\n")
    assert "export 7, part 1: the file has no column ProductIdsWebsite" in str(raised.value)


def test_columns_may_stand_in_any_order_and_in_quotes(project: Project, decode: Decode) -> None:
    content = b'"ReportSent";"ReportMailingId"\n5;7\n'
    assert "ReportSent" not in drift(project, "mailing_report_summary", content).absent
    (row,) = decode("mailing_report_summary", content, DAYS).good
    assert (row["mailing_id"], row["sent"]) == ("7", 5)


def test_the_moment_of_change_may_be_missing_where_creation_stands_in(project: Project) -> None:
    content = b"ProductIdsWebsite;ProductCreationDateTimeUtc\n1;2024-05-01 00:00:00\n"
    assert "ProductChangeDateTimeUtc" not in drift(project, "products", content).absent


def test_a_cost_that_the_project_does_not_keep_is_not_missed(project: Project) -> None:
    without = project.model_copy(update={"product_cost_field": None})
    content = b"ProductIdsWebsite;ProductChangeDateTimeUtc\n1;2024-05-01 00:00:00\n"
    assert "ProductCustomFieldsCost" in drift(project, "products", content).absent
    assert not [c for c in drift(without, "products", content).absent if "CustomFields" in c]


@pytest.mark.parametrize("pack", [lambda content: content, gzip.compress])
def test_new_outer_keys_of_json_are_named(project: Project, pack: Any) -> None:
    rows = [a_status(ids={"id": n}) for n in range(3)]
    rows[1]["priority"] = {"ivan@example.org": 1}
    found = drift(project, "message_statuses", pack(as_part("message_statuses", rows)))
    assert found == Drift(("priority",))


@pytest.mark.parametrize("key", ["ivan@example.org", "x79991234567", "Иван Петров", "a" * 200, ""])
def test_a_key_that_may_be_somebody_is_not_repeated(project: Project, key: str) -> None:
    assert drift(project, "orders", as_part("orders", [an_order(**{key: 1})])).unread == ()


def test_looking_ends_where_the_json_does(project: Project) -> None:
    content = b'{"orders":[{"ids":{"mindboxId":1},"fresh":1},{"ids":{"mindbox]}'
    assert drift(project, "orders", content).unread == ("fresh",)
    assert drift(project, "orders", json.dumps({"orders": []}).encode()) == Drift(())
    assert drift(project, "orders", b'{"orders":[["x"]]}') == Drift(())


def test_an_empty_file_lacks_nothing(project: Project) -> None:
    assert drift(project, "products", b"") == Drift(())


@pytest.mark.parametrize(
    ("separator", "written", "problems"),
    [(",", "12,5", []), (",", "12.5", []), (".", "12.5", []), (".", "12,5", ["unreadable"])],
)
def test_a_comma_is_read_where_the_project_says_so_and_a_dot_always(
    project: Project, separator: str, written: str, problems: list[str]
) -> None:
    other = project.model_copy(update={"decimal_separator": separator})
    content = f"ReportMailingId;ReportConversionsRevenue\n7;{written}\n".encode()
    with closing(Decoder(DATASETS["mailing_report_summary"], other, SECRET)) as decoder:
        origin = Origin("the-load", MAY, EXTRACTED_AT, DAYS)
        (decoded,) = decoder.decode(part_of(content), origin, "here")
    assert decoded.good["conversion_revenue"].to_pylist() == [Decimal("12.5")][: not problems]
    assert [p.split("|")[1] for p in decoded.bad["problem"].to_pylist()] == problems
