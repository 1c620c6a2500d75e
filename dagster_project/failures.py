"""A failed run says what failed, of which days, why, and which section of the runbook helps.

The message goes to Dagster's log, to the file `failures.log` of the instance, and to the webhook
that the setting ALERT_WEBHOOK_URL names, which takes `{"text": …}` (Slack, Mattermost and others).
"""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from textwrap import shorten

import requests
from dagster import (
    AssetCheckSeverity,
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DefaultSensorStatus,
    RunFailureSensorContext,
    run_failure_sensor,
)

from dagster_project.runbook import RUNBOOK, Section

FAILURES_FILE = "failures.log"
# Tests against Mindbox's own report have a section of their own.
RECONCILIATION_MART = "mart_mailing_reconciliation"
DBT_STEP = "dbt"
DBT_SAYS = "Errors parsed from dbt logs:"
WEBHOOK_SECONDS = 10
LONGEST_CAUSE = 600
LINK = re.compile(rf"\(see {re.escape(RUNBOOK)}#[a-z-]+\)")


def message(instance: DagsterInstance, run: DagsterRun, *, of_run: str) -> str:
    """What went wrong in a run, one line per cause.

    Data tests that failed come before the step that they stopped, whose own words say less.

    Args:
        instance: that holds the run's events.
        run: the failed run.
        of_run: what the run as a whole said, for one that failed outside its steps.
    """
    causes = [*_failed_tests(instance, run), *_failed_steps(instance, run)]
    causes = causes or [_located(of_run, Section.RUN)]
    return "\n".join(f"{run.job_name} {run.run_id[:8]} failed: {cause}" for cause in causes)


def reason(event: DagsterEvent) -> str:
    """The innermost words of a failure event."""
    data = event.event_specific_data
    failure = getattr(data, "user_failure_data", None)
    if failure is not None and failure.description:
        return str(failure.description)
    error = getattr(data, "error", None)
    while error is not None and error.cause is not None:
        error = error.cause
    return str(error.message) if error is not None else ""


def _failed_tests(instance: DagsterInstance, run: DagsterRun) -> Iterator[str]:
    of_type = DagsterEventType.ASSET_CHECK_EVALUATION
    for entry in instance.all_logs(run.run_id, of_type=of_type):
        test = entry.get_dagster_event().asset_check_evaluation_data
        if test.passed or test.severity is not AssetCheckSeverity.ERROR:
            continue
        reconciles = test.asset_key.path[-1] == RECONCILIATION_MART
        section = Section.RECONCILIATION if reconciles else Section.DATA_TEST
        name = f"{test.asset_key.to_user_string()}: data test {test.check_name} does not pass"
        yield _located(name, section)


def _failed_steps(instance: DagsterInstance, run: DagsterRun) -> Iterator[str]:
    for entry in instance.all_logs(run.run_id, of_type=DagsterEventType.STEP_FAILURE):
        section = Section.MODEL if entry.step_key == DBT_STEP else Section.RUN
        words = reason(entry.get_dagster_event()).split(DBT_SAYS)[-1]
        yield f"{entry.step_key}: {_located(words, section)}"


def _located(words: str, section: Section) -> str:
    """The words on one line, however long, and the section to read: their own or this one."""
    own = LINK.search(words)
    link = own[0] if own else f"(see {section.link})"
    line = shorten(words.replace(link, ""), LONGEST_CAUSE, placeholder=" …")
    return f"{line} {link}"


# Also where nothing runs by itself: a person who started a run wants to know as well.
@run_failure_sensor(default_status=DefaultSensorStatus.RUNNING)
def report_failure(context: RunFailureSensorContext) -> None:
    """Write what failed where people and machines find it.

    Raises:
        requests.RequestException: the webhook did not take it; the sensor's tick shows that.
    """
    said = context.failure_event.message or ""
    text = message(context.instance, context.dagster_run, of_run=said)
    context.log.error(text)
    write(Path(context.instance.root_directory) / FAILURES_FILE, text)
    if webhook := os.environ.get("ALERT_WEBHOOK_URL"):
        requests.post(webhook, json={"text": text}, timeout=WEBHOOK_SECONDS).raise_for_status()


def write(file: Path, text: str) -> None:
    """Append the lines to a file, each with the time (UTC)."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    with file.open("a", encoding="utf-8") as lines:
        lines.writelines(f"{now} {line}\n" for line in text.splitlines())
