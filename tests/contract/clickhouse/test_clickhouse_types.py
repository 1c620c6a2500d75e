# ruff: noqa: S608 (statements are put together from the constants of this file)
"""Values come back as they went in, through the real client."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from clickhouse_connect.driver.client import Client

MOSCOW = ZoneInfo("Europe/Moscow")
NOON = datetime(2025, 1, 15, 12, 30, 45, 123000, tzinfo=UTC)

VALUES = {
    "UInt64": [0, 2**64 - 1],
    "Int8": [-128, 127],
    "UInt256": [0, 2**256 - 1],
    "Float64": [0.1, -1e300],
    "Bool": [True, False],
    "String": ["", "строка\n\t'\"\\"],
    "FixedString(4)": [b"abcd", b"\x00\x01\x02\xff"],
    "LowCardinality(String)": ["mail.ru", ""],
    "LowCardinality(Nullable(String))": ["a", None],
    "Nullable(Decimal(18, 4))": [Decimal("12345678901234.5678"), None],
    "Decimal(38, 10)": [Decimal("-0.0000000001"), Decimal("1234567890123456789012345678.9")],
    "Enum8('message' = 1, 'заказ' = 10)": ["message", "заказ"],
    "Date": [date(1970, 1, 1), date(2149, 6, 6)],
    "Date32": [date(1900, 1, 1), date(2299, 12, 31)],
    "UUID": [uuid.UUID(int=0), uuid.UUID("12345678-1234-5678-1234-567812345678")],
    "IPv4": [IPv4Address("127.0.0.1"), IPv4Address("255.255.255.255")],
    "Array(Nullable(Int32))": [[1, None, -3], []],
    "Array(Array(String))": [[["a"], []], []],
    "Tuple(String, UInt8)": [("a", 1), ("", 0)],
    "Array(Tuple(brand String, is_subscribed UInt8))": [
        [{"brand": "A", "is_subscribed": 1}],
        [],
    ],
    "Map(String, UInt64)": [{"a": 1, "b": 2}, {}],
    "Map(LowCardinality(String), Array(UInt8))": [{"a": [1, 2]}, {}],
    "Int128": [-(2**127), 2**127 - 1],
    "UInt128": [0, 2**128 - 1],
    "Int256": [-(2**255), 2**255 - 1],
    "Float32": [0.5, -1.25],
    "BFloat16": [0.5, -2.0],
    "Decimal(76, 20)": [Decimal("-1.00000000000000000001"), Decimal(10) ** 50],
    "Enum16('a' = -1000, 'b' = 1000)": ["a", "b"],
    "DateTime": [datetime(2025, 1, 15, 12, 30, 45), datetime(1970, 1, 1)],  # noqa: DTZ001
    "Time": [timedelta(hours=23, seconds=1), -timedelta(minutes=5)],
    "Time64(3)": [timedelta(milliseconds=1), timedelta(hours=100)],
    "IPv6": [IPv6Address("::1"), IPv6Address("2001:db8::ff")],
    "Nullable(UUID)": [uuid.UUID(int=7), None],
    "Nullable(FixedString(2))": [b"ab", None],
    "LowCardinality(FixedString(2))": [b"ab", b"cd"],
    "Point": [(1.0, 2.0), (0.0, -1.5)],
    "Ring": [[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)], []],
    "Polygon": [[[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)]], []],
    "SimpleAggregateFunction(max, UInt64)": [1, 2**40],
    "Variant(UInt64, String)": [7, "seven"],
    "Dynamic": ["seven", ""],
    "JSON": [{"a": {"b": 1}, "c": "x"}, {}],
    "Tuple(a Nullable(String), b Array(Tuple(UInt8, Date)))": [
        {"a": None, "b": [(1, date(2025, 1, 31))]},
        {"a": "x", "b": []},
    ],
}


@pytest.mark.parametrize("kind", VALUES)
def test_a_value_comes_back(etl: Client, table: Callable[[str], str], kind: str) -> None:
    name = table(f"n UInt8, v {kind}")
    rows = list(enumerate(VALUES[kind]))
    etl.insert(name, [list(row) for row in rows], column_names=["n", "v"])
    found = etl.query(f"SELECT n, v FROM {name} ORDER BY n").result_rows
    assert found == rows


@pytest.mark.parametrize("zone", ["UTC", "Europe/Moscow", "Asia/Kamchatka"])
def test_datetime64_keeps_the_instant_and_its_zone(
    etl: Client, table: Callable[[str], str], zone: str
) -> None:
    name = table(f"at DateTime64(3, '{zone}')")
    etl.insert(name, [[NOON.astimezone(MOSCOW)]], column_names=["at"])
    [[aware]] = etl.query(f"SELECT at FROM {name}", tz_mode="aware").result_rows
    assert aware == NOON
    assert aware.utcoffset() == NOON.astimezone(ZoneInfo(zone)).utcoffset()
    assert etl.command(f"SELECT toUnixTimestamp64Milli(at) FROM {name}") == 1736944245123


def test_nested_columns(etl: Client, table: Callable[[str], str]) -> None:
    name = table("id UInt8, line Nested(product String, amount Decimal(18, 4))")
    etl.insert(
        name,
        [[1, ["a", "b"], [Decimal("1.5"), Decimal(2)]]],
        column_names=["id", "line.product", "line.amount"],
    )
    found = etl.query(f"SELECT * FROM {name}").result_rows
    assert found == [(1, ["a", "b"], [Decimal("1.5"), Decimal(2)])]


def test_columns_at_a_time(etl: Client, table: Callable[[str], str]) -> None:
    name = table("n UInt32, s String")
    numbers = list(range(10_000))
    summary = etl.insert(
        name,
        [numbers, [str(n) for n in numbers]],
        column_names=["n", "s"],
        column_oriented=True,
    )
    assert summary.written_rows == 10_000
    assert etl.query(f"SELECT count(), sum(n), sum(toUInt32(s)) FROM {name}").result_rows == [
        (10_000, sum(numbers), sum(numbers))
    ]


def test_arrow_in_and_out(etl: Client, table: Callable[[str], str]) -> None:
    name = table("n Int64, s String, at DateTime64(3, 'UTC')")
    sent = pa.table(
        {
            "n": [1, 2, 3],
            "s": ["a", "б", ""],
            "at": pa.array([NOON] * 3, pa.timestamp("ms", tz="UTC")),
        }
    )
    etl.insert_arrow(name, sent)
    found = etl.query_arrow(f"SELECT * FROM {name} ORDER BY n", use_strings=True)
    assert found.to_pydict()["n"] == [1, 2, 3]
    assert found.to_pydict()["s"] == ["a", "б", ""]
    assert found.to_pydict()["at"][0].replace(tzinfo=UTC) == NOON


def test_a_result_without_rows_names_its_columns(etl: Client) -> None:
    found = etl.query("SELECT 1 AS a, 'x' AS b LIMIT 0")
    assert found.column_names == ("a", "b")
    assert found.result_rows == []


def test_parameters_are_bound_and_not_pasted(etl: Client) -> None:
    nasty = "it's\n\t\\ ; DROP TABLE x -- \u2028 {a:UInt8}"
    found = etl.query(
        "SELECT {s:String} AS s, {n:Nullable(UInt8)} AS n, {a:Array(String)} AS a, {d:Date} AS d",
        parameters={"s": nasty, "n": None, "a": ["x'", "y\n"], "d": date(2025, 1, 31)},
    )
    assert found.result_rows == [(nasty, None, ["x'", "y\n"], date(2025, 1, 31))]


def test_an_identifier_is_a_parameter_too(etl: Client, table: Callable[[str], str]) -> None:
    name = table("n UInt8")
    database, _, bare = name.partition(".")
    places = {"d": database, "t": bare}
    etl.command("INSERT INTO {d:Identifier}.{t:Identifier} SELECT 7", parameters=places)
    found = etl.query("SELECT n FROM {d:Identifier}.{t:Identifier}", parameters=places)
    assert found.result_rows == [(7,)]
