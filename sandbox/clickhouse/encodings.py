"""Compression of requests and responses, piece by piece."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Protocol

import lz4.frame
import zstandard

from sandbox.clickhouse.errors import Code, refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

_GZIP_WINDOW = 31
_RAW_OR_ZLIB_WINDOW = 15


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: bytes, /) -> bytes: ...


class Encoder(Protocol):
    """Compresses a stream."""

    def compress(self, data: bytes, /) -> bytes:
        """The compressed bytes that are ready."""
        ...

    def flush(self) -> bytes:
        """What is left, and the end mark."""
        ...


class _Lz4Frame:
    """An LZ4 frame with the header in front of the first piece."""

    def __init__(self) -> None:
        self._frame = lz4.frame.LZ4FrameCompressor()
        self._begun = False

    def compress(self, data: bytes, /) -> bytes:
        return self._head() + bytes(self._frame.compress(data))

    def flush(self) -> bytes:
        return self._head() + bytes(self._frame.flush())

    def _head(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        return bytes(self._frame.begin())


_DECODERS: dict[str, Callable[[], _Decoder]] = {
    "gzip": lambda: zlib.decompressobj(_GZIP_WINDOW),
    "deflate": lambda: zlib.decompressobj(_RAW_OR_ZLIB_WINDOW),
    "zstd": lambda: zstandard.ZstdDecompressor().decompressobj(),
    "lz4": lz4.frame.LZ4FrameDecompressor,
}
_ENCODERS: dict[str, Callable[[], Encoder]] = {
    "lz4": _Lz4Frame,
    "zstd": lambda: zstandard.ZstdCompressor(level=1).compressobj(),
    "gzip": lambda: zlib.compressobj(1, zlib.DEFLATED, _GZIP_WINDOW),
    "deflate": lambda: zlib.compressobj(1, zlib.DEFLATED, _RAW_OR_ZLIB_WINDOW),
}


async def decoded(pieces: AsyncIterator[bytes], encoding: str) -> AsyncIterator[bytes]:
    """The request body without its `Content-Encoding`.

    Raises:
        ClickHouseError: The encoding is unknown, or the bytes are not in it.
    """
    if encoding in {"", "identity"}:
        async for piece in pieces:
            if piece:
                yield piece
        return
    if encoding not in _DECODERS:
        raise refusal(Code.NOT_IMPLEMENTED, f"Unknown HTTP content encoding {encoding}")
    problem = refusal(Code.CANNOT_DECOMPRESS, f"Cannot decompress the request body as {encoding}")
    decoder = _DECODERS[encoding]()
    begun = False
    async for piece in pieces:
        rest = piece
        while rest:
            begun = True
            try:
                plain = decoder.decompress(rest)
            except (zlib.error, zstandard.ZstdError, RuntimeError, EOFError) as raised:
                raise problem from raised
            if plain:
                yield plain
            rest = b""
            if decoder.eof:
                # Compressed files may be written one behind the other.
                rest, decoder, begun = decoder.unused_data or b"", _DECODERS[encoding](), False
    if begun:
        raise problem


class Chain:
    """Encoders one behind the other; none at all lets the bytes through."""

    def __init__(self, *encoders: Encoder) -> None:
        self._encoders = encoders

    def compress(self, data: bytes, /) -> bytes:
        """The bytes that are ready."""
        for each in self._encoders:
            data = each.compress(data) if data else data
        return data

    def flush(self) -> bytes:
        """What is left in all of them."""
        data = b""
        for each in self._encoders:
            data = (each.compress(data) if data else data) + each.flush()
        return data


def encoder(accepted: str) -> tuple[str, Encoder] | None:
    """The first encoding of `Accept-Encoding` that is known here, ready to compress."""
    for entry in accepted.split(","):
        name, _, quality = entry.strip().partition(";")
        if name in _ENCODERS and quality.replace(" ", "") not in {"q=0", "q=0.0"}:
            return name, _ENCODERS[name]()
    return None
