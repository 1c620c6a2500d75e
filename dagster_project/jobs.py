"""Jobs and schedules."""

from datetime import timedelta

from dagster import (
    AssetSelection,
    RunRequest,
    ScheduleEvaluationContext,
    define_asset_job,
    schedule,
)

from dagster_project.partitions import daily

RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"
# Rows may reach Mindbox a day late; a day loaded again costs little and changes nothing else.
OVERLAP_DAYS = 2

refresh_job = define_asset_job(
    "refresh",
    selection=AssetSelection.all(),
    description="Load the chosen days of every dataset, rebuild the models, bring the boards up.",
)


def day_range(first: str, last: str) -> dict[str, str]:
    """The run tags that select the partitions from `first` to `last`, both included."""
    return {RANGE_START_TAG: first, RANGE_END_TAG: last}


@schedule(job=refresh_job, cron_schedule="30 3 * * *", execution_timezone="UTC")
def daily_refresh(context: ScheduleEvaluationContext) -> RunRequest:
    """The closed days: yesterday, and the day before for what came late."""
    today = context.scheduled_execution_time.date()
    first, last = today - timedelta(days=OVERLAP_DAYS), today - timedelta(days=1)
    return RunRequest(run_key=f"daily-{today}", tags=day_range(first.isoformat(), last.isoformat()))


@schedule(job=refresh_job, cron_schedule="5 * * * *", execution_timezone="UTC")
def hourly_refresh(context: ScheduleEvaluationContext) -> RunRequest:
    """Today, up to now."""
    now = context.scheduled_execution_time
    today = now.date().isoformat()
    return RunRequest(run_key=f"hourly-{now:%Y-%m-%dT%H}", tags=day_range(today, today))


def all_days() -> tuple[str, str]:
    """First and last partition key known now."""
    return str(daily.get_first_partition_key()), str(daily.get_last_partition_key())
