"""What the doctor reads off a few rows: fields that never come, names, hours; never a value."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mindbox_extract.datasets import DATASETS
from mindbox_extract.doctor import unseen_fields
from mindbox_extract.findings import Level
from mindbox_extract.mapping import mapped
from mindbox_extract.own_names import named
from mindbox_extract.project import Project
from mindbox_extract.samples import Name, Sample, shown

from .conftest import an_action, an_order, as_part, part_of

VISITS = frozenset({"PerekhodNaSajt"})


def sample_of(project: Project, dataset: str, content: list[Any] | bytes) -> Sample:
    sample = Sample()
    part = part_of(content if isinstance(content, bytes) else as_part(dataset, content))
    spec = named(DATASETS[dataset], project)
    sample.look(part, spec, ZoneInfo(project.time_zone), VISITS, "here")
    return sample


def unseen(project: Project, dataset: str, rows: list[Any]) -> dict[str, Level]:
    sample = sample_of(project, dataset, rows)
    findings = unseen_fields(named(DATASETS[dataset], project), sample, [])
    return {f.message.split(" has a value")[0]: f.level for f in findings}


def test_a_field_that_never_comes_is_named_and_a_list_instead_of_its_parts(
    project: Project,
) -> None:
    order = an_order()
    del order["firstAction"]["brand"]
    found = unseen(project, "orders", [order] * 60)
    assert found["firstAction.brand.ids.systemName"] is Level.WARNING
    assert found["payments"] is Level.WARNING
    assert found["lines.appliedPromotions"] is Level.NOTE, "a quiet week may have none"
    assert "payments.amount" not in found
    assert "totalPrice" not in found


def test_a_few_rows_prove_nothing(project: Project) -> None:
    assert set(unseen(project, "orders", [an_order()]).values()) == {Level.NOTE}


def test_a_fallback_and_a_capital_count_as_the_field(project: Project) -> None:
    order = an_order()
    order["firstAction"]["channel"]["ids"] = {"mindboxId": 70}
    order["lines"][0]["product"]["ids"] = {"Website": "p-1"}
    found = unseen(project, "orders", [order] * 60)
    assert "firstAction.channel.ids.externalId" not in found
    assert "lines.product.ids.website" not in found


def test_channels_are_sources_where_the_action_is_a_visit(project: Project) -> None:
    visit = an_action(
        actionTemplate={"ids": {"systemName": "PerekhodNaSajt"}},
        channel={"ids": {"mindboxId": 1, "systemName": "Direct"}},
        dateTimeUtc="2024-05-01T21:30:00Z",
    )
    sample = sample_of(project, "customer_actions", [visit, an_action()])
    assert sample.names[Name.VISIT_SOURCE] == {"Direct": 1}
    assert sample.names[Name.POINT_OF_CONTACT] == {"site": 1}
    assert sample.hours == {0: 1}, "half past midnight in Moscow; points are nobody's visit"
    assert sample.fields_of_templates["IzmenenieBallov"] == {"npsScore": 1, "npsComment": 1}


@pytest.mark.parametrize(
    ("name", "is_shown"),
    [
        ("ProsmotrProdukta", True),
        ("shop-nevsky", True),
        ("Магазин на Невском", True),
        ("20240501", True),
        ("ivan@example.org", False),
        ("+7 999 123-45-67", False),
        ("тел. 8(999)123-45-67", False),
        ("x" * 100, False),
    ],
)
def test_only_what_is_written_like_a_name_is_shown(name: str, is_shown: bool) -> None:
    assert (shown(name) == name) is is_shown


def test_numbers_of_csv_tell_the_decimal_separator(project: Project) -> None:
    lines = "".join(f"p-{n};{n},5;\n" for n in range(30))
    content = f"\ufeffProductIdsWebsite;ProductPrice;ProductOldPrice\n{lines}".encode()
    sample = sample_of(project, "products", content)
    assert (sample.rows, sample.separators) == (30, {",": 30})
    told = [f.message for f in mapped(project, {"products": sample})]
    assert told == ["decimal separator: ',' in 30 numbers"]


@pytest.mark.parametrize(
    ("zone", "level"), [("Europe/Moscow", Level.OK), ("America/Los_Angeles", Level.WARNING)]
)
def test_people_sleep_at_night_in_the_time_zone_of_their_shop(
    project: Project, zone: str, level: Level
) -> None:
    # A day's orders from eight in the morning to one at night in Moscow.
    order = an_order()
    moments = [
        f"2024-05-{day:02}T{hour:02}:30:00Z" for day in range(1, 25) for hour in range(5, 22)
    ]
    orders = [{**order, "firstAction": {"dateTimeUtc": moment}} for moment in moments]
    there = project.model_copy(update={"time_zone": zone})
    sample = sample_of(there, "orders", orders)
    found = {f.level for f in mapped(there, {"orders": sample}) if "time zone" in f.message}
    assert found == {level}
    few = sample_of(there, "orders", orders[:100])
    assert not [f for f in mapped(there, {"orders": few}) if "time zone" in f.message]
