"""What is asked for, by kind of dataset."""

from datetime import UTC, date, datetime, timedelta

import pytest

from mindbox_extract.datasets import DATASETS
from mindbox_extract.errors import ConfigurationError, WindowError
from mindbox_extract.planning import plan
from mindbox_extract.project import Project
from mindbox_extract.window import Window

NOW = datetime(2024, 7, 15, 21, 30, 40, tzinfo=UTC)  # 16 July, half past midnight in Moscow


def window(since: str, till: str) -> Window:
    return Window(
        datetime.fromisoformat(since).replace(tzinfo=UTC),
        datetime.fromisoformat(till).replace(tzinfo=UTC),
    )


def test_a_backfill_of_events_takes_long_windows_and_day_partitions(project: Project) -> None:
    spec = DATASETS["message_statuses"]
    units = plan(spec, window("2024-01-01", "2024-03-10"), project, NOW)
    assert [str(unit.window) for unit in units] == [
        "2024-01-01..2024-02-01",
        "2024-02-01..2024-03-03",
        "2024-03-03..2024-03-10",
    ]
    days = [partition for unit in units for (partition,) in unit.partitions(spec)]
    assert days == [date(2024, 1, 1) + timedelta(days=n) for n in range(69)]


def test_merges_are_asked_day_by_day_and_share_a_stage(project: Project) -> None:
    spec = DATASETS["customer_merges"]
    (unit,) = plan(spec, window("2024-02-27", "2024-03-02"), project, NOW)
    asked = [unit.columns(spec, request)["merged_on"] for request in unit.requests]
    assert asked == ["2024-02-27", "2024-02-28", "2024-02-29", "2024-03-01"]


def test_reports_take_calendar_months_up_to_the_last_local_day_that_is_over(
    project: Project,
) -> None:
    spec = DATASETS["mailing_report_summary"]
    units = plan(spec, window("2024-06-30", "2024-07-16"), project, NOW)
    assert [unit.columns(spec, unit.requests[0]) for unit in units] == [
        {"taken_on": "2024-07-16", "period_start": "2024-06-01", "period_end": "2024-06-30"},
        {"taken_on": "2024-07-16", "period_start": "2024-07-01", "period_end": "2024-07-15"},
    ]
    assert units[1].partitions(spec) == [(date(2024, 7, 16), date(2024, 7, 1))]


def test_a_month_without_a_day_that_is_over_is_not_asked_for(project: Project) -> None:
    first = datetime(2024, 6, 30, 21, 30, tzinfo=UTC)  # 1 July in Moscow
    spec = DATASETS["mailing_report_summary"]
    assert plan(spec, window("2024-07-01", "2024-08-01"), project, first) == []


def test_the_running_day_ends_five_minutes_ago(project: Project) -> None:
    spec = DATASETS["message_statuses"]
    (unit,) = plan(spec, window("2024-07-15", "2024-07-16"), project, NOW)
    assert str(unit.window) == "2024-07-15..2024-07-15T21:25"


@pytest.mark.parametrize("dataset", ["orders", "message_statuses", "customer_merges"])
def test_nothing_is_asked_for_that_is_younger(dataset: str, project: Project) -> None:
    assert plan(DATASETS[dataset], window("2024-07-16", "2024-07-17"), project, NOW) == []


@pytest.mark.parametrize(
    ("since", "till"),
    [("2024-05-01T12:00", "2024-05-02"), ("2024-05-01", "2024-05-01T12:00")],
)
def test_a_window_inside_a_finished_day_would_replace_it_by_a_part(
    since: str, till: str, project: Project
) -> None:
    with pytest.raises(WindowError, match="cuts a UTC day"):
        plan(DATASETS["message_statuses"], window(since, till), project, NOW)
    assert plan(DATASETS["orders"], window(since, till), project, NOW)


def test_edges_have_whole_minutes_like_the_filters(project: Project) -> None:
    with pytest.raises(WindowError, match="whole minute"):
        plan(DATASETS["orders"], window("2024-05-01T00:00:30", "2024-05-02"), project, NOW)


def test_a_filter_without_an_end_takes_one_request_whatever_the_window(project: Project) -> None:
    (unit,) = plan(DATASETS["promotions"], window("2022-01-01", "2024-07-16"), project, NOW)
    assert [str(request.window) for request in unit.requests] == ["2022-01-01..2024-07-15T21:25"]
    assert unit.partitions(DATASETS["promotions"]) == []


def test_every_segmentation_is_asked_for_and_whole_until_something_of_it_is_there(
    project: Project,
) -> None:
    spec = DATASETS["segment_changes"]
    (unit,) = plan(spec, window("2024-05-01", "2024-05-02"), project, NOW)
    assert [unit.columns(spec, request) for request in unit.requests] == [
        {"segmentation": "lifecycle"},
        {"segmentation": "loyalty"},
    ]
    asked = unit.complete({"loyalty"}).requests
    assert [(request.segmentation, request.is_whole) for request in asked] == [
        ("lifecycle", True),
        ("loyalty", False),
    ]


def test_segments_need_a_segmentation(project: Project) -> None:
    none = project.model_copy(update={"segmentations": []})
    with pytest.raises(ConfigurationError, match="`segmentations`"):
        plan(DATASETS["segment_changes"], window("2024-05-01", "2024-05-02"), none, NOW)
