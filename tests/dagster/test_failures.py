"""What a failed run says."""

import pytest
from dagster import (
    AssetCheckResult,
    AssetKey,
    DagsterInstance,
    Definitions,
    asset,
    asset_check,
)

from dagster_project.failures import message
from dagster_project.runbook import Section


def said(instance: DagsterInstance, key: list[str], *, passed: bool, dies: str = "") -> str:
    """The message of a run of one model with one data test."""

    @asset(key=key)
    def model() -> None:
        if dies:
            raise RuntimeError(dies)

    @asset_check(asset=AssetKey(key), name="no_deficit")
    def no_deficit() -> AssetCheckResult:
        return AssetCheckResult(passed=passed)

    job = Definitions(
        assets=[model], asset_checks=[no_deficit]
    ).resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(instance=instance, raise_on_error=False)
    return message(instance, result.dagster_run, of_run="the worker process is gone")


@pytest.mark.parametrize(
    ("mart", "section"),
    [
        ("mart_mailing_reconciliation", Section.RECONCILIATION),
        ("wide_events", Section.DATA_TEST),
    ],
)
def test_a_failed_data_test_names_model_test_and_section(
    instance: DagsterInstance, mart: str, section: Section
) -> None:
    text = said(instance, ["marts", mart], passed=False)
    assert text.endswith(
        f"failed: marts/{mart}: data test no_deficit does not pass (see {section.link})"
    )


def test_a_failed_step_says_its_innermost_words_on_one_line(instance: DagsterInstance) -> None:
    text = said(instance, ["marts", "orders"], passed=True, dies="no space\n  left on device")
    assert text.endswith(
        f"failed: marts__orders: RuntimeError: no space left on device (see {Section.RUN.link})"
    )
    assert len(text.splitlines()) == 1


def test_however_long_the_words_the_section_they_name_is_kept(instance: DagsterInstance) -> None:
    dies = "word " * 1000 + f"(see {Section.SHRINK.link})"
    text = said(instance, ["marts", "orders"], passed=True, dies=dies)
    assert text.endswith(f"word … (see {Section.SHRINK.link})")
    assert len(text) < 1000


def test_a_run_that_died_outside_its_steps_says_what_dagster_says(
    instance: DagsterInstance,
) -> None:
    text = said(instance, ["marts", "orders"], passed=True)
    assert text.endswith(f"failed: the worker process is gone (see {Section.RUN.link})")
