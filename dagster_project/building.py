"""When the models are rebuilt: as soon as something landed and no load is under way any more."""

from datetime import UTC, datetime, timedelta

from dagster import RunRequest, SensorEvaluationContext, SkipReason, sensor

from dagster_project.automation import sensor_status
from dagster_project.jobs import LOADED_KEYS, build_job
from dagster_project.loads import FINISHED, datasets_under_way, landed_since, newest_run

# A build waits for loads under way, so that an hour's datasets make one build and not eleven;
# yet no longer than this after the first of them landed, whatever the slowest does.
LONGEST_WAIT = timedelta(minutes=30)
NEW_TAG = "mindbox_analytics/new"
AWAITED_TAG = "mindbox_analytics/not_waited_for"


@sensor(job=build_job, minimum_interval_seconds=30, default_status=sensor_status())
def build_when_landed(context: SensorEvaluationContext) -> RunRequest | SkipReason:
    """Rebuild the models when data landed after the newest build began.

    A build that failed is not repeated by itself: the next data bring the next build.
    """
    newest = newest_run(context.instance, build_job.name)
    if newest is not None and newest[0].status not in FINISHED:
        return SkipReason(f"build {newest[0].run_id} is under way")
    landed = landed_since(context.instance, LOADED_KEYS, newest[1] if newest else None)
    if not landed:
        return SkipReason("nothing landed since the newest build began")
    loading = datasets_under_way(context.instance, LOADED_KEYS)
    waited = datetime.now(UTC) - min(landed.values())
    names = ", ".join(key.path[-1] for key in loading)
    if loading and waited < LONGEST_WAIT:
        return SkipReason(f"waiting for {names}, {waited.total_seconds():.0f} s so far")
    tags = {NEW_TAG: ", ".join(sorted(key.path[-1] for key in landed))}
    if loading:
        tags[AWAITED_TAG] = names
    return RunRequest(run_key=f"landed-{max(landed.values()).isoformat()}", tags=tags)
