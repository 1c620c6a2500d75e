"""The local store of Dagster's events: in batches it holds what Dagster's own holds one by one."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster import (
    AssetKey,
    AssetMaterialization,
    BackfillPolicy,
    DagsterInstance,
    DailyPartitionsDefinition,
    Definitions,
    MaterializeResult,
    asset,
)

from sandbox.stack.dagster_home import INSTANCE_FILE, home_environment, prepare_home
from sandbox.stack.dagster_store import BatchedSqliteEventLog
from sandbox.stack.settings import ROOT

DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-03-01")
ORDERS = AssetKey(["raw", "orders"])


@asset(key=ORDERS, partitions_def=DAYS, backfill_policy=BackfillPolicy.single_run())
def orders() -> MaterializeResult[None]:
    return MaterializeResult(metadata={"rows": 7}, tags={"loaded": "yes"})


def load_all_days(instance: DagsterInstance) -> dict[str, Any]:
    """What the instance holds after a run over all days."""
    days = DAYS.get_partition_keys()
    job = Definitions(assets=[orders]).resolve_implicit_global_asset_job_def()
    run = job.execute_in_process(
        instance=instance,
        tags={
            "dagster/asset_partition_range_start": days[0],
            "dagster/asset_partition_range_end": days[-1],
        },
    )
    latest = instance.get_latest_materialization_event(ORDERS)
    assert latest is not None
    assert latest.asset_materialization is not None
    fetched = instance.fetch_materializations(ORDERS, limit=1000).records
    logged = [entry.asset_materialization for entry in instance.all_logs(run.run_id)]
    return {
        "days": sorted(instance.get_materialized_partitions(ORDERS)),
        "latest": told(latest.asset_materialization),
        "fetched": sorted(told(record.asset_materialization) for record in fetched),
        "in_run": sorted(event.partition for event in logged if event),
    }


def told(event: AssetMaterialization | None) -> tuple[str | None, object, str | None]:
    assert event is not None
    return event.partition, event.metadata["rows"].value, (event.tags or {}).get("loaded")


def test_batches_hold_what_single_events_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plain").mkdir()
    with DagsterInstance.local_temp(str(tmp_path / "plain")) as plain:
        expected = load_all_days(plain)
    home = tmp_path / "home"
    prepare_home(home)
    for name, value in home_environment(home).items():
        monkeypatch.setenv(name, value)
    with DagsterInstance.get() as batched:
        assert isinstance(batched.event_log_storage, BatchedSqliteEventLog)
        assert load_all_days(batched) == expected
    assert expected["days"] == expected["in_run"] == sorted(DAYS.get_partition_keys())


def test_a_batch_is_one_call_of_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare_home(tmp_path)
    for name, value in home_environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    stored = []
    store = BatchedSqliteEventLog.store_event_batch

    def count(self: BatchedSqliteEventLog, events: list[Any]) -> None:
        stored.append(len(events))
        store(self, events)

    monkeypatch.setattr(BatchedSqliteEventLog, "store_event_batch", count)
    with DagsterInstance.get() as instance:
        load_all_days(instance)
    assert stored == [len(DAYS.get_partition_keys())]


def test_local_and_production_instance_differ_in_where_things_are_stored_alone() -> None:
    local = yaml.safe_load(INSTANCE_FILE.read_text(encoding="utf-8"))
    production = yaml.safe_load((ROOT / "deploy" / "dagster.yaml").read_text(encoding="utf-8"))
    assert local.pop("event_log_storage")["class"] == BatchedSqliteEventLog.__name__
    assert set(production.pop("storage")) == {"postgres"}
    for place in ("local_artifact_storage", "compute_logs"):
        del production[place]
    assert local == production
