"""ClickHouse's own compression of HTTP bodies: `compress=1`, `decompress=1`.

A body is a row of blocks. Each begins with a checksum (CityHash128 in the version ClickHouse
keeps, 16 bytes) of the rest of it; then the method (one byte), the size of the compressed data
with this and the next two fields (UInt32), the size of the plain data (UInt32), the data.
Source: ClickHouse, src/Compression/CompressedReadBufferBase.cpp, ICompressionCodec.cpp.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import lz4.block
import zstandard
from clickhouse_cityhash.cityhash import CityHash128

from sandbox.clickhouse.errors import Code, refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_CHECKSUM = struct.Struct("<QQ")
_HEAD = struct.Struct("<BII")
_HALF_BITS = 64
_PLAIN, _LZ4, _ZSTD = 0x02, 0x82, 0x90
# As on a server: DBMS_MAX_COMPRESSED_SIZE, and the buffer that becomes a block.
_LARGEST = 1 << 30
_BLOCK_BYTES = 1 << 20


class Packer:
    """Makes LZ4 blocks, as a server does, out of a stream."""

    def __init__(self) -> None:
        self._held = bytearray()

    def compress(self, data: bytes, /) -> bytes:
        """The blocks that are full."""
        self._held += data
        full = bytearray()
        while len(self._held) >= _BLOCK_BYTES:
            full += _packed(bytes(self._held[:_BLOCK_BYTES]))
            del self._held[:_BLOCK_BYTES]
        return bytes(full)

    def flush(self) -> bytes:
        """The last block; nothing if there is nothing left."""
        last = bytes(self._held)
        self._held.clear()
        return _packed(last) if last else b""


async def unpacked(pieces: AsyncIterator[bytes], *, checks: bool = True) -> AsyncIterator[bytes]:
    """The plain bytes of a stream of blocks.

    Args:
        pieces: The stream, cut anywhere.
        checks: Whether checksums must be right.

    Raises:
        ClickHouseError: A block is damaged, of an unknown method, too large, or cut off.
    """
    held = bytearray()
    async for piece in pieces:
        held += piece
        while size := _whole(held):
            yield _unpacked(bytes(held[:size]), checks=checks)
            del held[:size]
    if held:
        raise refusal(
            Code.CANNOT_READ_ALL_DATA, f"Cannot read all data: a block ends after {len(held)} bytes"
        )


def _packed(plain: bytes) -> bytes:
    data = lz4.block.compress(plain, store_size=False)
    block: bytes = _HEAD.pack(_LZ4, _HEAD.size + len(data), len(plain)) + data
    return _checksum(block) + block


def _checksum(block: bytes) -> bytes:
    both: int = CityHash128(block)
    return _CHECKSUM.pack(both >> _HALF_BITS, both & ((1 << _HALF_BITS) - 1))


def _whole(held: bytearray) -> int:
    """Bytes of the first block with its checksum; 0 while it has not arrived whole."""
    if len(held) < _CHECKSUM.size + _HEAD.size:
        return 0
    _, compressed, plain = _HEAD.unpack_from(held, _CHECKSUM.size)
    if not _HEAD.size <= compressed <= _LARGEST or plain > _LARGEST:
        raise refusal(
            Code.TOO_LARGE_SIZE_COMPRESSED,
            f"Cannot decompress a block of {compressed} bytes, {plain} of them plain. Most likely "
            "corrupted data.",
        )
    size = int(_CHECKSUM.size + compressed)
    return size if len(held) >= size else 0


def _unpacked(block: bytes, *, checks: bool) -> bytes:
    rest = block[_CHECKSUM.size :]
    if checks and _checksum(rest) != block[: _CHECKSUM.size]:
        raise refusal(Code.CHECKSUM_DOESNT_MATCH, "Checksum doesn't match: corrupted data.")
    method, _, size = _HEAD.unpack_from(rest)
    data = rest[_HEAD.size :]
    try:
        if method == _LZ4:
            plain = bytes(lz4.block.decompress(data, uncompressed_size=size))
        elif method == _ZSTD:
            plain = zstandard.ZstdDecompressor().decompress(data, max_output_size=size)
        elif method == _PLAIN:
            plain = data
        else:
            raise refusal(Code.UNKNOWN_COMPRESSION_METHOD, f"Unknown codec family code: {method}")
    except (lz4.block.LZ4BlockError, zstandard.ZstdError) as raised:
        raise refusal(Code.CANNOT_DECOMPRESS, "Cannot decompress a block") from raised
    if len(plain) != size:
        raise refusal(Code.CANNOT_DECOMPRESS, f"A block has {len(plain)} plain bytes, not {size}")
    return plain
