# ruff: noqa: S608 (statements are put together from the constants of this file)
"""What answers say of the work behind them: summaries, progress headers, held-back errors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from clickhouse_connect.driver.client import Client

    from sandbox.clickhouse.process import ClickHouseProcess
    from tests.contract.clickhouse.conftest import Http

STEADY = "SELECT sleepEachRow(0.05), number FROM numbers(10)"
STEPS = {"max_block_size": 1, "send_progress_in_http_headers": 1}


def summary(answer: requests.Response) -> dict[str, int]:
    return {
        name: int(value)
        for name, value in json.loads(answer.headers["X-ClickHouse-Summary"]).items()
    }


def progress(answer: requests.Response) -> list[dict[str, int]]:
    """The headers of progress; `requests` joins headers of one name."""
    joined = answer.headers.get("X-ClickHouse-Progress", "")
    return [
        {name: int(value) for name, value in entry.items()} for entry in json.loads(f"[{joined}]")
    ]


class TestSummary:
    @pytest.mark.parametrize("waits", [0, 1])
    def test_a_small_result_counts_to_its_end(
        self, http: Http, table: Callable[[str], str], waits: int
    ) -> None:
        name = table("n UInt64")
        assert http(f"INSERT INTO {name} SELECT number FROM numbers(1000)").ok
        found = summary(http(f"SELECT n FROM {name} WHERE n < 10", wait_end_of_query=waits))
        assert (found["read_rows"], found["result_rows"]) == (1000, 10)
        assert found["read_bytes"] == 8000
        assert found["elapsed_ns"] > 0

    def test_a_large_result_counts_up_to_its_first_byte(self, http: Http) -> None:
        rows = 20_000_000
        answer = http("SELECT number FROM numbers(20000000)", stream=True, max_block_size=10_000)
        found = summary(answer)
        answer.close()
        assert 0 < found["read_rows"] < rows
        assert found["total_rows_to_read"] == rows

    def test_inserts_count_what_they_write(
        self, http: Http, etl: Client, table: Callable[[str], str]
    ) -> None:
        name = table("n UInt64")
        for answer in [
            http("1\n2\n", query=f"INSERT INTO {name} FORMAT CSV"),
            http("1\n2\n", query=f"INSERT INTO {name} SELECT a FROM input('a UInt64') FORMAT CSV"),
            http(f"INSERT INTO {name} SELECT number FROM numbers(2)"),
        ]:
            assert (summary(answer)["written_rows"], summary(answer)["written_bytes"]) == (2, 16)
        assert etl.insert(name, [[1], [2], [3]], column_names=["n"]).written_rows == 3


class TestProgressHeaders:
    @pytest.mark.parametrize("waits", [0, 1])
    def test_they_tell_how_far_it_is(self, http: Http, waits: int) -> None:
        answer = http(STEADY, wait_end_of_query=waits, **STEPS)
        told = progress(answer)
        read = [step["read_rows"] for step in told]
        assert len(read) >= 3
        assert read == sorted(set(read))
        assert {step["total_rows_to_read"] for step in told} == {10}
        assert summary(answer)["read_rows"] == 10
        assert len(answer.text.splitlines()) == 10

    def test_only_if_asked_and_as_often_as_asked(self, http: Http) -> None:
        assert progress(http(STEADY, max_block_size=1)) == []
        assert progress(http(STEADY, http_headers_progress_interval_ms=60_000, **STEPS)) == []

    def test_the_status_is_out_before_an_error_which_then_has_a_header(self, http: Http) -> None:
        failing = "SELECT sleepEachRow(0.05), throwIf(number = 8) FROM numbers(10)"
        answer = http(failing, wait_end_of_query=1, **STEPS)
        assert progress(answer)
        assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (200, "395")
        assert answer.text.startswith("Code: 395. DB::Exception: ")

    def test_they_keep_a_client_from_giving_up(self, server: ClickHouseProcess) -> None:
        slow = "SELECT sleepEachRow(0.1), number FROM numbers(25)"
        login = ("etl", server.passwords["etl"])
        with pytest.raises(requests.exceptions.ReadTimeout):
            requests.post(server.url, slow, params={"max_block_size": 1}, auth=login, timeout=1)
        answer = requests.post(server.url, slow, params=STEPS, auth=login, timeout=1)
        assert len(answer.text.splitlines()) == 25

    def test_the_connection_goes_on_behind_them(self, server: ClickHouseProcess) -> None:
        with requests.Session() as session:
            session.auth = ("etl", server.passwords["etl"])
            for _ in range(2):
                answer = session.post(server.url, STEADY, params=STEPS, timeout=30)
                assert len(answer.text.splitlines()) == 10
            assert session.get(f"{server.url}/ping", timeout=30).text == "Ok.\n"


class TestHeldBack:
    """As a server, up to `buffer_size` bytes (at least 1 MiB) wait for the end of the statement."""

    QUERY = "SELECT repeat('x', 1023), throwIf(number = {failing}) FROM numbers(4000)"

    def answer(self, http: Http, failing: int, **settings: object) -> requests.Response:
        return http(self.QUERY.format(failing=failing), max_block_size=100, **settings)

    def test_an_error_within_has_its_status(self, http: Http) -> None:
        answer = self.answer(http, 500)
        assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "395")
        assert "xxx" not in answer.text

    def test_an_error_behind_has_not_unless_more_is_held_back(self, http: Http) -> None:
        assert self.answer(http, 3999).status_code == 200
        assert self.answer(http, 3999, buffer_size=8 << 20).status_code == 500
        assert self.answer(http, 3999, http_response_buffer_size=8 << 20).status_code == 500
