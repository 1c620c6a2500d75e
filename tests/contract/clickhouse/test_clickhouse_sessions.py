# ruff: noqa: S608 (statements are put together from the constants of this file)
"""Sessions, many clients at once, and statements that are given up."""

from __future__ import annotations

import http.client as http_client
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import requests

from tests.contract.clickhouse.conftest import Http, connect

if TYPE_CHECKING:
    from collections.abc import Callable

    from clickhouse_connect.driver.client import Client

    from sandbox.clickhouse.process import ClickHouseProcess

LONG = "SELECT sleepEachRow(0.1) FROM numbers(3000) SETTINGS max_block_size = 1"


class TestSessions:
    def test_temporary_tables_and_settings_stay(self, http: Http) -> None:
        assert http("CREATE TEMPORARY TABLE t AS SELECT 7 AS n", session_id="a").ok
        assert http("SET max_threads = 3", session_id="a").ok
        assert http("SELECT n, getSetting('max_threads') FROM t", session_id="a").text == "7\t3\n"
        assert not http("SELECT n FROM t", session_id="b").ok
        assert not http("SELECT n FROM t").ok

    def test_two_users_do_not_share_one(self, http: Http) -> None:
        assert http("CREATE TEMPORARY TABLE t AS SELECT 7 AS n", session_id="shared").ok
        assert not http("SELECT n FROM t", session_id="shared", user="superset").ok

    def test_settings_of_a_request_do_not_stay(self, http: Http) -> None:
        default = http("SELECT getSetting('max_block_size')").text
        assert http("SET max_block_size = 100", session_id="c").ok
        inside = "SELECT getSetting('max_block_size'), currentDatabase()"
        assert http(inside, session_id="c", max_block_size=7, database="raw").text == "7\traw\n"
        assert http(inside, session_id="c").text == "100\tdefault\n"
        assert default not in {"7\n", "100\n"}

    def test_use_and_set_stay_whatever_the_request_says(self, http: Http) -> None:
        assert http("USE marts", session_id="d", database="raw").ok
        assert http("SELECT currentDatabase()", session_id="d").text == "marts\n"
        assert http("SET max_block_size = 9", session_id="d", max_block_size=7).ok
        assert http("SELECT getSetting('max_block_size')", session_id="d").text == "9\n"

    def test_one_statement_at_a_time(self, http: Http) -> None:
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(http, "SELECT sleep(2)", session_id="e")
            time.sleep(0.7)
            refused = http("SELECT 1", session_id="e")
            assert refused.headers["X-ClickHouse-Exception-Code"] == "373"
            assert running.result().ok
        assert http("SELECT 1", session_id="e").ok

    def test_it_is_free_again_as_soon_as_the_answer_is_read(self, http: Http) -> None:
        for waits in (0, 1) * 20:
            answer = http(
                "SELECT number FROM numbers(1000)", session_id="f", wait_end_of_query=waits
            )
            assert answer.ok, answer.text

    def test_check_close_and_time_out(self, http: Http) -> None:
        missing = http("SELECT 1", session_id="g", session_check=1)
        assert missing.headers["X-ClickHouse-Exception-Code"] == "372"
        assert http("SELECT 1", session_id="g").ok
        assert http("SELECT 1", session_id="g", session_check=1, close_session=1).ok
        assert not http("SELECT 1", session_id="g", session_check=1).ok

        assert http("SELECT 1", session_id="h", session_timeout=1).ok
        assert http("SELECT 1", session_id="h", session_check=1, session_timeout=1).ok
        time.sleep(1.2)
        assert not http("SELECT 1", session_id="h", session_check=1).ok
        too_long = http("SELECT 1", session_id="h", session_timeout=999_999)
        assert too_long.headers["X-ClickHouse-Exception-Code"] == "374"

    def test_a_failed_statement_leaves_it_usable(self, http: Http) -> None:
        assert http("CREATE TEMPORARY TABLE t AS SELECT 7 AS n", session_id="i").ok
        assert not http("SELECT nope", session_id="i").ok
        assert not http("INSERT INTO t FORMAT CSV\nx\n", session_id="i").ok
        assert http("INSERT INTO t FORMAT CSV\n8\n", session_id="i").ok
        assert http("SELECT sum(n) FROM t", session_id="i").text == "15\n"


class TestManyClients:
    def test_threads_with_clients_of_their_own(
        self, server: ClickHouseProcess, etl: Client, table: Callable[[str], str]
    ) -> None:
        name = table("worker UInt8, n UInt32")

        def work(worker: int) -> int:
            client = connect(server, "etl")
            for start in range(0, 500, 100):
                client.insert(name, [[worker, start + n] for n in range(100)])
                client.query(f"SELECT sum(n) FROM {name} WHERE worker = {worker}")
            return int(client.command(f"SELECT count() FROM {name} WHERE worker = {worker}"))

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(8))) == [500] * 8
        assert etl.command(f"SELECT count() FROM {name}") == 4000

    def test_a_long_query_keeps_nobody_waiting(self, http: Http) -> None:
        with ThreadPoolExecutor(8) as pool:
            slow = [pool.submit(http, "SELECT sleep(3)") for _ in range(8)]
            time.sleep(0.5)
            started = time.monotonic()
            assert http("SELECT 1").text == "1\n"
            assert time.monotonic() - started < 1.5
            assert all(answer.result().ok for answer in slow)

    def test_a_client_that_stops_sending_is_told(
        self, http: Http, etl: Client, table: Callable[[str], str], server: ClickHouseProcess
    ) -> None:
        name = table("n UInt32")
        with socket.create_connection((server.host, server.port)) as stalled:
            credentials = f"user=etl&password={server.passwords['etl']}"
            query = f"query=INSERT+INTO+{name}+FORMAT+CSV&http_receive_timeout=1&{credentials}"
            head = f"POST /?{query} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n1\n"
            stalled.sendall(head.encode())
            answer = http_client.HTTPResponse(stalled)
            answer.begin()
            assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (503, "209")
            assert answer.headers["Connection"] == "close"
        assert etl.command(f"SELECT count() FROM {name}") == 0
        assert _running(http, f"INSERT INTO {name}") == 0

    def test_readers_that_do_not_read_keep_nobody_waiting(self, http: Http) -> None:
        query = "SELECT repeat('x', 1000) FROM numbers(1000000)"
        idle = [http(query, stream=True, user="superset") for _ in range(4)]
        assert http("SELECT 1").text == "1\n"
        for answer in idle:
            answer.close()
        _eventually(lambda: _running(http, "repeat") == 0)


class TestGivingUp:
    def test_kill_query_by_the_clients_id(self, http: Http) -> None:
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(http, LONG, query_id="long-1", wait_end_of_query=1)
            _eventually(lambda: _running(http, "sleepEachRow") == 1)
            taken = http("SELECT 1", query_id="long-1")
            assert taken.headers["X-ClickHouse-Exception-Code"] == "216"
            killed = http("KILL QUERY WHERE query_id = 'long-1'")
            assert killed.ok, killed.text
            assert running.result().headers["X-ClickHouse-Exception-Code"] == "394"
        assert http("SELECT 1", query_id="long-1").ok

    @pytest.mark.parametrize("waits", [0, 1])
    def test_a_client_that_leaves_takes_its_query_along(
        self, http: Http, server: ClickHouseProcess, waits: int
    ) -> None:
        def leave() -> None:
            with pytest.raises(requests.exceptions.ReadTimeout):
                requests.post(
                    server.url,
                    LONG,
                    params={"wait_end_of_query": waits, "session_id": f"left-{waits}"},
                    auth=("etl", server.passwords["etl"]),
                    timeout=1,
                )

        leaver = threading.Thread(target=leave)
        leaver.start()
        _eventually(lambda: _running(http, "sleepEachRow") == 1)
        leaver.join()
        _eventually(lambda: _running(http, "sleepEachRow") == 0)
        _eventually(lambda: http("SELECT 1", session_id=f"left-{waits}").ok)

    def test_a_client_that_stops_reading_takes_its_query_along(self, http: Http) -> None:
        answer = http("SELECT number FROM system.numbers", stream=True)
        pieces = answer.iter_content(1000)
        assert next(pieces)
        assert _running(http, "system.numbers") == 1
        answer.close()
        _eventually(lambda: _running(http, "system.numbers") == 0)

    @pytest.mark.parametrize("source", ["", " SELECT a FROM input('a UInt32')"])
    def test_a_killed_insert_is_not_acknowledged(
        self, http: Http, etl: Client, table: Callable[[str], str], source: str
    ) -> None:
        name = table("n UInt32")
        killed = threading.Event()

        def body() -> object:
            yield b"1\n" * 100_000
            killed.wait(10)
            yield b"2\n"

        with ThreadPoolExecutor(1) as pool:
            query = f"INSERT INTO {name}{source} FORMAT CSV"
            running = pool.submit(http, body(), query=query, query_id="insert-1")
            _eventually(lambda: _running(http, f"INSERT INTO {name}") == 1)
            assert http("KILL QUERY WHERE query_id = 'insert-1' TEST").ok
            assert http("KILL QUERY WHERE query_id = 'insert-1'").text.startswith("waiting")
            killed.set()
            answer = running.result()
        assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "394")
        assert etl.command(f"SELECT count() FROM {name}") == 0
        assert http("1\n", query=query, query_id="insert-1").ok

    def test_a_kill_that_is_only_tried_kills_nothing(
        self, http: Http, etl: Client, table: Callable[[str], str]
    ) -> None:
        name = table("n UInt32")
        tried = threading.Event()

        def body() -> object:
            yield b"1\n"
            tried.wait(10)
            yield b"2\n"

        with ThreadPoolExecutor(1) as pool:
            query = f"INSERT INTO {name} FORMAT CSV"
            running = pool.submit(http, body(), query=query, query_id="insert-2")
            _eventually(lambda: _running(http, f"INSERT INTO {name}") == 1)
            assert http("KILL QUERY WHERE query_id = 'insert-2' TEST").ok
            assert http("KILL QUERY WHERE query_id = 'insert-9'").ok
            tried.set()
            assert running.result().ok
        assert etl.command(f"SELECT count() FROM {name}") == 2

    @pytest.mark.parametrize(
        "statement",
        [
            "INSERT INTO raw.left SELECT sleepEachRow(0.1) FROM numbers(3000)",
            "CREATE TABLE raw.left_2 ENGINE = Log AS SELECT sleepEachRow(0.1) FROM numbers(3000)",
            "INSERT INTO raw.left SELECT sleepEachRow(0.1) + a FROM input('a UInt8') FORMAT CSV",
        ],
    )
    def test_a_client_that_leaves_takes_its_writing_along(
        self, http: Http, server: ClickHouseProcess, etl: Client, statement: str
    ) -> None:
        etl.command("CREATE OR REPLACE TABLE raw.left (n UInt8) ENGINE = Memory")
        with pytest.raises(requests.exceptions.ReadTimeout):
            requests.post(
                server.url,
                b"1\n" * 3000 if "FORMAT" in statement else b"",
                params={"query": statement, "max_block_size": "1"},
                auth=("etl", server.passwords["etl"]),
                timeout=1,
            )
        _eventually(lambda: _running(http, "sleepEachRow") == 0)
        etl.command("DROP TABLE raw.left")
        etl.command("DROP TABLE IF EXISTS raw.left_2")

    def test_an_insert_whose_client_leaves_is_not_committed(
        self, http: Http, etl: Client, table: Callable[[str], str]
    ) -> None:
        name = table("n UInt32")

        def broken() -> object:
            yield b"1\n" * 100_000
            raise ConnectionError("the client dies")

        for target in [
            f"INSERT INTO {name} FORMAT CSV",
            f"INSERT INTO {name} SELECT a FROM input('a UInt32') FORMAT CSV",
        ]:
            with pytest.raises(requests.exceptions.ConnectionError):
                http(broken(), query=target)
        _eventually(lambda: _running(http, "INSERT INTO") == 0)
        assert etl.command(f"SELECT count() FROM {name}") == 0


def _running(http: Http, part: str) -> int:
    answer = http(
        "SELECT count() FROM system.processes WHERE query LIKE {part:String} "
        "AND query NOT LIKE '%system.processes%'",
        param_part=f"%{part}%",
    )
    return int(answer.text)


def _eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline, "not within 15 s"
        time.sleep(0.05)
