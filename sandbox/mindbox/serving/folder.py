"""A folder of NDJSON files served as a Mindbox project: real data, or data of other systems.

One file per root array (`customers.ndjson`, `orders.ndjson`, `customerMessageStatuses.ndjson`,
`mailings.ndjson`, `customerActions.ndjson`, `customerMerges.ndjson`, `promotions.ndjson`,
`customerSegments.ndjson`), `products.ndjson` with the columns of the CSV, `summaryReport.ndjson`
and `dynamicsReport.ndjson`; one row per line, in the API's shape. A missing file is an empty
dataset. Large files are indexed once by the moments of their rows and read from disk when served.
"""

from __future__ import annotations

import mmap
import re
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sandbox.mindbox.serving.csv_text import as_csv
from sandbox.mindbox.serving.products import COLUMNS as PRODUCT_COLUMNS
from sandbox.mindbox.serving.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from pathlib import Path

    from sandbox.mindbox.world.arrays import Array, Ints


class FolderError(Exception):
    """A file of the folder cannot be served; the text says which line and why."""


class _Status(msgspec.Struct, rename={"at": "dateTimeUtc"}):
    at: str | None = None


class _Line(msgspec.Struct, rename="camel"):
    status: _Status | None = None
    status_date_time_utc: str | None = None


class _FirstAction(msgspec.Struct, rename={"at": "dateTimeUtc"}):
    at: str


class _Moments(msgspec.Struct, rename="camel"):
    """Moments of a row by which it is selected; the rest of it is not looked at."""

    def all(self) -> Iterator[str]:
        """The moments as the row writes them."""
        yield from (value for value in msgspec.structs.astuple(self) if value)


class _CustomerMoments(_Moments):
    change_date_time_utc: str


class _StatusMoments(_Moments):
    date_time_utc: str


class _MailingMoments(_Moments):
    creation_date_time_utc: str
    last_changed_date_time_utc: str | None = None


class _OrderMoments(_Moments):
    first_action: _FirstAction
    change_date_time_utc: str | None = None
    lines: list[_Line] = []

    def all(self) -> Iterator[str]:
        """Creation, the change of the order where told, status changes of lines where told."""
        lines = ((line.status and line.status.at, line.status_date_time_utc) for line in self.lines)
        told = chain([self.first_action.at, self.change_date_time_utc], *lines)
        yield from (value for value in told if value)


class _ActionMoments(_Moments):
    creation_date_time_utc: str


class _ProductMoments(_Moments, rename="pascal"):
    product_change_date_time_utc: str
    product_creation_date_time_utc: str | None = None


class _Resulting(msgspec.Struct, rename="camel"):
    change_date_time_utc: str


class _MergeMoments(_Moments):
    resulting_customer: _Resulting

    def all(self) -> Iterator[str]:
        """The change that merging was to the resulting customer."""
        yield self.resulting_customer.change_date_time_utc


_MOMENTS: dict[str, type[_Moments]] = {
    "customers": _CustomerMoments,
    "mailings": _MailingMoments,
    "customerMessageStatuses": _StatusMoments,
    "orders": _OrderMoments,
    "customerActions": _ActionMoments,
    "customerMerges": _MergeMoments,
    "products": _ProductMoments,
}
_REPORT_PERIOD = ("sinceDate", "tillDate")
_FRACTION = re.compile(r"\.(\d+)")


def source_of(folder: Path) -> Source:
    """Index a folder and serve it.

    Raises:
        FolderError: no such folder, or a row without the moments that it is selected by.
    """
    if not folder.is_dir():
        raise FolderError(
            f"{folder} is no folder; give one with NDJSON files such as orders.ndjson"
        )
    rows = {root: FileRows(folder / f"{root}.ndjson", root) for root in _MOMENTS}
    moments = [moment for r in rows.values() for moment in r.span]
    promotions = (row for _, row in _small(folder / "promotions.ndjson"))
    merges, products = rows.pop("customerMerges"), rows.pop("products")
    return Source(
        rows={**rows, "promotions": WholeFile("promotions", _texts(promotions))},
        tables={"products": ProductFile(products)},
        segments=SegmentFile(folder / "customerSegments.ndjson"),
        reports={
            name: StoredReport(folder / f"{name}Report.ndjson") for name in ("summary", "dynamics")
        },
        merges=MergeFile(merges),
        since=min(moments, default=0),
        until=max(moments, default=0) + 1,
    )


class FileRows:
    """Rows of one NDJSON file, selected by any of their moments."""

    def __init__(self, path: Path, root: str) -> None:
        self.root = root
        self._data = _mapped(path)
        ends = _line_ends(self._data)
        self._starts = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else ends
        self._ends = ends
        moments = list(self._index(path))
        at = np.array([at for at, _ in moments], np.int64)
        row = np.array([row for _, row in moments], np.int64)
        order = np.argsort(at, kind="stable")
        self._at, self._row = at[order], row[order]

    @property
    def span(self) -> tuple[int, ...]:
        """The first and the last moment of the file in ms UTC, nothing in an empty one."""
        return (int(self._at[0]), int(self._at[-1])) if len(self._at) else ()

    def select(self, since: int, till: int) -> Array:
        """Lines with any moment in [since, till)."""
        first, last = np.searchsorted(self._at, [since, till])
        return np.unique(self._row[first:last])

    def render(self, rows: Array) -> pa.Array:
        """The lines as they stand in the file."""
        runs = np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1)
        lines = pa.concat_arrays([self._run(run) for run in runs])
        return pc.ascii_trim_whitespace(lines)

    def numbers(self, rows: Array) -> Array:
        """Line numbers from 1."""
        return rows + 1

    def _run(self, rows: Array) -> pa.StringArray:
        """Lines that follow one another, line ends included: one piece of the file."""
        if not len(rows):
            return pa.array([], pa.string())
        start, end = int(self._starts[rows[0]]), int(self._ends[rows[-1]])
        offsets = np.append(self._starts[rows], end) - start
        return pa.StringArray.from_buffers(
            len(rows), pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(self._data[start:end])
        )

    def _line(self, row: int) -> bytes:
        return bytes(self._data[self._starts[row] : self._ends[row]]).strip()

    def _index(self, path: Path) -> Iterator[tuple[int, int]]:
        decoder = msgspec.json.Decoder(_MOMENTS[self.root])
        for row in range(len(self._starts)):
            line = self._line(row)
            if not line:
                continue
            try:
                moments = [_milliseconds(text) for text in decoder.decode(line).all()]
            except (msgspec.DecodeError, ValueError) as error:
                raise FolderError(f"{path}, line {row + 1}: {error}") from error
            yield from ((at, row) for at in set(moments))


class WholeFile:
    """Rows without a moment to select them by: every export holds them all."""

    def __init__(self, root: str, texts: list[str]) -> None:
        self.root = root
        self._texts = pa.array(texts, pa.string())

    def select(self, since: int, till: int) -> Array:  # noqa: ARG002
        """All rows."""
        return np.arange(len(self._texts))

    def render(self, rows: Array) -> pa.Array:
        """The rows."""
        return self._texts.take(pa.array(rows))

    def numbers(self, rows: Array) -> Array:
        """Numbers of the rows from 1."""
        return rows + 1


class SegmentFile:
    """Memberships of all segmentations; each row names its own beside the API's fields."""

    def __init__(self, path: Path) -> None:
        texts: dict[str, list[str]] = {}
        for number, row in _small(path):
            segmentation = row.pop("segmentation", None)
            if not isinstance(segmentation, str):
                raise FolderError(f"{path}, line {number}: segmentation is missing")
            texts.setdefault(segmentation, []).extend(_texts([row]))
        self._texts = texts

    def __call__(self, external_id: str) -> WholeFile:
        """The rows of one segmentation; none of one that the file does not name."""
        return WholeFile("customerSegments", self._texts.get(external_id, []))


class ProductFile:
    """Products of a file as the CSV that the API gives."""

    def __init__(self, rows: FileRows) -> None:
        self._rows = rows

    def csv(self, since: int, till: int) -> bytes:
        """The file of products created or changed in [since, till); values as they are written."""
        texts = self._rows.render(self._rows.select(since, till))
        rows = [msgspec.json.decode(text.as_py()) for text in texts]
        columns = list(dict.fromkeys(chain(PRODUCT_COLUMNS, *rows)))
        return as_csv([{name: str(row[name]) for name in row} for row in rows], columns)


class MergeFile:
    """Merges of a file, page by page."""

    def __init__(self, rows: FileRows) -> None:
        self._rows = rows

    def page(
        self, since: int, till: int, skip: int, count: int
    ) -> tuple[list[dict[str, Any]], int]:
        """Entries of [since, till) (ms UTC), `count` after `skip`; and how many there are."""
        found = self._rows.select(since, till)
        texts = self._rows.render(found[skip : skip + count])
        return [msgspec.json.decode(text.as_py()) for text in texts], len(found)


class StoredReport:
    """Answers of a report, kept as rows with the period they were asked for.

    Every row carries `sinceDate` and `tillDate` beside the `Report…` columns; a request is
    answered with the rows of exactly its period.
    """

    def __init__(self, path: Path) -> None:
        self._rows: list[dict[str, Any]] = []
        for number, row in _small(path):
            if not all(isinstance(row.get(name), str) for name in _REPORT_PERIOD):
                raise FolderError(f"{path}, line {number}: sinceDate and tillDate are missing")
            self._rows.append(row)
        columns = dict.fromkeys(chain.from_iterable(self._rows))
        told = [name for name in columns if name not in _REPORT_PERIOD]
        self._columns = told or ["ReportMailingId", "ReportDate"]

    def csv(self, since: date, till: date) -> bytes:
        """The stored answer for the period; only the heading where there is none."""
        period = (since.isoformat(), till.isoformat())
        rows = [
            {name: str(row.get(name, "")) for name in self._columns}
            for row in self._rows
            if (row["sinceDate"], row["tillDate"]) == period
        ]
        return as_csv(rows, self._columns)


def _small(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number and row of every line of a small file; none where there is no file."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    decoder = msgspec.json.Decoder(dict[str, Any])
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            yield number, decoder.decode(line)
        except msgspec.DecodeError as error:
            raise FolderError(f"{path}, line {number}: {error}") from error


def _texts(rows: Iterable[dict[str, Any]]) -> list[str]:
    return [msgspec.json.encode(row).decode() for row in rows]


def _mapped(path: Path) -> mmap.mmap | bytes:
    if not path.exists() or path.stat().st_size == 0:
        return b""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _line_ends(data: mmap.mmap | bytes) -> Ints:
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
    if len(data) and (len(ends) == 0 or ends[-1] != len(data) - 1):
        ends = np.append(ends, len(data))
    return ends.astype(np.int64)


def _milliseconds(text: str) -> int:
    # Mindbox writes 0 to 7 fraction digits; Python reads up to 6.
    moment = datetime.fromisoformat(_FRACTION.sub(lambda m: f".{m[1][:6]:0<6}", text))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)
