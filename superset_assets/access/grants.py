"""The users file as SQL for a real ClickHouse server: printed, or run there.

Every statement may be run again. Run them as an administrator; the passwords are bound by name
(`--param_<user>_password=…` of clickhouse-client) and are never part of the text.
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click
import clickhouse_connect

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
@click.option(
    "--apply",
    "run",
    is_flag=True,
    help="Run it at CLICKHOUSE_HOST, as CLICKHOUSE_ADMIN_USER with CLICKHOUSE_ADMIN_PASSWORD.",
)
def main(users: Path, *, run: bool) -> None:
    """Print the SQL that creates the users of the warehouse on a real server, or run it there."""
    access = read(users)
    if run:
        apply(access)
        click.echo(f"users and grants: {', '.join(access.users)}")
        return
    for statement in statements(access):
        click.echo(f"{statement};")


def apply(access: Access) -> None:
    """Bring the server of the environment to the file.

    Raises:
        KeyError: a variable with the address or a password is not set.
        clickhouse_connect.driver.exceptions.ClickHouseError: the server refuses.
    """
    passwords = {
        f"{user.name}_password": os.environ[user.password_variable]
        for user in access.users.values()
    }
    client = clickhouse_connect.get_client(
        host=os.environ["CLICKHOUSE_HOST"],
        port=int(os.environ["CLICKHOUSE_PORT"]),
        secure=os.environ.get("CLICKHOUSE_SECURE", "false").lower() == "true",
        username=os.environ["CLICKHOUSE_ADMIN_USER"],
        password=os.environ["CLICKHOUSE_ADMIN_PASSWORD"],
    )
    with closing(client):
        for statement in statements(access):
            client.command(statement, parameters=passwords)


if __name__ == "__main__":
    main()
