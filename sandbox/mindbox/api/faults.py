"""Faults that a test can order: what goes wrong, where, and how many times."""

from __future__ import annotations

import threading
from typing import Literal, TypeVar

import msgspec

Stage = Literal["start", "poll", "page", "file"]


class Fault(msgspec.Struct, tag_field="kind", forbid_unknown_fields=True, kw_only=True):
    """Common part of all faults.

    Attributes:
        operation: the operation concerned; any when empty.
        times: how often it strikes; without end when null.
    """

    operation: str = ""
    times: int | None = None


class HttpError(Fault, tag="http_error"):
    """Answer calls with an error status (429, 500, 502, 503, 504, …).

    `retry_after` is the header's value in seconds; the header is left out when null.
    """

    status: int
    stage: Stage | None = None
    retry_after: int | None = None


class Cancel(Fault, tag="cancel"):
    """Cancel exports once they are made: all, or those of windows longer than so many days."""

    reason: str = "Превышен внутренний лимит ресурсов"
    longer_than_days: float = 0.0


class Slow(Fault, tag="slow"):
    """Make exports take longer."""

    seconds: float


class Truncate(Fault, tag="truncate"):
    """Send only the first share of a file, with a well-formed HTTP answer."""

    share: float = 0.5
    part: int | None = None


class DropConnection(Fault, tag="drop_connection"):
    """Break the connection off after so many bytes of a file."""

    after_bytes: int = 1000
    part: int | None = None


class StaleLink(Fault, tag="stale_link"):
    """Refuse a good link with 403, as if it had expired."""


class MalformedRows(Fault, tag="malformed_rows"):
    """Spoil rows: those of the given numbers and a share of all (see `serving.breakage`)."""

    share: float = 0.0
    numbers: list[int] = []


class NoFiles(Fault, tag="no_files"):
    """Say Ready with an empty list of links."""


AnyFault = (
    HttpError | Cancel | Slow | Truncate | DropConnection | StaleLink | MalformedRows | NoFiles
)
Kind = TypeVar("Kind", bound=Fault)


class FaultBox:
    """The faults in force. Safe to use from several threads."""

    def __init__(self) -> None:
        self._faults: list[AnyFault] = []
        self._lock = threading.Lock()

    def replace(self, faults: list[AnyFault]) -> None:
        """Put these in force instead of all others."""
        with self._lock:
            self._faults = list(faults)

    def add(self, fault: AnyFault) -> None:
        """Put one more in force."""
        with self._lock:
            self._faults.append(fault)

    def current(self) -> list[AnyFault]:
        """Those in force, with the times they have left."""
        with self._lock:
            return list(self._faults)

    def standing(self, kind: type[Kind], operation: str) -> list[Kind]:
        """Faults of a kind that concern the operation; not counted as a strike."""
        return [f for f in self.current() if isinstance(f, kind) and _concerns(f, operation)]

    def strike(
        self,
        kind: type[Kind],
        operation: str,
        *,
        stage: Stage | None = None,
        part: int | None = None,
    ) -> Kind | None:
        """The first fault of a kind that concerns the case, used up by one; None without."""
        with self._lock:
            for number, fault in enumerate(self._faults):
                if not isinstance(fault, kind) or not _concerns(fault, operation):
                    continue
                if getattr(fault, "stage", None) not in (None, stage):
                    continue
                if getattr(fault, "part", None) not in (None, part):
                    continue
                self._use_up(number, fault)
                return fault
        return None

    def _use_up(self, number: int, fault: Fault) -> None:
        if fault.times is None:
            return
        if fault.times <= 1:
            del self._faults[number]
        else:
            self._faults[number] = msgspec.structs.replace(fault, times=fault.times - 1)  # type: ignore[call-overload]


def _concerns(fault: Fault, operation: str) -> bool:
    return fault.operation in ("", operation)
