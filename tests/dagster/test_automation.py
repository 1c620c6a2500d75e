"""When loads and builds are asked for: by what Dagster's own records say."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster import (
    AssetKey,
    AssetMaterialization,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    RunRequest,
    SkipReason,
    build_schedule_context,
    build_sensor_context,
)

from dagster_project import building
from dagster_project.building import AWAITED_TAG, NEW_TAG, build_when_landed
from dagster_project.definitions import definitions
from dagster_project.jobs import (
    HOURLY_KEYS,
    LOADED_KEYS,
    RANGE_END_TAG,
    RANGE_START_TAG,
    daily_load,
    hourly_load,
)
from dagster_project.raw import LOADED
from mindbox_extract.datasets import DATASETS
from mindbox_extract.spec import Kind

ORDERS, CUSTOMERS = AssetKey(["raw", "orders"]), AssetKey(["raw", "customers"])
NIGHT = datetime(2024, 6, 1, 3, 30, tzinfo=UTC)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[DagsterInstance]:
    """An instance on disk: a schedule's context opens it for itself."""
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield instance


def land(instance: DagsterInstance, key: AssetKey) -> None:
    instance.report_runless_asset_event(AssetMaterialization(key))


def start(instance: DagsterInstance, job: str, *keys: AssetKey) -> DagsterRun:
    """A run that began and has not ended."""
    return instance.create_run_for_job(
        definitions.resolve_job_def(job),
        asset_selection=frozenset(keys) or None,
        status=DagsterRunStatus.STARTED,
    )


def asked(instance: DagsterInstance) -> RunRequest | SkipReason:
    answer = build_when_landed(build_sensor_context(instance))
    assert isinstance(answer, RunRequest | SkipReason)
    return answer


def reason(answer: RunRequest | SkipReason) -> str:
    assert isinstance(answer, SkipReason)
    return str(answer.skip_message)


def test_nothing_new_makes_no_build(instance: DagsterInstance) -> None:
    assert "nothing landed" in reason(asked(instance))


def test_what_landed_is_built_once_all_loads_are_over(instance: DagsterInstance) -> None:
    land(instance, ORDERS)
    run = start(instance, "load", CUSTOMERS)
    assert "waiting for customers" in reason(asked(instance))
    instance.report_run_failed(run)
    answer = asked(instance)
    assert isinstance(answer, RunRequest)
    assert answer.tags == {NEW_TAG: "orders"}


def test_the_slowest_load_is_not_waited_for_without_end(
    instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(instance, ORDERS)
    start(instance, "load", CUSTOMERS)
    monkeypatch.setattr(building, "LONGEST_WAIT", timedelta(0))
    answer = asked(instance)
    assert isinstance(answer, RunRequest)
    assert answer.tags == {NEW_TAG: "orders", AWAITED_TAG: "customers"}


def test_the_same_data_ask_for_the_same_build(instance: DagsterInstance) -> None:
    land(instance, ORDERS)
    first, second = asked(instance), asked(instance)
    assert isinstance(first, RunRequest)
    assert isinstance(second, RunRequest)
    assert first.run_key == second.run_key


def test_a_build_under_way_is_left_alone_and_what_lands_meanwhile_is_built_next(
    instance: DagsterInstance,
) -> None:
    land(instance, ORDERS)
    build = start(instance, "build")
    assert "under way" in reason(asked(instance))
    land(instance, CUSTOMERS)
    instance.report_run_failed(build)
    answer = asked(instance)
    assert isinstance(answer, RunRequest)
    assert answer.tags == {NEW_TAG: "customers"}


def request(answer: object) -> RunRequest:
    assert isinstance(answer, RunRequest)
    return answer


def test_the_night_loads_the_closed_days_of_every_dataset(kept: DagsterInstance) -> None:
    answer = request(daily_load(build_schedule_context(kept, NIGHT)))
    assert answer.asset_selection == LOADED_KEYS
    assert answer.tags[RANGE_START_TAG] == "2024-05-30"
    assert answer.tags[RANGE_END_TAG] == "2024-05-31"


def test_the_hour_loads_today_but_no_report_of_closed_days(kept: DagsterInstance) -> None:
    answer = request(hourly_load(build_schedule_context(kept, NIGHT)))
    assert answer.asset_selection == HOURLY_KEYS
    left_out = {name for name in LOADED if AssetKey(["raw", name]) not in HOURLY_KEYS}
    assert left_out == {name for name in LOADED if DATASETS[name].kind is Kind.SNAPSHOT}
    assert answer.tags[RANGE_START_TAG] == answer.tags[RANGE_END_TAG] == "2024-06-01"


def test_a_dataset_that_hangs_gathers_no_queue(kept: DagsterInstance) -> None:
    start(kept, "load", ORDERS)
    answer = request(daily_load(build_schedule_context(kept, NIGHT)))
    assert answer.asset_selection == [key for key in LOADED_KEYS if key != ORDERS]


def test_while_everything_is_loading_nothing_is_asked_for(kept: DagsterInstance) -> None:
    start(kept, "load")
    answer = hourly_load(build_schedule_context(kept, NIGHT))
    assert isinstance(answer, SkipReason)
