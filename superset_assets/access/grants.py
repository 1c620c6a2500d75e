"""The users file as SQL for a real ClickHouse server: printed, or run there.

Every statement may be run again. Run them as an administrator; the passwords are bound by name
(`--param_<user>_password=…` of clickhouse-client) and are never part of the text.

A user that is cut by brand stands for a family of accounts (`brand_accounts.py`). Printed are the
user itself and its account of all brands; `--apply` also renews the accounts of brands that the
server has, and `ensure_account` makes one that it has not.
"""

from __future__ import annotations

import os
import re
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click
import clickhouse_connect

from superset_assets.access.brand_accounts import account_password
from superset_assets.access.users import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from clickhouse_connect.driver.client import Client

    from superset_assets.access.users import Access, User

USERS_FILE = Path(__file__).with_name("clickhouse_users.yml")


def statements(access: Access) -> Iterator[str]:
    """The statements that bring a server to the file, in the order they are run."""
    for database in access.databases:
        yield f"CREATE DATABASE IF NOT EXISTS {_quoted(database)}"
    for user in access.standing:
        yield from account_statements(user)
    # Where a table has policies, a server may be set to show nothing to whom none names.
    uncut = [user for user in access.users.values() if not user.cut_by_brand]
    for table in sorted({t for user in access.users.values() for t in user.cut_by_brand}):
        for user in uncut:
            yield _policy(user.name, table, "1")


def account_statements(user: User) -> Iterator[str]:
    """The statements that make one user or account, or bring it to the file."""
    name = _quoted(user.name)
    password = f"{{{_password_name(user)}:String}}"
    yield f"CREATE USER IF NOT EXISTS {name} IDENTIFIED WITH sha256_password BY {password}"
    yield f"ALTER USER {name} IDENTIFIED WITH sha256_password BY {password}"
    if user.settings:
        # CONST keeps the user from setting it otherwise in a session or a query.
        settings = ", ".join(f"{key} = {value} CONST" for key, value in user.settings.items())
        yield f"ALTER USER {name} SETTINGS {settings}"
    # Rights that the file no longer names are taken back.
    yield f"REVOKE ALL ON *.* FROM {name}"
    # A table is granted after its rows are cut.
    for table in user.cut_by_brand:
        yield _policy(user.name, table, _own_rows(user.brands))
    for grant in user.grants:
        yield f"GRANT {grant} TO {name}"
    for table in sorted(user.system_tables or ()):
        yield f"GRANT SELECT ON system.{_quoted(table)} TO {name}"


def _policy(user: str, table: str, condition: str) -> str:
    name = _quoted(user)
    return (
        f"CREATE ROW POLICY OR REPLACE {name} ON {table} FOR SELECT USING {condition} "
        f"AS PERMISSIVE TO {name}"
    )


def _own_rows(brands: Iterable[str] | None) -> str:
    if brands is None:
        return "1"
    listed = ", ".join(_literal(brand) for brand in brands)
    return f"brand IN ({listed})" if listed else "0"


def _password_name(user: User) -> str:
    """The name that the password is bound by; those of accounts hold what no name may."""
    return f"{re.sub('[^A-Za-z0-9_]', '_', user.name)}_password"


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


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
    """Bring the server of the environment to the file, with the accounts it has for brands.

    Raises:
        KeyError: a variable with the address or a password is not set.
        clickhouse_connect.driver.exceptions.ClickHouseError: the server refuses.
    """
    passwords = {name: os.environ[user.password_variable] for name, user in access.users.items()}
    with closing(administrator()) as client:
        for statement in statements(access):
            client.command(statement, parameters=_bound(access, passwords))
        for name in _known_accounts(client, access):
            ensure_account(client, access, name, passwords)


def ensure_account(client: Client, access: Access, name: str, passwords: Mapping[str, str]) -> None:
    """Make an account of brands, or bring it to the file.

    Args:
        client: The server, as an administrator.
        access: The users file.
        name: Of the account.
        passwords: Of the users of the file, by name.

    Raises:
        KeyError: the file has no family of that account.
        clickhouse_connect.driver.exceptions.ClickHouseError: the server refuses.
    """
    account = access.account(name)
    if account is None:
        raise KeyError(name)
    password = account_password(passwords[access.family(account).name], name)
    for statement in account_statements(account):
        client.command(statement, parameters={_password_name(account): password})


def _known_accounts(client: Client, access: Access) -> list[str]:
    """Accounts of brands that the server has."""
    rows = client.query("SELECT name FROM system.users WHERE position(name, '?') > 0").result_rows
    return [str(name) for (name,) in rows if access.account(str(name)) is not None]


def _bound(access: Access, passwords: Mapping[str, str]) -> dict[str, str]:
    return {
        _password_name(user): account_password(passwords[access.family(user).name], user.name)
        for user in access.standing
    }


def administrator() -> Client:
    """The server of the environment, as CLICKHOUSE_ADMIN_USER.

    Raises:
        KeyError: a variable with the address or the password is not set.
        clickhouse_connect.driver.exceptions.ClickHouseError: nobody answers, or not to this user.
    """
    return clickhouse_connect.get_client(
        host=os.environ["CLICKHOUSE_HOST"],
        port=int(os.environ["CLICKHOUSE_PORT"]),
        secure=os.environ.get("CLICKHOUSE_SECURE", "false").lower() == "true",
        username=os.environ["CLICKHOUSE_ADMIN_USER"],
        password=os.environ["CLICKHOUSE_ADMIN_PASSWORD"],
    )


if __name__ == "__main__":
    main()
