"""What Dagster's own records say of loads: which are under way, and what landed when."""

from collections.abc import Iterable
from datetime import UTC, datetime

from dagster import (
    AssetKey,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    RunsFilter,
)

LOAD_JOB = "load"
FINISHED = frozenset(
    {DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED}
)
UNDER_WAY = [status for status in DagsterRunStatus if status not in FINISHED]
STEP_ENDS = {
    DagsterEventType.STEP_SUCCESS,
    DagsterEventType.STEP_FAILURE,
    DagsterEventType.STEP_SKIPPED,
}


def datasets_under_way(instance: DagsterInstance, keys: Iterable[AssetKey]) -> list[AssetKey]:
    """Those of the assets that a run has yet to finish, in the order of `keys`."""
    unfinished: set[AssetKey] = set()
    wanted = set(keys)
    for run in instance.get_runs(RunsFilter(statuses=UNDER_WAY)):
        unfinished |= _selected(run, wanted) - _ended(instance, run, wanted)
    return sorted(unfinished)


def landed_since(
    instance: DagsterInstance, keys: Iterable[AssetKey], moment: datetime | None
) -> dict[AssetKey, datetime]:
    """When each of the assets landed last (UTC), of those that did so after `moment`."""
    landed = {}
    for key in keys:
        event = instance.get_latest_materialization_event(key)
        if event is None:
            continue
        at = datetime.fromtimestamp(event.timestamp, UTC)
        if moment is None or at > moment:
            landed[key] = at
    return landed


def newest_run(instance: DagsterInstance, job: str) -> tuple[DagsterRun, datetime] | None:
    """The newest run of a job, and when it began (UTC); where it never began, when it was asked."""
    records = instance.get_run_records(RunsFilter(job_name=job), limit=1)
    if not records:
        return None
    record = records[0]
    if record.start_time is not None:
        return record.dagster_run, datetime.fromtimestamp(record.start_time, UTC)
    return record.dagster_run, record.create_timestamp


def _selected(run: DagsterRun, wanted: set[AssetKey]) -> set[AssetKey]:
    """The assets that a run is to load: those it names; a load that names none loads all."""
    if run.asset_selection is not None:
        return wanted & run.asset_selection
    return wanted if run.job_name == LOAD_JOB else set()


def _ended(instance: DagsterInstance, run: DagsterRun, wanted: set[AssetKey]) -> set[AssetKey]:
    steps = {entry.step_key for entry in instance.all_logs(run.run_id, of_type=STEP_ENDS)}
    return {key for key in wanted if step_of(key) in steps}


def step_of(key: AssetKey) -> str:
    """The step that loads an asset: Dagster joins the parts of its key."""
    return "__".join(key.path)
