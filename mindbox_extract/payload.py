"""Downloaded parts: kept in a file without a name, unpacked and unwrapped as they are read."""

import gzip
import re
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, cast

from .errors import PayloadError

_CHUNK = 1 << 20
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_HEAD_LIMIT = 4096
_HEAD = re.compile(rb'\s*\{\s*"([^"\\]*)"\s*:\s*(?=\[)')


@dataclass(frozen=True)
class Part:
    """One downloaded file of an export, or one page.

    Attributes:
        file: its bytes as they came, in a file that has no name and vanishes with it.
        export_id: of the export it belongs to; empty for a page.
        number: from 1.
    """

    file: IO[bytes]
    export_id: str
    number: int


def unnamed_file() -> IO[bytes]:
    """A temporary file that no other process can find and that a crash leaves nothing of."""
    return tempfile.TemporaryFile(buffering=_CHUNK)


def chunks(part: Part, where: str) -> Iterator[bytes]:
    """The part's plain bytes: unpacked as often as it was packed, without a byte order mark.

    Raises:
        PayloadError: it is packed and truncated or damaged.
    """
    part.file.seek(0)
    stream: IO[bytes] = part.file
    try:
        while _starts_with(stream, _GZIP):
            stream = cast("IO[bytes]", gzip.GzipFile(fileobj=stream, mode="rb"))
        if _starts_with(stream, _BOM):
            stream.read(len(_BOM))
        while chunk := stream.read(_CHUNK):
            yield chunk
    except (EOFError, OSError, zlib.error) as error:
        raise PayloadError(
            f"{where}: the packed file is truncated or damaged ({type(error).__name__}); "
            "load the window again",
            is_passing=True,
        ) from error


def _starts_with(stream: IO[bytes], mark: bytes) -> bool:
    start = stream.read(len(mark))
    stream.seek(0)
    return start == mark


def rows_array(plain: Iterator[bytes], root: str, where: str) -> Iterator[bytes]:
    """Take `{"root": [...]}` off its array and hand the array on.

    That the array itself is complete and the only member is checked by its reader, which accepts
    nothing behind the closing bracket.

    Raises:
        PayloadError: another root, or no end.
    """
    head = b""
    for chunk in plain:
        head += chunk
        if _HEAD.match(head) or len(head) > _HEAD_LIMIT:
            break
    found = _HEAD.match(head)
    if not found:
        raise PayloadError(
            f'{where}: does not begin as {{"{root}": [ ...; is the operation\'s file format JSON, '
            "and does it export this dataset?"
        )
    if found[1].decode(errors="replace") != root:
        raise PayloadError(
            f'{where}: its root is "{found[1].decode(errors="replace")}", not "{root}"; does the '
            "operation in the project file export this dataset?"
        )
    held = head[found.end() :]
    for chunk in plain:
        if chunk.strip():
            yield held
            held = chunk
        else:
            held += chunk
    held = held.rstrip()
    if not held.endswith(b"}"):
        raise PayloadError(
            f"{where}: truncated, its end is missing; load the window again", is_passing=True
        )
    yield held[:-1]
