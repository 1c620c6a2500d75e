# ruff: noqa: S608 (statements are put together from the constants of this file)
"""`compress=1` and `decompress=1`: ClickHouse's own blocks.

What goes in is what the engine itself has written: its column files are rows of such blocks. What
comes out is read by another implementation, clickhouse-driver's.
"""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from clickhouse_driver.compression import get_decompressor_cls
from clickhouse_driver.compression.lz4 import Decompressor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clickhouse_connect.driver.client import Client

    from tests.contract.clickhouse.conftest import Http

ROWS = 300_000


@pytest.fixture
def written(etl: Client) -> Iterator[Callable[[str], bytes]]:
    """RowBinary rows of a String column in blocks of a codec, as the engine writes them."""

    def write(codec: str) -> bytes:
        etl.command(f"CREATE OR REPLACE TABLE raw.blocks (s String CODEC({codec})) ENGINE = Log")
        etl.command(f"INSERT INTO raw.blocks SELECT toString(number) FROM numbers({ROWS})")
        folder = etl.command(
            "SELECT data_paths[1] FROM system.tables WHERE database = 'raw' AND name = 'blocks'"
        )
        return (Path(str(folder)) / "s.bin").read_bytes()

    yield write
    etl.command("DROP TABLE IF EXISTS raw.blocks")


class TestRequests:
    @pytest.mark.parametrize("codec", ["LZ4", "ZSTD", "NONE"])
    def test_blocks_of_the_engine_go_in(
        self,
        http: Http,
        etl: Client,
        table: Callable[[str], str],
        written: Callable[[str], bytes],
        codec: str,
    ) -> None:
        name = table("s String")
        body = written(codec)
        answer = http(
            (body[at : at + 10_007] for at in range(0, len(body), 10_007)),
            query=f"INSERT INTO {name} FORMAT RowBinary",
            decompress=1,
        )
        assert answer.ok, answer.text
        assert etl.query(f"SELECT count(), sum(toUInt32(s)) FROM {name}").result_rows == [
            (ROWS, sum(range(ROWS)))
        ]

    def test_damage_is_seen_and_nothing_inserted(
        self, http: Http, etl: Client, table: Callable[[str], str], written: Callable[[str], bytes]
    ) -> None:
        name = table("s String")
        good = written("LZ4")
        query = f"INSERT INTO {name} FORMAT RowBinary"

        def code(body: bytes, **options: object) -> str:
            answer = http(body, query=query, decompress=1, **options)
            return str(answer.headers["X-ClickHouse-Exception-Code"])

        assert code(good[:-3]) == "33"
        assert code(good[:1000] + bytes([good[1000] ^ 1]) + good[1001:]) == "40"
        assert code(good[:17] + b"\xff" * 4 + good[21:]) == "131"
        assert code(b"\0" * 16 + b"\x55" + good[17:], **UNCHECKED) == "89"
        assert code(b"not a block at all, and long enough for one") == "131"
        assert etl.command(f"SELECT count() FROM {name}") == 0

    def test_checksums_are_not_looked_at_if_asked(
        self, http: Http, etl: Client, table: Callable[[str], str], written: Callable[[str], bytes]
    ) -> None:
        name = table("s String")
        query = f"INSERT INTO {name} FORMAT RowBinary"
        wrong = b"\0" * 16 + written("LZ4")[16:]
        assert not http(wrong, query=query, decompress=1).ok
        assert http(wrong, query=query, decompress=1, **UNCHECKED).ok
        assert etl.command(f"SELECT count() FROM {name}") == ROWS

    def test_the_statement_too_may_be_in_them(self, http: Http) -> None:
        packed = http("SELECT 'SELECT 6 * 7' FORMAT TSVRaw", compress=1).content
        assert http(packed, decompress=1).text == "42\n"


class TestAnswers:
    @pytest.mark.parametrize("waits", [0, 1])
    def test_a_result(self, http: Http, waits: int) -> None:
        answer = http(
            "SELECT number FROM numbers(500000) FORMAT TSV", compress=1, wait_end_of_query=waits
        )
        assert "Content-Encoding" not in answer.headers
        numbers = [int(line) for line in unpacked(answer.content).split()]
        assert len(numbers) == 500_000
        assert all(b - a == 1 for a, b in pairwise(numbers))

    def test_inside_the_compression_of_http(self, http: Http) -> None:
        answer = http(
            "SELECT 1",
            compress=1,
            enable_http_compression=1,
            headers={"Accept-Encoding": "gzip"},
        )
        assert answer.headers["Content-Encoding"] == "gzip"
        assert unpacked(answer.content) == b"1\n"

    def test_an_error(self, http: Http) -> None:
        answer = http("SELECT nope", compress=1)
        assert answer.status_code == 404
        assert unpacked(answer.content).startswith(b"Code: 47. DB::Exception: ")


UNCHECKED = {"http_native_compression_disable_checksumming_on_decompress": 1}


def unpacked(body: bytes) -> bytes:
    """The plain bytes of blocks; clickhouse-driver checks each of them."""
    stream = io.BytesIO(body)
    plain = b""
    while checksum := stream.read(16):
        high, low = int.from_bytes(checksum[:8], "little"), int.from_bytes(checksum[8:], "little")
        [method] = stream.read(1)
        assert get_decompressor_cls(method) is Decompressor
        plain += Decompressor(Unbuffered(stream)).get_decompressed_data(
            method, (high << 64) + low, 1
        )
    return plain


class Unbuffered:
    """What clickhouse-driver reads from."""

    def __init__(self, stream: io.BytesIO) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        return self._stream.read(size)

    def read_one(self) -> int:
        return self._stream.read(1)[0]
