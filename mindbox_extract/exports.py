"""The export protocol: start, ask until ready, download the parts."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_exponential

from .client import MindboxClient, StaleLinkError
from .errors import ExportCancelledError, MindboxError
from .payload import Part
from .planning import Request
from .project import Project
from .spec import DatasetSpec, Filter

T = TypeVar("T")

_MINUTES = "%Y-%m-%d %H:%M"

# The documents name the reason, not its spelling, so both languages of the product are looked for.
_RESOURCE_WORDS = ("resource", "limit", "ресурс", "лимит")

OnState = Callable[[str, str], None]
"""Told of an export's states: its id, and "started", "duplicate", "waiting", "ready"."""


class _Started(msgspec.Struct, rename="camel"):
    export_id: int | str
    # The documents show a text in quotes here; a missing field means that it is none.
    is_duplicate: bool | str | None = None


class _Result(msgspec.Struct, rename="camel"):
    processing_status: str
    urls: list[str] | None = None
    cancellation_reason: str | None = None


class _Polled(msgspec.Struct, rename="camel"):
    export_result: _Result


class Exports:
    """Runs exports one after another, so that one load never holds both of the two places."""

    def __init__(self, client: MindboxClient, project: Project, on_state: OnState) -> None:
        self._client = client
        self._project = project
        self._on_state = on_state

    def parts(self, spec: DatasetSpec, request: Request, where: str) -> Iterator[Part]:
        """Parts of the export for a request.

        An export that Mindbox gives up for its resources is asked for again in two halves, down to
        one day.

        Raises:
            ExportCancelledError: it was given up for another reason, or cannot be halved.
            MindboxError: anything else that Mindbox answers or does not answer.
        """
        try:
            export_id, urls = self._ready(spec, request, where)
        except ExportCancelledError as error:
            halves = request.window.halves() if spec.filter is Filter.UTC_TIMES else None
            if not error.for_resources or halves is None:
                raise
            self._on_state("", "halved")
            for half in halves:
                days = half.days()
                yield from self.parts(
                    spec, Request(half, days[0], days[-1]), f"{where} halved to {half}"
                )
            return
        for number in range(len(urls)):
            place = f"{where}, export {export_id}, part {number + 1} of {len(urls)}"
            try:
                file = self._client.download(urls[number], place)
            except StaleLinkError:
                # Links live shorter than files: the same export gives fresh ones.
                urls = self._poll(spec, export_id, where)
                file = self._client.download(urls[number], place)
            yield Part(file, str(export_id), number + 1)

    def _ready(
        self, spec: DatasetSpec, request: Request, where: str
    ) -> tuple[int | str, list[str]]:
        operation = self._project.operation(spec.name)
        answer = self._client.call(operation, _filter(spec, request), where)
        started = _read(answer, _Started, where)
        state = "duplicate" if started.is_duplicate else "started"
        self._on_state(str(started.export_id), state)
        return started.export_id, self._poll(spec, started.export_id, where)

    def _poll(self, spec: DatasetSpec, export_id: int | str, where: str) -> list[str]:
        polling = self._project.polling
        operation = self._project.operation(spec.name)

        def ask() -> _Result:
            answer = self._client.call(operation, {"exportId": export_id}, where)
            return _read(answer, _Polled, where).export_result

        def give_up(_: Any) -> _Result:
            raise MindboxError(
                f"{where}: export {export_id} is not ready after "
                f"{polling.give_up_after_seconds:.0f} s; load again later (a running export is "
                "found again), or shorten windows.export_days in the project file",
                is_passing=True,
            )

        attempts = Retrying(
            retry=retry_if_result(lambda result: result.processing_status == "NotReady"),
            wait=wait_exponential(polling.first_wait_seconds, max=polling.longest_wait_seconds),
            stop=stop_after_delay(polling.give_up_after_seconds),
            before_sleep=lambda _: self._on_state(str(export_id), "waiting"),
            retry_error_callback=give_up,
        )
        result = attempts(ask)
        if result.processing_status == "Cancelled":
            raise _cancelled(result.cancellation_reason or "no reason given", export_id, where)
        if result.processing_status != "Ready":
            raise MindboxError(
                f"{where}: export {export_id} is in the unknown state "
                f"{result.processing_status!r}; the API has changed, see BEHAVIOR.md"
            )
        if not result.urls:
            raise MindboxError(
                f"{where}: export {export_id} is ready but has no files; is the operation set to "
                "send files to FTP?"
            )
        self._on_state(str(export_id), "ready")
        return result.urls


def _filter(spec: DatasetSpec, request: Request) -> dict[str, Any]:
    if spec.filter is Filter.LOCAL_DATES:
        return {"sinceDate": request.first.isoformat(), "tillDate": request.last.isoformat()}
    if spec.filter is Filter.UTC_SINCE:
        asked: dict[str, Any] = {}
        if request.segmentation:
            asked["segmentation"] = {"ids": {"externalId": request.segmentation}}
        if not request.is_whole:
            asked["sinceDateTimeUtc"] = _minutes(request.window.since)
        return asked
    return {
        "sinceDateTimeUtc": _minutes(request.window.since),
        "tillDateTimeUtc": _minutes(request.window.till),
    }


def _minutes(moment: datetime) -> str:
    return moment.strftime(_MINUTES)


def _cancelled(reason: str, export_id: int | str, where: str) -> ExportCancelledError:
    for_resources = any(word in reason.lower() for word in _RESOURCE_WORDS)
    advice = (
        "one request cannot be made smaller; ask Mindbox support to raise the limit"
        if for_resources
        else "see who cancelled it in Mindbox, then load again"
    )
    return ExportCancelledError(
        f"{where}: Mindbox cancelled export {export_id} ({reason}); {advice}",
        for_resources=for_resources,
    )


def _read(answer: bytes, type_: type[T], where: str) -> T:
    try:
        return msgspec.json.decode(answer, type=type_)
    except msgspec.DecodeError as error:
        raise MindboxError(
            f"{where}: an answer without the expected fields ({error}); does the operation in the "
            "project file export to files?"
        ) from None
