# ruff: noqa: S608 (statements are put together from the constants of this file)
"""Every way in and out that clickhouse-connect has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from clickhouse_connect import dbapi
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.external import ExternalData
from clickhouse_connect.driver.tools import insert_file

from tests.contract.clickhouse.conftest import connect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

    from sandbox.clickhouse.process import ClickHouseProcess

NUMBERS = "SELECT number AS n, toString(number) AS s FROM numbers(200000) ORDER BY n"


@pytest.mark.parametrize("compress", ["lz4", "zstd", "gzip", False])
def test_every_compression(
    server: ClickHouseProcess, table: Callable[[str], str], compress: str | bool
) -> None:
    name = table("n UInt64, s String")
    client = connect(server, "etl", compress=compress)
    client.insert(name, [[n, str(n)] for n in range(50_000)], column_names=["n", "s"])
    found = client.query(f"SELECT n, s FROM {name} ORDER BY n")
    assert [tuple(column) for column in found.result_columns] == [
        tuple(range(50_000)),
        tuple(str(n) for n in range(50_000)),
    ]
    client.close()


def test_frames_and_arrays(etl: Client, table: Callable[[str], str]) -> None:
    name = table("n Int64, s String, x Nullable(Float64)")
    frame = pd.DataFrame({"n": [1, 2, 3], "s": ["a", "б", ""], "x": [0.5, None, 2.0]})
    assert etl.insert_df(name, frame).written_rows == 3
    found = etl.query_df(f"SELECT * FROM {name} ORDER BY n")
    assert found["s"].tolist() == ["a", "б", ""]
    assert found["x"].isna().tolist() == [False, True, False]
    assert etl.query_np(f"SELECT n FROM {name} ORDER BY n").tolist() == [[1], [2], [3]]
    assert etl.query_df_arrow(f"SELECT n FROM {name} ORDER BY n")["n"].tolist() == [1, 2, 3]


def test_streams_of_every_shape(etl: Client) -> None:
    total = sum(range(200_000))
    with etl.query_rows_stream(NUMBERS) as rows:
        assert sum(row[0] for row in rows) == total
    with etl.query_column_block_stream(NUMBERS) as blocks:
        assert sum(sum(block[0]) for block in blocks) == total
    with etl.query_df_stream(NUMBERS) as frames:
        assert sum(int(frame["n"].sum()) for frame in frames) == total
    with etl.query_np_stream("SELECT number AS n FROM numbers(200000)") as arrays:
        assert sum(int(np.sum(array)) for array in arrays) == total
    with etl.query_arrow_stream(NUMBERS) as batches:
        assert sum(int(np.sum(batch.column("n").to_numpy())) for batch in batches) == total


def test_a_stream_left_in_the_middle(etl: Client) -> None:
    with etl.query_rows_stream("SELECT number FROM numbers(100000000)") as rows:
        assert next(iter(rows)) == (0,)
    assert etl.query("SELECT 1").result_rows == [(1,)]


def test_bytes_as_they_are(etl: Client, table: Callable[[str], str], tmp_path: Path) -> None:
    name = table("n UInt64, s String")
    assert etl.raw_insert(name, ["n", "s"], b"1,a\n2,b\n", fmt="CSV").written_rows == 2
    assert etl.raw_query(f"SELECT * FROM {name} ORDER BY n", fmt="CSV") == b'1,"a"\n2,"b"\n'
    with etl.raw_stream(f"SELECT n FROM {name} ORDER BY n", fmt="TSV") as stream:
        assert stream.read() == b"1\n2\n"
    path = tmp_path / "rows.csv"
    path.write_text("3,c\n")
    insert_file(etl, name, str(path), fmt="CSV", column_names=["n", "s"])
    assert etl.command(f"SELECT count() FROM {name}") == 3


def test_an_insert_context_is_used_again(etl: Client, table: Callable[[str], str]) -> None:
    name = table("n UInt64, d UInt8 DEFAULT 7")
    context = etl.create_insert_context(name, column_names=["n"])
    for n in range(3):
        context.data = [[n]]
        etl.insert(context=context)
    assert etl.query(f"SELECT n, d FROM {name} ORDER BY n").result_rows == [(0, 7), (1, 7), (2, 7)]


def test_values_that_do_not_fit_insert_nothing(etl: Client, table: Callable[[str], str]) -> None:
    name = table("n UInt8, CONSTRAINT small CHECK n < 10")
    with pytest.raises(DatabaseError, match="VIOLATED_CONSTRAINT"):
        etl.insert(name, [[1], [11]], column_names=["n"])
    assert etl.command(f"SELECT count() FROM {name}") == 0


def test_tables_of_the_request(etl: Client) -> None:
    data = ExternalData(file_name="ids", data=b"1\n2\n", fmt="CSV", structure=["n UInt32"])
    found = etl.query("SELECT sum(n) + {p:UInt8} FROM ids", {"p": 4}, external_data=data)
    assert found.result_rows == [(7,)]


def test_parameters_in_a_form(server: ClickHouseProcess) -> None:
    client = connect(server, "etl", form_encode_query_params=True)
    found = client.query("SELECT lengthUTF8({s:String})", {"s": "я" * 100_000})
    assert found.result_rows == [(100_000,)]
    client.close()


def test_the_summary_of_a_command_and_a_query(etl: Client, table: Callable[[str], str]) -> None:
    name = table("n UInt64")
    summary = etl.command(f"INSERT INTO {name} SELECT number FROM numbers(100)")
    assert summary.written_rows == 100
    assert etl.query(f"SELECT * FROM {name}").summary["read_rows"] == "100"


def test_it_is_there(etl: Client) -> None:
    assert etl.ping()
    assert etl.min_version("26")
    assert str(etl.server_tz) == "UTC"


def test_the_database_interface(server: ClickHouseProcess) -> None:
    connection = dbapi.connect(
        host=server.host, port=server.port, username="etl", password=server.passwords["etl"]
    )
    cursor = connection.cursor()
    cursor.execute("SELECT number AS n FROM numbers(%(count)s)", {"count": 3})
    assert cursor.fetchall() == [(0,), (1,), (2,)]
    assert [column[0] for column in cursor.description] == ["n"]
    connection.close()
