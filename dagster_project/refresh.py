"""Load a range of days and rebuild the models, in a running Dagster, followed to the end.

python -m dagster_project.refresh [--since 2025-01-01] [--till 2025-01-31] [--fit]
"""

import logging
import os
import sys
import time
from datetime import datetime
from textwrap import shorten

import click
from dagster import (
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    EventLogEntry,
    RunsFilter,
)
from dagster_graphql import DagsterGraphQLClient
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from dagster_project.failures import reason
from dagster_project.jobs import all_days, build_job, day_range, fit_job, load_job
from dagster_project.loads import FINISHED, UNDER_WAY

FINGERPRINT_TAG = "mindbox_analytics/fingerprint"
POLL_SECONDS = 0.5
LINE_LENGTH = 160


def submit(job: str, tags: dict[str, str], port: int) -> str:
    """Submit one run of a job.

    A run of the job with the same tags that is still under way is taken up instead.

    Returns:
        The run's id.
    """
    filters = RunsFilter(job_name=job, statuses=UNDER_WAY, tags=tags)
    under_way = DagsterInstance.get().get_run_records(filters, limit=1)
    if under_way:
        return under_way[0].dagster_run.run_id
    client = DagsterGraphQLClient("127.0.0.1", port_number=port)
    return client.submit_job_execution(job, tags=tags)


def is_done(fingerprint: str) -> bool:
    """Whether a fit with this fingerprint, which comes last, has succeeded."""
    filters = RunsFilter(
        job_name=fit_job.name,
        statuses=[DagsterRunStatus.SUCCESS],
        tags={FINGERPRINT_TAG: fingerprint},
    )
    return bool(DagsterInstance.get().get_run_records(filters, limit=1))


def refresh(
    first: str, last: str, fingerprint: str, port: int, console: Console, *, fit: bool
) -> bool:
    """Load the days, then rebuild with what landed, also where a dataset did not.

    Args:
        first: first day.
        last: last day, included.
        fingerprint: what the runs are marked with.
        port: of Dagster's web server.
        console: shows the progress.
        fit: fit the purchase models to what was built, too.

    Returns:
        Whether all succeeded. Only then the build and the fit bear the fingerprint.
    """
    load_tags = {**day_range(first, last), FINGERPRINT_TAG: fingerprint}
    loaded = follow(submit(load_job.name, load_tags, port), load_job.name, console)
    build_tags = {FINGERPRINT_TAG: fingerprint if loaded else f"incomplete-{fingerprint}"}
    built = follow(submit(build_job.name, build_tags, port), build_job.name, console)
    if not (fit and built):
        return loaded and built
    return follow(submit(fit_job.name, build_tags, port), fit_job.name, console) and loaded


def follow(run_id: str, job: str, console: Console) -> bool:
    """Show a run's steps as they come and go.

    Returns:
        Whether it succeeded. Why it did not is printed.
    """
    console.print(f"  {job}: run {run_id}", highlight=False)
    instance = DagsterInstance.get()
    cursor: str | None = None
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        steps = progress.add_task(job, total=None)
        while True:
            finished = _status(instance, run_id) in FINISHED
            page = instance.get_records_for_run(run_id, cursor=cursor, ascending=True)
            cursor = page.cursor
            for record in page.records:
                _report(record.event_log_entry, progress, steps)
            if finished and not page.has_more:
                return _status(instance, run_id) is DagsterRunStatus.SUCCESS
            if not page.has_more:
                time.sleep(POLL_SECONDS)


def _status(instance: DagsterInstance, run_id: str) -> DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    return run.status if run else DagsterRunStatus.NOT_STARTED


def _report(entry: EventLogEntry, progress: Progress, steps: TaskID) -> None:
    """Print what a person wants to see of one event."""
    event = entry.dagster_event
    clock = datetime.fromtimestamp(entry.timestamp).astimezone().strftime("%H:%M:%S")
    step = entry.step_key or ""
    if event is None:
        if int(entry.level) >= logging.INFO:
            words = shorten(entry.user_message, LINE_LENGTH, placeholder=" …")
            _print(progress, f"  {clock} {step}: {escape(words)}")
        return
    match event.event_type:
        case DagsterEventType.RUN_START:
            _print(progress, f"  {clock} run started")
        case DagsterEventType.STEP_START:
            _print(progress, f"  {clock} {step}: started")
        case DagsterEventType.STEP_SUCCESS:
            progress.advance(steps)
            seconds = event.step_success_data.duration_ms / 1000
            _print(progress, f"  {clock} {step}: done in {seconds:.1f} s")
        case DagsterEventType.STEP_FAILURE | DagsterEventType.RUN_FAILURE:
            _print(progress, f"  {clock} [red]{step} failed[/red]: {escape(str(event.message))}")
            _print(progress, escape(reason(event)))


def _print(progress: Progress, line: str) -> None:
    """One line, unbroken also where it is longer than a log's assumed width."""
    progress.console.print(line, highlight=False, soft_wrap=True)


@click.command()
@click.option("--since", help="First day (UTC); default: the first of history.")
@click.option("--till", help="Last day (UTC), included; default: today.")
@click.option("--fingerprint", default="manual", help="What the run is marked with.")
@click.option("--fit", is_flag=True, help="Fit the purchase models, too.")
@click.option("--is-done", "ask", is_flag=True, help="Only ask whether such a fit succeeded.")
def main(since: str | None, till: str | None, fingerprint: str, *, fit: bool, ask: bool) -> None:
    """Refresh a range of days and show the progress; a dataset that fails stops no other."""
    if ask:
        sys.exit(0 if is_done(fingerprint) else 1)
    first, last = all_days()
    port = int(os.environ.get("DAGSTER_PORT") or 3000)
    done = refresh(since or first, till or last, fingerprint, port, Console(), fit=fit)
    sys.exit(0 if done else 1)


if __name__ == "__main__":
    main()
