"""Jobs and schedules: loads by the clock; the models follow by a sensor (`building`)."""

from collections.abc import Iterable
from datetime import timedelta

from dagster import (
    AssetKey,
    AssetSelection,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
    define_asset_job,
    in_process_executor,
    schedule,
)

from dagster_project.automation import schedule_status
from dagster_project.loads import LOAD_JOB, datasets_under_way
from dagster_project.partitions import daily
from dagster_project.purchases import GROUP as PURCHASE_MODEL
from dagster_project.raw import GROUP as RAW
from dagster_project.raw import LOADED, raw_asset_key
from mindbox_extract.datasets import DATASETS
from mindbox_extract.spec import Kind

RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"
# Rows may reach Mindbox a day late; a day loaded again costs little and changes nothing else.
OVERLAP_DAYS = 2

LOADED_KEYS = [raw_asset_key(name) for name in LOADED]
# Reports are of days that are over, so asking for them once a day says all they have to say.
HOURLY_KEYS = [raw_asset_key(name) for name in LOADED if DATASETS[name].kind is not Kind.SNAPSHOT]

load_job = define_asset_job(
    LOAD_JOB,
    selection=AssetSelection.assets(*LOADED_KEYS).without_checks(),
    description=(
        "Load the chosen days of the datasets. Each is on its own: where one fails, the others "
        "land, and the run says which failed."
    ),
)
build_job = define_asset_job(
    "build",
    selection=(
        (AssetSelection.all() - AssetSelection.groups(RAW, PURCHASE_MODEL))
        | AssetSelection.checks_for_assets(*LOADED_KEYS)
    ),
    description="Rebuild and test the models with what is loaded, then bring the boards up.",
)
# One step, so no process of its own.
fit_job = define_asset_job(
    "fit",
    selection=AssetSelection.groups(PURCHASE_MODEL),
    executor_def=in_process_executor,
    description="Fit the purchase models to the orders in the marts; boards show them at once.",
)
monthly_fit = ScheduleDefinition(
    name="monthly_fit",
    job=fit_job,
    cron_schedule="30 5 1 * *",
    execution_timezone="UTC",
    default_status=schedule_status(),
)


def day_range(first: str, last: str) -> dict[str, str]:
    """The run tags that select the partitions from `first` to `last`, both included."""
    return {RANGE_START_TAG: first, RANGE_END_TAG: last}


@schedule(
    job=load_job,
    cron_schedule="30 3 * * *",
    execution_timezone="UTC",
    default_status=schedule_status(),
)
def daily_load(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
    """The closed days: yesterday, and the day before for what came late."""
    today = context.scheduled_execution_time.date()
    first, last = today - timedelta(days=OVERLAP_DAYS), today - timedelta(days=1)
    tags = day_range(first.isoformat(), last.isoformat())
    return _request(context, f"daily-{today}", tags, LOADED_KEYS)


@schedule(
    job=load_job,
    cron_schedule="5 * * * *",
    execution_timezone="UTC",
    default_status=schedule_status(),
)
def hourly_load(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
    """Today, up to now."""
    now = context.scheduled_execution_time
    today = now.date().isoformat()
    return _request(context, f"hourly-{now:%Y-%m-%dT%H}", day_range(today, today), HOURLY_KEYS)


def _request(
    context: ScheduleEvaluationContext,
    run_key: str,
    tags: dict[str, str],
    keys: Iterable[AssetKey],
) -> RunRequest | SkipReason:
    """Ask for the datasets that no run is loading: one that hangs does not gather a queue."""
    busy = datasets_under_way(context.instance, keys)
    free = [key for key in keys if key not in busy]
    names = ", ".join(key.path[-1] for key in busy)
    if not free:
        return SkipReason(f"every dataset is still being loaded: {names}")
    if busy:
        context.log.warning(f"left out, since an earlier run is still loading them: {names}")
    # Without checks: they look at all datasets together, so the build makes them.
    return RunRequest(run_key=run_key, tags=tags, asset_selection=free, asset_check_keys=[])


def all_days() -> tuple[str, str]:
    """First and last partition key known now."""
    return str(daily.get_first_partition_key()), str(daily.get_last_partition_key())
