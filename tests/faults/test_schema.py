"""Tables that an earlier version of a dataset made are brought up to the present one."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from clickhouse_connect.driver.client import Client

from mindbox_extract.datasets import DATASETS
from mindbox_extract.errors import WarehouseError
from mindbox_extract.spec import DatasetSpec, Field, ListField
from mindbox_extract.values import TEXT
from mindbox_extract.warehouse import Fingerprint

from .conftest import WEEK, Load

FingerprintOf = Callable[[str], Fingerprint]


def without(spec: DatasetSpec, *columns: str) -> DatasetSpec:
    """The dataset as it was before it had these columns, in its rows or in its lists."""

    def kept(item: Field | ListField) -> Field | ListField:
        if isinstance(item, ListField):
            return replace(
                item, items=tuple(kept(i) for i in item.items if i.column not in columns)
            )
        return item

    fields = tuple(kept(item) for item in spec.fields if item.column not in columns)
    return replace(spec, fields=fields)


@pytest.fixture
def made_by(monkeypatch: pytest.MonkeyPatch) -> Callable[[DatasetSpec], None]:
    """Let loads know only this version of a dataset."""

    def remember(spec: DatasetSpec) -> None:
        monkeypatch.setattr("mindbox_extract.load.DATASETS", {spec.name: spec})

    return remember


def test_columns_and_members_of_lists_that_are_new_are_added(
    run: Load,
    made_by: Callable[[DatasetSpec], None],
    fingerprint: FingerprintOf,
    warehouse: Client,
) -> None:
    orders = DATASETS["orders"]
    run("orders", WEEK)
    expected = fingerprint("orders")
    described = warehouse.query("DESCRIBE raw.orders").result_rows
    warehouse.command("DROP DATABASE raw SYNC")
    made_by(without(orders, "promotions", "payments", "status"))
    run("orders", WEEK)
    assert warehouse.query("DESCRIBE raw.orders").result_rows != described
    made_by(orders)
    run("orders", WEEK)
    assert warehouse.query("DESCRIBE raw.orders").result_rows == described
    assert fingerprint("orders") == expected


def test_the_log_of_loads_gets_new_columns_too(run: Load, warehouse: Client) -> None:
    run("orders", WEEK)
    warehouse.command("ALTER TABLE raw.loads DROP COLUMN unread")
    run("orders", WEEK)
    unread = "SELECT unread FROM raw.loads ORDER BY finished_at"
    assert [bool(names) for (names,) in warehouse.query(unread).result_rows] == [False, True]


def test_a_column_of_another_type_stops_the_load_and_is_named(
    run: Load,
    made_by: Callable[[DatasetSpec], None],
    fingerprint: FingerprintOf,
    stages: Callable[[], list[str]],
) -> None:
    orders = DATASETS["orders"]
    fields = tuple(
        replace(item, value=TEXT) if isinstance(item, Field) and item.column == "region" else item
        for item in orders.fields
    )
    made_by(replace(orders, fields=fields))
    run("orders", WEEK)
    before = fingerprint("orders")
    made_by(orders)
    with pytest.raises(
        WarehouseError, match=r"raw\.orders: the column region is String and should be LowCard"
    ):
        run("orders", WEEK)
    assert fingerprint("orders") == before
    assert stages() == []


def test_a_list_that_lost_a_member_stops_the_load_as_well(
    run: Load, made_by: Callable[[DatasetSpec], None]
) -> None:
    run("orders", WEEK)
    made_by(without(DATASETS["orders"], "status"))
    with pytest.raises(WarehouseError, match="the column lines is"):
        run("orders", WEEK)
