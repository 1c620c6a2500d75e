"""Whether schedules and sensors run by themselves: setting DAGSTER_AUTOMATION."""

import os

from dagster import DefaultScheduleStatus, DefaultSensorStatus


def is_on() -> bool:
    """On in production; off where data are a fixed history, as in the demo.

    A switch turned in Dagster's web page goes before it.
    """
    return os.environ.get("DAGSTER_AUTOMATION", "").lower() == "on"


def schedule_status() -> DefaultScheduleStatus:
    """The state that a schedule has before anybody turns its switch."""
    return DefaultScheduleStatus.RUNNING if is_on() else DefaultScheduleStatus.STOPPED


def sensor_status() -> DefaultSensorStatus:
    """The state that a sensor has before anybody turns its switch."""
    return DefaultSensorStatus.RUNNING if is_on() else DefaultSensorStatus.STOPPED
