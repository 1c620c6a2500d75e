# ruff: noqa: S608 (names come from the warehouse's own catalogue and are quoted)
"""DuckDB on the same tables: types, sorting and rows are those of the marts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Self

import duckdb

from sandbox.bench.duckdb_dialect import LAST_DAY, MACROS, translated

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import TracebackType

    from clickhouse_connect.driver.client import Client

_CHUNK_BYTES = 1 << 20
_WORD = re.compile(r"('[^']*') =")
# What stands between the commas of a tuple; those of a Decimal's own brackets are none of its.
_PART = re.compile(r"(?:[^,()]|\([^()]*\))+")
_PLAIN_TYPES = {
    "String": "VARCHAR",
    "Date": "DATE",
    "UInt8": "UTINYINT",
    "UInt16": "USMALLINT",
    "UInt32": "UINTEGER",
    "UInt64": "UBIGINT",
    "Int32": "INTEGER",
    "Float64": "DOUBLE",
}


class DuckDBPeer:
    """A DuckDB file with the marts of a warehouse, used by as many threads as ClickHouse has."""

    def __init__(self, path: Path, threads: int) -> None:
        """Open the file, or make an empty one.

        Args:
            path: the file.
            threads: how many threads answer a question.
        """
        self._connection = duckdb.connect(path, config={"threads": threads})
        self._connection.execute("CREATE SCHEMA IF NOT EXISTS marts")
        self._connection.execute("CREATE TABLE IF NOT EXISTS copied_build (name VARCHAR)")
        for macro in MACROS:
            self._connection.execute(f"CREATE OR REPLACE MACRO {macro}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    @property
    def build(self) -> str | None:
        """The build that the marts were copied from, None before they were."""
        found = self._connection.execute("SELECT name FROM copied_build").fetchone()
        return str(found[0]) if found else None

    @build.setter
    def build(self, name: str) -> None:
        self._connection.execute("DELETE FROM copied_build")
        self._connection.execute("INSERT INTO copied_build VALUES (?)", [name])

    def take(
        self, client: Client, tables: Sequence[str], folder: Path, say: Callable[[str], None]
    ) -> None:
        """Copy marts through Parquet files, in the order that they are sorted by.

        Args:
            client: a connection that may read the system tables.
            tables: names of the marts.
            folder: where the files lie for a moment.
            say: is told which mart is being copied.
        """
        for table in tables:
            say(f"  {table} → DuckDB")
            columns = client.query(
                "SELECT name, type FROM system.columns"
                " WHERE database = 'marts' AND table = {table:String} ORDER BY position",
                {"table": table},
            ).result_rows
            key = client.command(
                "SELECT sorting_key FROM system.tables"
                " WHERE database = 'marts' AND name = {table:String}",
                {"table": table},
            )
            read = ", ".join(
                f"toString(`{name}`) AS `{name}`" if "Enum" in type_ else f"`{name}`"
                for name, type_ in columns
            )
            file = folder / f"{table}.parquet"
            stream = client.raw_stream(
                f"SELECT {read} FROM (SELECT * FROM marts.`{table}`"
                f"{f' ORDER BY {key}' if key else ''})",
                fmt="Parquet",
            )
            with file.open("wb") as out, stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    out.write(chunk)
            self._load(table, columns, file)
            file.unlink()

    def answer(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows that answer a statement in DuckDB's words.

        Raises:
            duckdb.Error: DuckDB does not understand it.
        """
        if LAST_DAY in statement:
            self._connection.execute(
                f"SET VARIABLE {LAST_DAY} = (SELECT max(date_day) FROM marts.dim_date)"
            )
        return self._connection.execute(statement).fetchall()

    @staticmethod
    def statement(of_clickhouse: str) -> str:
        """The statement that asks the same of DuckDB.

        Raises:
            sqlglot.errors.SqlglotError: the statement cannot be read.
        """
        return translated(of_clickhouse)

    def _load(self, table: str, columns: Sequence[tuple[str, str]], file: Path) -> None:
        typed = {name: duckdb_type(type_) for name, type_ in columns}
        definition = ", ".join(f'"{name}" {type_}' for name, type_ in typed.items())
        self._connection.execute(f'CREATE OR REPLACE TABLE marts."{table}" ({definition})')
        values = ", ".join(f'CAST("{name}" AS {type_})' for name, type_ in typed.items())
        self._connection.execute(
            f'INSERT INTO marts."{table}" SELECT {values} FROM read_parquet(?)', [str(file)]
        )


def duckdb_type(type_: str) -> str:
    """The type of DuckDB that holds the same values, closed lists as its ENUM.

    Raises:
        KeyError: there is no rule for the type.
    """
    if inner := re.fullmatch(r"(?:LowCardinality|Nullable)\((.*)\)", type_):
        return duckdb_type(inner[1])
    if inner := re.fullmatch(r"Array\((.*)\)", type_):
        return f"{duckdb_type(inner[1])}[]"
    if inner := re.fullmatch(r"Tuple\((.*)\)", type_):
        # Parquet names the parts of a tuple by their numbers.
        parts = (
            f'"{number}" {duckdb_type(part.strip())}'
            for number, part in enumerate(_PART.findall(inner[1]), start=1)
        )
        return f"STRUCT({', '.join(parts)})"
    if type_.startswith("Enum"):
        return f"ENUM ({', '.join(_WORD.findall(type_))})"
    if type_.startswith("Decimal"):
        return type_.upper()
    return "TIMESTAMP WITH TIME ZONE" if type_.startswith("DateTime") else _PLAIN_TYPES[type_]
