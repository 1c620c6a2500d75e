"""Raw tables filled slice by slice hold what loads of the same worlds would have brought."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from mindbox_extract.datasets import DATASETS
from mindbox_extract.load import load
from mindbox_extract.project import Project
from mindbox_extract.settings import PROJECT_FILE, Settings
from mindbox_extract.warehouse import Warehouse
from sandbox.bulk.filling import Filling, NotEmptyError
from sandbox.bulk.shop import history, slices
from sandbox.clickhouse.process import ClickHouseProcess
from sandbox.mindbox.process import MindboxProcess, Serving
from sandbox.mindbox.world import WorldSettings
from sandbox.mindbox.world.settings import BLOCK_PEOPLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mindbox_extract.warehouse import Fingerprint

SHOP = WorldSettings(customers=250, months=2, until=datetime(2025, 12, 1, tzinfo=UTC))
PLAIN = Serving(edge_duplicates=False)


@pytest.fixture
def clickhouse(tmp_path: Path) -> Iterator[ClickHouseProcess]:
    with ClickHouseProcess(tmp_path / "clickhouse") as process:
        yield process


def settings_of(clickhouse: ClickHouseProcess, mindbox: MindboxProcess) -> Settings:
    return Settings(
        clickhouse_host=clickhouse.host,
        clickhouse_port=clickhouse.port,
        clickhouse_user="etl",
        clickhouse_password=SecretStr(clickhouse.passwords["etl"]),
        mindbox_url=mindbox.url,
        mindbox_endpoint_id=mindbox.endpoint_id,
        mindbox_secret_key=SecretStr(mindbox.secret_key),
        mindbox_file_hosts="127.0.0.1",
        customer_key_secret=SecretStr("a secret of this test alone"),
    )


def fingerprints(settings: Settings) -> dict[str, Fingerprint]:
    warehouse = Warehouse(settings)
    found = {spec.name: warehouse.fingerprint(spec) for spec in DATASETS.values()}
    warehouse.close()
    return found


def test_a_filled_slice_equals_a_loaded_one(tmp_path: Path, clickhouse: ClickHouseProcess) -> None:
    project = Project.read(PROJECT_FILE)
    with MindboxProcess(SHOP, serving=PLAIN) as mindbox:
        settings = settings_of(clickhouse, mindbox)
        with Filling(settings, project, history(SHOP)) as filling:
            filling.add(mindbox)
            filling.land()
        filled = fingerprints(settings)
        with ClickHouseProcess(tmp_path / "second") as second:
            settings = settings_of(second, mindbox)
            for dataset in DATASETS:
                load(dataset, history(SHOP), settings=settings, project=project)
            loaded = fingerprints(settings)
    assert filled == loaded


def test_slices_of_a_shop_share_goods_and_mailings_and_no_ids(
    clickhouse: ClickHouseProcess,
) -> None:
    project = Project.read(PROJECT_FILE)
    people = (SHOP, replace(SHOP, people_before=BLOCK_PEOPLE))
    with (
        MindboxProcess(people[0], serving=PLAIN) as one,
        MindboxProcess(people[1], serving=PLAIN) as two,
    ):
        settings = settings_of(clickhouse, one)
        with Filling(settings, project, history(SHOP)) as filling:
            filling.add(one)
            filling.add(two)
            filling.land()
        rows = {name: found.rows for name, found in fingerprints(settings).items()}
        first, second = one.world.truth.rows(), two.world.truth.rows()
    for dataset, root in (
        ("customers", "customers"),
        ("message_statuses", "customerMessageStatuses"),
        ("orders", "orders"),
        ("customer_actions", "customerActions"),
        ("segment_changes", "customerSegments"),
    ):
        assert rows[dataset] == first[root] + second[root]
    for dataset in ("mailings", "products", "promotions"):
        assert rows[dataset] == first[dataset] == second[dataset]


def test_a_warehouse_with_rows_is_not_filled(clickhouse: ClickHouseProcess) -> None:
    project = Project.read(PROJECT_FILE)
    with MindboxProcess(SHOP, serving=PLAIN) as mindbox:
        settings = settings_of(clickhouse, mindbox)
        load("mailings", history(SHOP), settings=settings, project=project)
        with pytest.raises(NotEmptyError, match=r"raw\.mailings"):
            Filling(settings, project, history(SHOP))


def test_a_shop_is_cut_into_blocks() -> None:
    cut = slices(replace(SHOP, customers=2 * BLOCK_PEOPLE + 10))
    assert [(w.people_before, w.customers) for w in cut] == [
        (0, BLOCK_PEOPLE),
        (BLOCK_PEOPLE, BLOCK_PEOPLE),
        (2 * BLOCK_PEOPLE, 10),
    ]
