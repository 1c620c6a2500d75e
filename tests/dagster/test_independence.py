"""A dataset that fails is named and holds back nobody: neither the others nor the models."""

from pathlib import Path

from clickhouse_connect.driver.client import Client
from dagster import (
    AssetKey,
    AssetSelection,
    DagsterInstance,
    Definitions,
    ExecuteInProcessResult,
    RunRequest,
    build_run_status_sensor_context,
    build_sensor_context,
    define_asset_job,
)

from dagster_project.building import NEW_TAG, build_when_landed
from dagster_project.checks import LATENESS
from dagster_project.definitions import definitions
from dagster_project.failures import FAILURES_FILE, report_failure
from dagster_project.jobs import LOADED_KEYS, build_job
from dagster_project.raw import LOADED
from dagster_project.resources import read_project
from dagster_project.runbook import Section
from sandbox.mindbox.api.faults import HttpError
from sandbox.mindbox.process import MindboxProcess
from tests.dagster.conftest import FIRST_DAY, Load

FAULTED = "mailing_report_summary"
# A staging model on the faulted dataset, and one on another.
STAGING = {name: AssetKey(["staging", f"stg_mindbox__{name}"]) for name in (FAULTED, "mailings")}


def build(instance: DagsterInstance, request: RunRequest) -> ExecuteInProcessResult:
    """What the sensor asked for, with few models: all of them take a minute."""
    few = define_asset_job(
        build_job.name,
        selection=AssetSelection.assets(*STAGING.values())
        | AssetSelection.checks_for_assets(*LOADED_KEYS),
    )
    narrowed = Definitions(
        assets=definitions.assets,
        asset_checks=definitions.asset_checks,
        resources=definitions.resources,
        jobs=[few],
    )
    job = narrowed.resolve_job_def(build_job.name)
    return job.execute_in_process(instance=instance, tags=request.tags, raise_on_error=False)


def requested(instance: DagsterInstance) -> RunRequest:
    request = build_when_landed(build_sensor_context(instance))
    assert isinstance(request, RunRequest), request
    return request


def landed(result: ExecuteInProcessResult) -> set[str]:
    events = result.get_asset_materialization_events()
    return {event.asset_key.path[-1] for event in events if event.asset_key}


def late(result: ExecuteInProcessResult) -> set[str]:
    """The datasets that a build found late."""
    return {
        check.asset_key.path[-1]
        for check in result.get_asset_check_evaluations()
        if check.check_name == LATENESS and not check.passed
    }


def staged(warehouse: Client, dataset: str) -> int:
    """Rows of a dataset's staging model."""
    table = STAGING[dataset].path[-1]
    query = "select count() from staging.{table:Identifier}"
    return int(warehouse.query(query, {"table": table}).first_row[0])


def test_one_faulted_dataset_is_named_the_others_land_and_are_built_and_it_recovers(
    load: Load, surroundings: MindboxProcess, instance: DagsterInstance, warehouse: Client
) -> None:
    surroundings.set_faults(HttpError(operation=read_project().operation(FAULTED), status=403))
    broken = load()
    assert not broken.success
    assert landed(broken) == set(LOADED) - {FAULTED}

    report_failure(
        build_run_status_sensor_context(
            sensor_name="report_failure",
            dagster_event=broken.get_run_failure_event(),
            dagster_instance=instance,
            dagster_run=broken.dagster_run,
        ).for_run_failure()
    )
    messages = Path(instance.root_directory) / FAILURES_FILE
    (line,) = messages.read_text(encoding="utf-8").splitlines()
    for word in (f"raw__{FAULTED}", FIRST_DAY, "403", Section.MINDBOX.link):
        assert word in line

    request = requested(instance)
    assert request.tags[NEW_TAG].split(", ") == sorted(set(LOADED) - {FAULTED})
    built = build(instance, request)
    assert built.success
    assert late(built) == {FAULTED}
    assert staged(warehouse, "mailings") > 0
    assert staged(warehouse, FAULTED) == 0

    surroundings.set_faults()
    assert load(FAULTED).success
    request = requested(instance)
    assert request.tags[NEW_TAG] == FAULTED
    recovered = build(instance, request)
    assert recovered.success
    assert late(recovered) == set()
    assert staged(warehouse, FAULTED) > 0
