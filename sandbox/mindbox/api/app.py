"""The web application."""

from __future__ import annotations

import hmac
import secrets
import time
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from sandbox.mindbox.api import answers, files, requests
from sandbox.mindbox.api.access import Access
from sandbox.mindbox.api.answers import RefusalError, protocol_error, validation_error
from sandbox.mindbox.api.faults import (
    AnyFault,
    Cancel,
    DropConnection,
    FaultBox,
    HttpError,
    MalformedRows,
    NoFiles,
    Slow,
    StaleLink,
    Truncate,
)
from sandbox.mindbox.api.operations import OPERATIONS, Operation
from sandbox.mindbox.api.settings import Gzip
from sandbox.mindbox.api.tasks import Task, Tasks
from sandbox.mindbox.world.clock import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request

    from sandbox.mindbox.api.faults import Stage
    from sandbox.mindbox.api.settings import ApiSettings
    from sandbox.mindbox.serving.rows import Rows
    from sandbox.mindbox.serving.source import Source

_WAYS = frozenset({"sync", "async", "bulk"})
_SINCE_ONLY = frozenset({"changes", "segments"})
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_FAULTS = msgspec.json.Decoder(list[AnyFault])


def application(source: Source, settings: ApiSettings) -> Starlette:
    """The API over a source."""
    api = _Api(source, settings)
    return Starlette(
        routes=[
            Route("/v3/operations/{way}", api.operation, methods=["POST"]),
            Route("/files/{export_id}/{name}", api.file, methods=["GET"]),
            Route("/sandbox/period", api.period, methods=["GET"]),
            Route("/sandbox/faults", api.control, methods=["GET", "PUT", "POST", "DELETE"]),
            Route("/{path:path}", api.unknown, methods=["GET", "POST", "PUT", "DELETE", "HEAD"]),
        ]
    )


class _Api:
    def __init__(self, source: Source, settings: ApiSettings) -> None:
        self._source = source
        self._settings = settings
        self._faults = FaultBox()
        self._access = Access(settings)
        self._tasks = Tasks()
        self._signing_key = secrets.token_bytes(16)

    async def operation(self, request: Request) -> Response:
        """POST /v3/operations/{sync|async|bulk}."""
        if self._access.is_shut_out(_caller(request)):
            return answers.error(429)
        if request.path_params["way"] not in _WAYS:
            return await self.unknown(request)
        content = await request.body()
        try:
            return await run_in_threadpool(self._called, request, content)
        except RefusalError as refusal:
            return refusal.response

    async def unknown(self, request: Request) -> Response:
        """Any other path: 404 without a body, and 429 for whoever keeps trying."""
        caller = _caller(request)
        if self._access.is_shut_out(caller):
            return answers.error(429)
        self._access.lost(caller)
        return answers.error(404)

    async def period(self, request: Request) -> Response:
        """GET the span of the data, which Mindbox itself does not tell: [since, until), UTC."""
        try:
            self._local(request)
        except RefusalError as refusal:
            return refusal.response
        span = {
            name: datetime.fromtimestamp(at / 1000, UTC).isoformat()
            for name, at in (("since", self._source.since), ("until", self._source.until))
        }
        return Response(msgspec.json.encode(span), media_type="application/json")

    async def control(self, request: Request) -> Response:
        """Faults in force: GET them, PUT a new list, POST one more, DELETE all."""
        try:
            self._local(request)
            content = await request.body()
            if request.method == "PUT":
                self._faults.replace(_FAULTS.decode(content))
            elif request.method == "POST":
                self._faults.add(msgspec.json.decode(content, type=AnyFault))
            elif request.method == "DELETE":
                self._faults.replace([])
        except RefusalError as refusal:
            return refusal.response
        except msgspec.DecodeError as error:
            return answers.error(400, str(error))
        return Response(msgspec.json.encode(self._faults.current()), media_type="application/json")

    def _local(self, request: Request) -> None:
        """Let in whoever calls from this machine with the key."""
        if _caller(request) not in _LOOPBACK:
            raise RefusalError(answers.error(404))
        self._access.authorize(request.headers.get("Authorization"), exports=True)

    async def file(self, request: Request) -> Response:
        """GET a part of an export by its signed link; no key is asked for."""
        task = self._tasks.find(request.path_params["export_id"])
        part = request.path_params["name"].split(".")[0]
        if task is None or not part.isdecimal() or not 1 <= int(part) <= task.files.parts:
            return await self.unknown(request)
        if not self._signed(request) or self._faults.strike(StaleLink, task.operation):
            return Response("Request has expired", status_code=403)
        if struck := self._faults.strike(HttpError, task.operation, stage="file"):
            return answers.error(struck.status, retry_after=struck.retry_after)
        return self._part(task, int(part))

    def _part(self, task: Task, part: int) -> Response:
        malformed = self._faults.standing(MalformedRows, task.operation)
        chunks: Iterable[bytes] = task.files.chunks(part - 1, malformed)
        if cut := self._faults.strike(Truncate, task.operation, part=part):
            chunks = files.truncated(chunks, cut.share)
        headers = {}
        media_type = task.files.media_type
        if self._settings.gzip is not Gzip.NONE:
            chunks = files.gzipped(chunks)
        if self._settings.gzip is Gzip.ENCODING:
            headers["Content-Encoding"] = "gzip"
        elif self._settings.gzip is Gzip.FILE:
            media_type = "application/gzip"
        if drop := self._faults.strike(DropConnection, task.operation, part=part):
            chunks = files.dropped(chunks, drop.after_bytes)
        return StreamingResponse(chunks, media_type=media_type, headers=headers)

    def _called(self, request: Request, content: bytes) -> Response:
        name = request.query_params.get("operation", "")
        operation = OPERATIONS.get(name)
        self._access.authorize(
            request.headers.get("Authorization"),
            exports=operation is not None and operation.is_export,
        )
        if not hmac.compare_digest(
            request.query_params.get("endpointId", "").encode(),
            self._settings.endpoint_id.encode(),
        ):
            raise protocol_error(400, "The integration point of endpointId does not exist")
        if operation is None:
            raise protocol_error(400, f"Operation {name!r} does not exist at this endpoint")
        self._access.count(operation.name)
        body = requests.body_of(content)
        self._strike(operation, _stage(operation, body))
        if request.path_params["way"] == "bulk":
            raise protocol_error(400, f"Operation {name!r} does not import files")
        if request.path_params["way"] == "async":
            return answers.success()
        if operation.step == "merges":
            return self._merges(body)
        if "exportId" in body:
            return self._polled(request, operation, body["exportId"])
        return self._started(operation, body)

    def _strike(self, operation: Operation, stage: Stage) -> None:
        if struck := self._faults.strike(HttpError, operation.name, stage=stage):
            raise RefusalError(answers.error(struck.status, retry_after=struck.retry_after))

    def _merges(self, body: dict[str, Any]) -> Response:
        since, till, skip, count = requests.page(body, self._source.until)
        entries, total = self._source.merges.page(since, till, skip, count)
        return answers.success(customerMerges=entries, totalCount=total)

    def _started(self, operation: Operation, body: dict[str, Any]) -> Response:
        filters = msgspec.json.encode(body, order="deterministic").decode()
        chosen, days = self._files(operation, body)
        if running := self._tasks.running(operation.name, filters):
            return answers.success(exportId=running.export_id, isDuplicate=True)
        slow = self._faults.strike(Slow, operation.name)
        seconds = self._settings.readiness_seconds + (slow.seconds if slow else 0.0)
        cancelled = self._cancellation(operation, days)
        task = self._tasks.start(operation.name, filters, chosen, seconds, cancelled)
        return answers.success(exportId=task.export_id)

    def _files(self, operation: Operation, body: dict[str, Any]) -> tuple[files.ExportFiles, float]:
        """What the export offers, and the days that its window spans."""
        source = self._source
        if operation.step == "report":
            first, last = requests.period(body)
            content = source.reports[operation.root].csv(first, last)
            return files.CsvFile(content), (last - first).days + 1.0
        if operation.step in _SINCE_ONLY:
            since, till = requests.since(body), source.until
        else:
            since, till = requests.window(body, source.until)
        days = (till - since) / DAY
        if operation.step == "table":
            return files.CsvFile(source.tables[operation.root].csv(since, till)), days
        if operation.step == "segments":
            rows = self._segmentation(requests.segmentation(body))
        else:
            rows = source.rows[operation.root]
        selected = rows.select(since, till)
        return files.JsonFiles(rows, selected, self._settings.part_rows), days

    def _segmentation(self, name: str) -> Rows:
        rows = self._source.segments(name)
        if rows is None:
            raise validation_error(
                f"Segmentation {name!r} is not found", requests.SEGMENTATION_PATH
            )
        return rows

    def _cancellation(self, operation: Operation, days: float) -> str:
        standing = self._faults.standing(Cancel, operation.name)
        if not any(days > fault.longer_than_days for fault in standing):
            return ""
        struck = self._faults.strike(Cancel, operation.name)
        return struck.reason if struck else ""

    def _polled(self, request: Request, operation: Operation, export_id: object) -> Response:
        task = self._tasks.find(str(export_id))
        if task is None or task.operation != operation.name:
            raise validation_error(f"Export {export_id} is not found", "/exportId")
        if not task.is_done:
            return answers.success(exportResult={"processingStatus": "NotReady"})
        if task.cancellation_reason:
            result = {
                "processingStatus": "Cancelled",
                "cancellationReason": task.cancellation_reason,
            }
            return answers.success(exportResult=result)
        links = [self._link(request, task, n + 1) for n in range(task.files.parts)]
        if self._faults.strike(NoFiles, operation.name):
            links = []
        return answers.success(exportResult={"processingStatus": "Ready", "urls": links})

    def _link(self, request: Request, task: Task, part: int) -> str:
        packed = ".gz" if self._settings.gzip is Gzip.FILE else ""
        path = f"/files/{task.export_id}/{part}.{task.files.suffix}{packed}"
        expires = f"{time.time() + self._settings.link_seconds:.3f}"
        base = f"{request.url.scheme}://{request.url.netloc}"
        return f"{base}{path}?expires={expires}&signature={self._signature(path, expires)}"

    def _signature(self, path: str, expires: str) -> str:
        return hmac.new(self._signing_key, f"{path}?{expires}".encode(), sha256).hexdigest()

    def _signed(self, request: Request) -> bool:
        expires = request.query_params.get("expires", "0")
        expected = self._signature(request.url.path, expires)
        given = request.query_params.get("signature", "")
        return hmac.compare_digest(expected.encode(), given.encode()) and time.time() < float(
            expires
        )


def _stage(operation: Operation, body: dict[str, Any]) -> Stage:
    if not operation.is_export:
        return "page"
    return "poll" if "exportId" in body else "start"


def _caller(request: Request) -> str:
    return request.client.host if request.client else ""
