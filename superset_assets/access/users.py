"""The file of ClickHouse users, read and checked."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class UsersFileError(ValueError):
    """The users file says something that cannot be meant."""


@dataclass(frozen=True, kw_only=True)
class User:
    """One user: where the password lies, and the rights.

    Attributes:
        name: Login.
        description: What the user is for.
        password_variable: Environment variable that holds the password.
        grants: Rights in SQL, the part between GRANT and TO.
        settings: Settings of the user's profile, which the user cannot take back.
        system_tables: Tables of `system` the user reads; None: all that the grants allow.
        table_functions: Table functions the user calls; None: all that the grants allow.
    """

    name: str
    description: str
    password_variable: str
    grants: tuple[str, ...]
    settings: Mapping[str, int | str]
    system_tables: frozenset[str] | None
    table_functions: frozenset[str] | None


@dataclass(frozen=True, kw_only=True)
class Access:
    """Users by name, and the databases that exist for them."""

    databases: tuple[str, ...]
    users: Mapping[str, User]


def read(path: Path) -> Access:
    """Reads the users file.

    Raises:
        UsersFileError: A key is unknown or missing; the text says which, and of whom.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or set(content) != {"databases", "users"}:
        raise UsersFileError(f"{path}: expected exactly the keys databases and users")
    return Access(
        databases=tuple(content["databases"]),
        users={name: _user(path, name, entry) for name, entry in content["users"].items()},
    )


def _user(path: Path, name: str, entry: dict[str, Any]) -> User:
    known = {field.name for field in fields(User)} - {"name"}
    if strange := set(entry) - known:
        raise UsersFileError(f"{path}: user {name} has unknown keys {sorted(strange)}")
    if missing := {"description", "password_variable", "grants"} - set(entry):
        raise UsersFileError(f"{path}: user {name} lacks {sorted(missing)}")
    return User(
        name=name,
        description=entry["description"],
        password_variable=entry["password_variable"],
        grants=tuple(entry["grants"]),
        settings=entry.get("settings", {}),
        system_tables=_names(entry.get("system_tables")),
        table_functions=_names(entry.get("table_functions")),
    )


def _names(listed: list[str] | None) -> frozenset[str] | None:
    return None if listed is None else frozenset(listed)
