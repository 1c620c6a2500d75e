"""External tables: files of a multipart request that its statement reads as tables.

A server makes them without asking for a right, whatever the user may do otherwise. They are
therefore made before the statement, outside the user's role, from nothing but their structure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.clickhouse import feeding
from sandbox.clickhouse.engine import literal, quoted
from sandbox.clickhouse.errors import Code, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

    from sandbox.clickhouse.engine import Connection


def bring(name: str, file: BinaryIO, fields: Mapping[str, str], connection: Connection) -> None:
    """Makes one table of a request.

    Args:
        name: Of the table.
        file: Its data.
        fields: `<name>_structure` or `<name>_types`, and `<name>_format` (default TabSeparated).
        connection: Where the statement will run.

    Raises:
        ClickHouseError: Structure or data cannot be read.
    """
    structure = fields.get(f"{name}_structure") or _numbered(fields.get(f"{name}_types", ""))
    if not structure:
        raise refusal(
            Code.BAD_ARGUMENTS,
            f"Neither structure nor types have not been provided for external table {name}. Use "
            f"fields {name}_structure or {name}_types to do so.",
        )
    with connection.unrestricted():
        empty = f"SELECT * FROM null({literal(structure)})"  # noqa: S608 - quoted
        connection.command(f"CREATE TEMPORARY TABLE {quoted(name)} ENGINE = Memory AS {empty}")
        table, data_format = quoted(name), fields.get(f"{name}_format", "TabSeparated")
        feeding.pour(
            file,
            lambda path: (
                connection.run(
                    f"INSERT INTO {table} FROM INFILE {literal(path)} FORMAT {quoted(data_format)}"
                ).counts
            ),
        )


def drop(name: str, connection: Connection) -> None:
    """Takes the table of a request away again."""
    with connection.unrestricted():
        connection.command(f"DROP TEMPORARY TABLE IF EXISTS {quoted(name)}")


def _numbered(types: str) -> str:
    listed = [part.strip() for part in types.split(",") if part.strip()]
    return ", ".join(f"_{number} {kind}" for number, kind in enumerate(listed, start=1))
