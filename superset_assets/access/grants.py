"""The users file as SQL for a real ClickHouse server.

Every statement may be run again. Run them as an administrator; the passwords are bound by name
(`--param_<user>_password=…` of clickhouse-client) and are never part of the text.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from superset_assets.access.users import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from superset_assets.access.users import Access, User

USERS_FILE = Path(__file__).with_name("clickhouse_users.yml")


def statements(access: Access) -> Iterator[str]:
    """The statements that bring a server to the file, in the order they are run."""
    for database in access.databases:
        yield f"CREATE DATABASE IF NOT EXISTS {_quoted(database)}"
    for user in access.users.values():
        yield from _user(user)


def _user(user: User) -> Iterator[str]:
    name = _quoted(user.name)
    password = f"{{{user.name}_password:String}}"
    yield f"CREATE USER IF NOT EXISTS {name} IDENTIFIED WITH sha256_password BY {password}"
    yield f"ALTER USER {name} IDENTIFIED WITH sha256_password BY {password}"
    if user.settings:
        # CONST keeps the user from setting it otherwise in a session or a query.
        settings = ", ".join(f"{key} = {value} CONST" for key, value in user.settings.items())
        yield f"ALTER USER {name} SETTINGS {settings}"
    # Rights that the file no longer names are taken back.
    yield f"REVOKE ALL ON *.* FROM {name}"
    for grant in user.grants:
        yield f"GRANT {grant} TO {name}"
    for table in sorted(user.system_tables or ()):
        yield f"GRANT SELECT ON system.{_quoted(table)} TO {name}"


def _quoted(identifier: str) -> str:
    escaped = identifier.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


@click.command()
@click.option(
    "--users",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=USERS_FILE,
    show_default="the file beside this module",
    help="Users file.",
)
def main(users: Path) -> None:
    """Print the SQL that creates the users of the warehouse on a real server."""
    for statement in statements(read(users)):
        click.echo(f"{statement};")


if __name__ == "__main__":
    main()
