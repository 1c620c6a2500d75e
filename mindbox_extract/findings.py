"""What `doctor` finds."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad a finding is; only errors make the exit code."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """One thing that was checked.

    Attributes:
        subject: the dataset, or "environment", "warehouse" or "project".
        message: what was found, and for anything but `OK` what it costs or what to do.
    """

    level: Level
    subject: str
    message: str
