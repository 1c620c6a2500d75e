"""Export tasks: at most two are made at once, the rest wait their turn."""

from __future__ import annotations

import heapq
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.mindbox.api.files import ExportFiles

RUNNING_AT_ONCE = 2
_FIRST_ID = 61_001
_IDS_PER_SECOND = 10


@dataclass(frozen=True)
class Task:
    """One export.

    Attributes:
        export_id: a string of digits, as the documents show it.
        operation: the operation that started it.
        filters: its request body, by which duplicates are known.
        files: what it will offer.
        cancellation_reason: why it will be cancelled instead; empty if it will not.
        starts_at, ready_at: `time.monotonic` moments between which it is being made.
    """

    export_id: str
    operation: str
    filters: str
    files: ExportFiles
    cancellation_reason: str
    starts_at: float
    ready_at: float

    @property
    def is_done(self) -> bool:
        """It is ready, or cancelled."""
        return time.monotonic() >= self.ready_at


class Tasks:
    """All exports of the project."""

    def __init__(self) -> None:
        # Ids go on growing over restarts, so that an old id never means a new export.
        self._first_id = _FIRST_ID + int(time.time() * _IDS_PER_SECOND)
        self._tasks: dict[str, Task] = {}
        self._free_at = [0.0] * RUNNING_AT_ONCE
        self._lock = threading.Lock()

    def running(self, operation: str, filters: str) -> Task | None:
        """The export with the same settings that is still being made, or waiting to be."""
        with self._lock:
            same = (
                task
                for task in self._tasks.values()
                if (task.operation, task.filters) == (operation, filters) and not task.is_done
            )
            return next(same, None)

    def start(
        self, operation: str, filters: str, files: ExportFiles, seconds: float, cancelled: str
    ) -> Task:
        """Queue an export that takes so many seconds once one of the two places is free."""
        with self._lock:
            starts_at = max(time.monotonic(), heapq.heappop(self._free_at))
            heapq.heappush(self._free_at, starts_at + seconds)
            task = Task(
                export_id=str(self._first_id + len(self._tasks)),
                operation=operation,
                filters=filters,
                files=files,
                cancellation_reason=cancelled,
                starts_at=starts_at,
                ready_at=starts_at + seconds,
            )
            self._tasks[task.export_id] = task
            return task

    def find(self, export_id: str) -> Task | None:
        """The export of an id."""
        with self._lock:
            return self._tasks.get(export_id)
