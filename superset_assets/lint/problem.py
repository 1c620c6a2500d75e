"""What a rule finds."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with one file."""

    path: Path
    message: str
