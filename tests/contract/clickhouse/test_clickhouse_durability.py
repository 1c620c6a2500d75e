# ruff: noqa: S608 (statements are put together from the constants of this file)
"""What is acknowledged stays; what passes through leaves nothing behind."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest
import requests
from clickhouse_connect.driver.exceptions import ClickHouseError

from sandbox.clickhouse.process import ClickHouseProcess
from tests.contract.clickhouse.conftest import Http, connect, peak_memory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LIMIT = 2 << 30
# The engine forms blocks by rows; a million of a kilobyte would be a gigabyte each.
SMALL_BLOCKS = {"max_insert_block_size": "20000", "min_insert_block_size_bytes": str(64 << 20)}
CANARY = "canary-3c1f77d0-ivanov@example.org"


@pytest.mark.parametrize("attempt", range(2))
def test_acknowledged_rows_survive_a_kill(tmp_path: Path, attempt: int) -> None:
    with ClickHouseProcess(tmp_path / "data") as server:
        etl = connect(server, "etl")
        etl.command("CREATE TABLE raw.t (n UInt64) ENGINE = MergeTree ORDER BY n")
        acknowledged: list[int] = []

        def write() -> None:
            for n in range(10_000):
                etl.insert("raw.t", [[n]], column_names=["n"])
                acknowledged.append(n)

        writer = threading.Thread(target=_ignoring(write), daemon=True)
        writer.start()
        while len(acknowledged) < 20 + 30 * attempt:
            time.sleep(0.01)
        server.kill()
        writer.join()

        server.start()
        found = [row[0] for row in connect(server, "etl").query("SELECT n FROM raw.t").result_rows]
        # The one under way may be there or not; it was never acknowledged.
        assert set(found) - set(acknowledged) <= {len(acknowledged)}
        assert len(found) == len(set(found))
        assert set(acknowledged) <= set(found)


def test_rows_of_many_clients_survive_a_kill(tmp_path: Path) -> None:
    with ClickHouseProcess(tmp_path / "data") as server:
        connect(server, "etl").command(
            "CREATE TABLE raw.t (n UInt64) ENGINE = MergeTree ORDER BY n"
        )
        acknowledged: list[int] = []

        def write(worker: int) -> None:
            own = connect(server, "etl")
            for n in range(worker, 100_000, 8):
                # Half of them as the extractor does, half through the engine's own queue.
                own.insert("raw.t", [[n]], column_names=["n"], settings={"async_insert": n % 2})
                acknowledged.append(n)

        writers = [
            threading.Thread(target=_ignoring(partial(write, worker)), daemon=True)
            for worker in range(8)
        ]
        for writer in writers:
            writer.start()
        while len(acknowledged) < 200:
            time.sleep(0.01)
        server.kill()
        for writer in writers:
            writer.join()

        server.start()
        found = [row[0] for row in connect(server, "etl").query("SELECT n FROM raw.t").result_rows]
        assert set(acknowledged) <= set(found)
        assert len(found) == len(set(found))
        # At most one insert of each client was under way.
        assert len(found) - len(acknowledged) <= 8


def test_an_insert_cut_short_by_the_end_of_the_server_is_not_acknowledged(tmp_path: Path) -> None:
    with ClickHouseProcess(tmp_path / "data") as server:
        etl = connect(server, "etl")
        etl.command("CREATE TABLE raw.t (n UInt64) ENGINE = MergeTree ORDER BY n")
        ending = threading.Event()
        answers: list[requests.Response] = []

        def body() -> object:
            yield b"1\n" * 1000
            ending.wait(10)
            yield b"2\n"

        def send() -> None:
            login = ("etl", server.passwords["etl"])
            query = {"query": "INSERT INTO raw.t FORMAT CSV"}
            answers.append(requests.post(server.url, body(), params=query, auth=login, timeout=30))

        sender = threading.Thread(target=_ignoring(send), daemon=True)
        sender.start()
        time.sleep(0.5)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        time.sleep(0.5)
        ending.set()
        stopping.join()
        sender.join()
        server.start()
        kept = int(connect(server, "etl").command("SELECT count() FROM raw.t"))
        assert (kept, [answer.ok for answer in answers]) in [(0, [False]), (0, [])]


@pytest.mark.verify
def test_an_insert_larger_than_the_process(tmp_path: Path) -> None:
    """Four gigabytes through a process that takes less than two."""
    with ClickHouseProcess(tmp_path / "data") as server:
        etl = connect(server, "etl")
        etl.command(
            "CREATE TABLE raw.t (n UInt64, s String CODEC(NONE)) ENGINE = MergeTree ORDER BY n"
        )
        row = b"x" * 1000
        pieces, rows = 400, 10_000

        def body() -> object:
            for piece in range(pieces):
                yield b"".join(b"%d\t%b\n" % (piece * rows + n, row) for n in range(rows))

        answer = requests.post(
            server.url,
            body(),
            params={"query": "INSERT INTO raw.t FORMAT TSV", **SMALL_BLOCKS},
            auth=("etl", server.passwords["etl"]),
            timeout=600,
        )
        assert answer.ok, answer.text
        assert etl.query("SELECT count(), sum(length(s))  FROM raw.t").result_rows == [
            (pieces * rows, pieces * rows * 1000)
        ]
        assert peak_memory(server.pid) < LIMIT


def test_definitions_swaps_and_dictionaries_survive_a_kill(tmp_path: Path) -> None:
    with ClickHouseProcess(tmp_path / "data") as server:
        etl = connect(server, "etl")
        for statement in [
            "CREATE TABLE raw.a (d Date, n UInt8) ENGINE = MergeTree PARTITION BY d ORDER BY n",
            "CREATE TABLE raw_stage.a AS raw.a",
            "INSERT INTO raw.a VALUES ('2025-01-01', 1)",
            "INSERT INTO raw_stage.a VALUES ('2025-01-01', 2)",
            "ALTER TABLE raw.a REPLACE PARTITION '2025-01-01' FROM raw_stage.a",
            "CREATE VIEW marts.v AS SELECT * FROM raw.a",
            "CREATE TABLE marts.b ENGINE = MergeTree ORDER BY n AS SELECT 8 AS n",
            "CREATE TABLE marts.c ENGINE = MergeTree ORDER BY n AS SELECT 9 AS n",
            "EXCHANGE TABLES marts.b AND marts.c",
            (
                "CREATE DICTIONARY marts.names (n UInt64, s String) PRIMARY KEY n "
                "SOURCE(CLICKHOUSE(QUERY 'SELECT 1 AS n, ''one'' AS s')) LAYOUT(FLAT()) LIFETIME(0)"
            ),
        ]:
            etl.command(statement)
        server.kill()
        server.start()
        found = connect(server, "etl").query(
            "SELECT (SELECT n FROM marts.v), (SELECT n FROM marts.b), (SELECT n FROM marts.c), "
            "dictGet('marts.names', 's', toUInt64(1))"
        )
        assert found.result_rows == [(2, 9, 8, "one")]


def test_it_ends_in_good_order_with_a_query_under_way(tmp_path: Path) -> None:
    with ClickHouseProcess(tmp_path / "data") as server:
        etl = connect(server, "etl")
        etl.command("CREATE TABLE raw.t (n UInt64) ENGINE = MergeTree ORDER BY n")
        etl.insert("raw.t", [[1]], column_names=["n"])
        slow = connect(server, "etl")
        long = "SELECT sleepEachRow(0.1) FROM numbers(3000) SETTINGS max_block_size = 1"
        runner = threading.Thread(target=_ignoring(lambda: slow.query(long)), daemon=True)
        runner.start()
        time.sleep(1)
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 25
        runner.join()
        server.start()
        assert connect(server, "etl").command("SELECT count() FROM raw.t") == 1


def test_a_data_directory_has_one_server(server: ClickHouseProcess) -> None:
    second = ClickHouseProcess(server.data, passwords=server.passwords)
    with pytest.raises(RuntimeError, match="ended with 1"):
        second.start()


def test_users_without_a_password_are_not_served(tmp_path: Path) -> None:
    users = "superset_assets/access/clickhouse_users.yml"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CLICKHOUSE_")}
    found = subprocess.run(
        [
            sys.executable,
            "-m",
            "sandbox.clickhouse",
            "--port",
            "0",
            "--data",
            str(tmp_path),
            "--users",
            users,
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert found.returncode == 1
    assert "CLICKHOUSE_PASSWORD, CLICKHOUSE_READER_PASSWORD" in found.stderr


def test_it_listens_on_the_loopback_alone(server: ClickHouseProcess) -> None:
    listening = subprocess.run(
        ["ss", "-Hltn", f"sport = :{server.port}"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert listening[3] == f"127.0.0.1:{server.port}"


class TestNothingIsLeftBehind:
    """The bytes of an INSERT are in the table and nowhere else."""

    def test_while_it_runs_and_after(
        self, http: Http, written_files: Callable[[], list[Path]]
    ) -> None:
        assert http("CREATE TABLE raw.canary (h UInt64) ENGINE = MergeTree ORDER BY h").ok
        seen: list[Path] = []
        since = time.time()

        def body() -> object:
            yield f"{CANARY}\n".encode() * 100_000
            time.sleep(0.5)
            seen.extend(_holding(written_files(), since))
            yield f"{CANARY}\n".encode()

        # The table keeps a hash; whatever else holds the text has it from the request.
        for query in [
            "INSERT INTO raw.canary SELECT cityHash64(s) FROM input('s String') FORMAT TSV",
            "INSERT INTO raw.canary SETTINGS input_format_allow_errors_num = 1000000 FORMAT TSV",
        ]:
            answer = http(body(), query=query)
            assert answer.ok, answer.text
        assert http(
            user="superset",
            query="SELECT count() FROM s",
            s_structure="s String",
            files={"s": ("s.tsv", f"{CANARY}\n".encode() * 100_000)},
        ).ok
        assert seen == []
        assert _holding(written_files(), since) == []
        for [database, table, column] in http(
            "SELECT database, table, name FROM system.columns WHERE database = 'system' "
            "AND type = 'String' AND table LIKE '%log%' FORMAT JSONCompact"
        ).json()["data"]:
            found = http(
                f"SELECT count() FROM {database}.{table} WHERE {column} LIKE {{c:String}} "
                "AND query NOT LIKE '%system.%'",
                param_c=f"%{CANARY}%",
            )
            assert found.text == "0\n", found.text

    def test_a_large_result_that_is_waited_for(
        self, http: Http, written_files: Callable[[], list[Path]]
    ) -> None:
        since = time.time()
        answer = http(
            "SELECT concat({c:String}, toString(number)) FROM numbers(3000000)",
            param_c=CANARY,
            wait_end_of_query=1,
            stream=True,
        )
        assert next(answer.iter_content(1000))
        assert _holding(written_files(), since) == []
        answer.close()


def _holding(files: list[Path], since: float) -> list[Path]:
    """Those of the files that were written since then and hold the canary."""
    found = []
    for path in files:
        try:
            if path.stat().st_mtime < since:
                continue
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as seen:
                if seen.find(CANARY.encode()) >= 0:
                    found.append(path)
        except (OSError, ValueError):
            # Gone in the meantime, no regular file, or empty.
            continue
    return found


def _ignoring(call: Callable[[], object]) -> Callable[[], None]:
    """A server that dies takes its clients' calls along; that is what the tests do to it."""

    def run() -> None:
        try:
            call()
        except (ClickHouseError, OSError):
            return

    return run
