"""The days of history, as Dagster partitions."""

import os

from dagster import DailyPartitionsDefinition

HISTORY_START_DEFAULT = "2023-01-01"


def history_start() -> str:
    """First day (UTC, ISO date) that is loaded: setting HISTORY_START."""
    return os.environ.get("HISTORY_START") or HISTORY_START_DEFAULT


# Days are UTC because Mindbox filters its exports by UTC; dbt shifts to project time once.
# The offset gives today its own partition, which the hourly run fills again and again.
daily = DailyPartitionsDefinition(start_date=history_start(), timezone="UTC", end_offset=1)
