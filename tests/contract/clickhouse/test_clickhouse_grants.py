"""The users file as SQL for a real server: the engine's own parser and rights accept it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from superset_assets.access.grants import USERS_FILE, statements
from superset_assets.access.users import UsersFileError, read

if TYPE_CHECKING:
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

SQL = tuple(statements(read(USERS_FILE)))


@pytest.mark.parametrize("statement", SQL)
def test_a_statement_is_clickhouses(etl: Client, statement: str) -> None:
    parsed = etl.command("SELECT formatQuery({q:String})", parameters={"q": statement})
    assert parsed


def test_the_reader_gets_the_marts_and_what_drivers_ask() -> None:
    own = [statement for statement in SQL if "`superset`" in statement]
    grants = {s.removesuffix(" TO `superset`") for s in own if s.startswith("GRANT")}
    assert "ALTER USER `superset` SETTINGS readonly = 2 CONST" in own
    assert {g for g in grants if "system." not in g} == {"GRANT SELECT ON marts.*"}
    assert all(g.startswith("GRANT SELECT ON system.`") for g in grants if "system." in g)
    assert own.index("REVOKE ALL ON *.* FROM `superset`") < min(
        own.index(s) for s in own if s.startswith("GRANT")
    )


def test_no_password_is_in_the_text() -> None:
    passwords = [statement for statement in SQL if "IDENTIFIED" in statement]
    assert passwords
    assert all("_password:String}" in statement for statement in passwords)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("users: {}", "exactly the keys databases and users"),
        ("{databases: [], users: {a: {grants: []}}}", "user a lacks"),
        (
            (
                "{databases: [], users: {a: {description: x, password_variable: P, grants: [], "
                "rights: all}}}"
            ),
            "user a has unknown keys ['rights']",
        ),
    ],
)
def test_a_file_that_cannot_be_meant(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "users.yml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UsersFileError) as raised:
        read(path)
    assert said in str(raised.value)
