"""A warehouse that is away, forbids something or dies on the way."""

import re
from collections.abc import Callable

import pytest
from clickhouse_connect.driver.client import Client
from pydantic import SecretStr

from mindbox_extract.errors import WarehouseError
from mindbox_extract.progress import Progress, Step
from mindbox_extract.settings import Settings
from mindbox_extract.warehouse import Fingerprint
from sandbox.clickhouse.process import ClickHouseProcess

from .conftest import WEEK, Load


def test_nobody_at_the_address(run: Load, settings: Settings) -> None:
    lost = settings.model_copy(update={"clickhouse_port": 9})
    with pytest.raises(WarehouseError, match=r"ClickHouse at 127\.0\.0\.1:9, connecting") as raised:
        run("orders", WEEK, settings=lost)
    assert raised.value.is_passing
    assert "CLICKHOUSE_*" in str(raised.value)


def test_a_wrong_password(run: Load, settings: Settings) -> None:
    wrong = settings.model_copy(update={"clickhouse_password": SecretStr("not-the-password")})
    with pytest.raises(WarehouseError, match=r"AUTHENTICATION_FAILED|Authentication") as raised:
        run("orders", WEEK, settings=wrong)
    assert not raised.value.is_passing
    assert "not-the-password" not in str(raised.value)


def test_a_user_without_the_rights(
    run: Load, settings: Settings, clickhouse: ClickHouseProcess
) -> None:
    reader = settings.model_copy(
        update={
            "clickhouse_user": "superset",
            "clickhouse_password": SecretStr(clickhouse.passwords["superset"]),
        }
    )
    with pytest.raises(WarehouseError, match="creating raw tables") as raised:
        run("orders", WEEK, settings=reader)
    assert not raised.value.is_passing


@pytest.mark.parametrize("step", [Step.STAGE_CREATED, Step.ROWS_INSERTED, Step.SWAPPING])
def test_a_warehouse_that_dies_during_a_load(
    step: Step,
    run: Load,
    clickhouse: ClickHouseProcess,
    fingerprint: Callable[[str], Fingerprint],
    stages: Callable[[], list[str]],
) -> None:
    run("message_statuses", WEEK)
    before = fingerprint("message_statuses")

    def kill_there(progress: Progress) -> None:
        if progress.step is step:
            clickhouse.kill()

    try:
        with pytest.raises(WarehouseError, match="check CLICKHOUSE_") as raised:
            run("message_statuses", WEEK, on_progress=kill_there)
    finally:
        clickhouse.start()
    assert raised.value.is_passing
    assert "the failure could not be logged" in "".join(raised.value.__notes__)
    assert fingerprint("message_statuses") == before
    run("message_statuses", WEEK)
    assert fingerprint("message_statuses") == before
    assert stages() == []


def test_a_stage_that_lost_rows_is_not_landed(
    run: Load, warehouse: Client, fingerprint: Callable[[str], Fingerprint]
) -> None:
    run("orders", WEEK)
    before = fingerprint("orders")

    def lose_rows(progress: Progress) -> None:
        if progress.step is Step.ROWS_INSERTED:
            (name,) = warehouse.query(
                "SELECT name FROM system.tables WHERE database = 'raw_stage'"
            ).first_row
            warehouse.command(f"TRUNCATE TABLE raw_stage.{name}")

    with pytest.raises(WarehouseError, match=re.compile("rows were sent .* and 0 are in it")):
        run("orders", WEEK, on_progress=lose_rows)
    assert fingerprint("orders") == before
