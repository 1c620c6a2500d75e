"""What Dagster knows, as a snapshot: a renamed asset or a lost check is a diff that one reads."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from dagster import AssetKey, AssetsDefinition, AssetSpec
from syrupy.assertion import SnapshotAssertion

from dagster_project.definitions import definitions
from dagster_project.raw import build_raw_assets
from mindbox_extract.datasets import DATASETS

ROOT = Path(__file__).resolve().parents[2]


def describe(spec: AssetSpec) -> dict[str, Any]:
    return {
        "group": spec.group_name,
        "kinds": sorted(spec.kinds),
        "owners": list(spec.owners),
        "partitioned": spec.partitions_def is not None,
        "upstream": sorted(dep.asset_key.to_user_string() for dep in spec.deps),
    }


def test_assets_checks_jobs_schedules_and_sensors_are_these(snapshot: SnapshotAssertion) -> None:
    repository = definitions.get_repository_def()
    graph = repository.asset_graph
    found = {
        "assets": {
            spec.key.to_user_string(): describe(spec)
            for spec in sorted(definitions.resolve_all_asset_specs(), key=lambda s: s.key)
        },
        "checks": sorted(key.to_user_string() for key in graph.asset_check_keys),
        "jobs": sorted(job.name for job in repository.get_all_jobs()),
        "schedules": {
            schedule.name: schedule.cron_schedule for schedule in repository.schedule_defs
        },
        "sensors": sorted(sensor.name for sensor in repository.sensor_defs),
    }
    assert found == snapshot


def test_every_asset_is_described() -> None:
    undescribed = [
        spec.key.to_user_string()
        for spec in definitions.resolve_all_asset_specs()
        if not (spec.description or "").strip()
    ]
    assert undescribed == []


def test_every_asset_has_a_group_and_an_owner() -> None:
    lacking = [
        spec.key.to_user_string()
        for spec in definitions.resolve_all_asset_specs()
        if not (spec.owners and spec.group_name and spec.group_name != "default")
    ]
    assert lacking == []


def test_no_load_waits_for_another() -> None:
    waiting = {
        spec.key.to_user_string(): spec.deps
        for spec in definitions.resolve_all_asset_specs()
        if spec.group_name == "raw" and spec.deps
    }
    assert waiting == {}


def test_a_dataset_without_an_operation_is_shown_and_never_run() -> None:
    assets = {one.key: one for one in build_raw_assets(loaded=["orders"])}
    assert set(assets) == {AssetKey(["raw", name]) for name in DATASETS}
    orders, customers = (assets[AssetKey(["raw", name])] for name in ("orders", "customers"))
    assert isinstance(orders, AssetsDefinition)
    assert isinstance(customers, AssetSpec)
    assert "names no operation" in (customers.description or "")


def test_boards_come_after_every_mart() -> None:
    graph = definitions.get_repository_def().asset_graph
    marts = {key for key in graph.get_all_asset_keys() if key.path[0] == "marts"}
    assert marts
    assert marts <= graph.get_ancestor_asset_keys(AssetKey(["superset", "boards"]))


def test_every_dataset_is_read_by_a_model() -> None:
    graph = definitions.get_repository_def().asset_graph
    unread = [name for name in DATASETS if not graph.get(AssetKey(["raw", name])).child_keys]
    assert unread == []


def test_definitions_load_without_any_environment() -> None:
    bare = {"PATH": os.environ["PATH"]}
    code = "from dagster_project.definitions import definitions; definitions.get_repository_def()"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=bare, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
