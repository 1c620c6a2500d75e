"""Peak memory of this process and of everything it started."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

import psutil

if TYPE_CHECKING:
    from types import TracebackType

_SECONDS_BETWEEN_LOOKS = 0.25
_GIGABYTE = 1 << 30


class PeakMemory:
    """Watches resident memory while its context lasts.

    Attributes:
        gigabytes: the most that all processes together held at one look.
    """

    def __init__(self) -> None:
        self.gigabytes = 0.0
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._watcher.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._watcher.join()

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._ended.wait(_SECONDS_BETWEEN_LOOKS):
            held = sum(_resident(process) for process in (me, *me.children(recursive=True)))
            self.gigabytes = max(self.gigabytes, held / _GIGABYTE)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        # It ended between being listed and being looked at.
        return 0
