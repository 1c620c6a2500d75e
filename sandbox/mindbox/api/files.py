"""Files of exports: rendered when they are downloaded, part by part, chunk by chunk."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sandbox.mindbox.serving import breakage, json_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sandbox.mindbox.api.faults import MalformedRows
    from sandbox.mindbox.serving.rows import Rows
    from sandbox.mindbox.world.arrays import Array

_CHUNK_ROWS = 20_000
_GZIP = 16 + zlib.MAX_WBITS


class ExportFiles(Protocol):
    """The files that one export offers."""

    @property
    def suffix(self) -> str:
        """End of the files' names."""

    @property
    def media_type(self) -> str:
        """Their media type."""

    @property
    def parts(self) -> int:
        """How many files."""

    def chunks(self, part: int, malformed: list[MalformedRows]) -> Iterator[bytes]:
        """The file of a part (from 0), uncompressed."""


@dataclass(frozen=True)
class JsonFiles:
    """Rows in files of one root array each; an export without rows has one file all the same."""

    rows: Rows
    selected: Array
    part_rows: int
    suffix: str = "json"
    media_type: str = "application/json; charset=utf-8"

    @property
    def parts(self) -> int:
        """How many files."""
        return max(1, -(-len(self.selected) // self.part_rows))

    def chunks(self, part: int, malformed: list[MalformedRows]) -> Iterator[bytes]:
        """The file of a part as an object with one root array."""
        yield f'{{"{self.rows.root}":['.encode()
        start = part * self.part_rows
        stop = min(start + self.part_rows, len(self.selected))
        for first in range(start, stop, _CHUNK_ROWS):
            chosen = self.selected[first : min(first + _CHUNK_ROWS, stop)]
            texts = self.rows.render(chosen)
            for fault in malformed:
                broken = breakage.is_broken(self.rows.numbers(chosen), fault.share, fault.numbers)
                texts = breakage.spoil(self.rows, chosen, texts, broken)
            yield (b"," if first > start else b"") + json_text.body(texts)
        yield b"]}"


@dataclass(frozen=True)
class CsvFile:
    """A report or a table: one CSV file."""

    content: bytes
    suffix: str = "csv"
    media_type: str = "text/csv; charset=utf-8"
    parts: int = 1

    def chunks(self, part: int, malformed: list[MalformedRows]) -> Iterator[bytes]:  # noqa: ARG002
        """The file, whichever part is asked for: there is but one."""
        content = self.content
        for fault in malformed:
            content = breakage.spoil_csv(content, fault.share, fault.numbers)
        yield content


def gzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks as one gzip stream; the quickest level, as nothing is stored."""
    packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
    for chunk in chunks:
        if packed := packer.compress(chunk):
            yield packed
    yield packer.flush()


def truncated(chunks: Iterable[bytes], share: float) -> Iterator[bytes]:
    """The first share of the bytes."""
    whole = b"".join(chunks)
    yield whole[: int(len(whole) * share)]


def dropped(chunks: Iterable[bytes], after_bytes: int) -> Iterator[bytes]:
    """The first bytes, then a failure that makes the server drop the connection."""
    left = after_bytes
    for chunk in chunks:
        yield chunk[:left]
        left -= len(chunk)
        if left <= 0:
            break
    raise ConnectionAbortedError(f"dropped after {after_bytes} bytes, as ordered")
