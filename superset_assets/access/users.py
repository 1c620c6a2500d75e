"""The file of ClickHouse users, read and checked."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import yaml

from superset_assets.access.brand_accounts import account_name, brands_of

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
        cut_by_brand: Tables with a column `brand` of which accounts see the rows of their brands
            alone (`brand_accounts.py`); they are granted too. Empty: the user sees all rows.
        all_brands_grants: What its account of all brands is granted instead.
        brands: Of an account of such a user: its brands, None for all; else nothing.
    """

    name: str
    description: str
    password_variable: str
    grants: tuple[str, ...]
    settings: Mapping[str, int | str]
    system_tables: frozenset[str] | None
    table_functions: frozenset[str] | None
    cut_by_brand: tuple[str, ...] = ()
    all_brands_grants: tuple[str, ...] = ()
    brands: tuple[str, ...] | None = ()

    def for_brands(self, brands: tuple[str, ...] | None) -> User:
        """The account that sees the rows of these brands; None for all."""
        account = replace(self, name=account_name(self.name, brands), brands=brands)
        return replace(account, grants=self.all_brands_grants) if brands is None else account


@dataclass(frozen=True, kw_only=True)
class Access:
    """Users by name, and the databases that exist for them."""

    databases: tuple[str, ...]
    users: Mapping[str, User]

    def account(self, name: str) -> User | None:
        """A user of the file, or an account for brands of one that is cut by brand."""
        if name in self.users:
            return self.users[name]
        try:
            family, brands = brands_of(name)
        except ValueError:
            return None
        user = self.users.get(family)
        return user.for_brands(brands) if user and user.cut_by_brand else None

    @property
    def standing(self) -> tuple[User, ...]:
        """The users of the file and their accounts of all brands: those that always exist."""
        users = self.users.values()
        return (*users, *(user.for_brands(None) for user in users if user.cut_by_brand))

    def family(self, account: User) -> User:
        """The user of the file that an account belongs to."""
        return self.users[account.name.partition("?")[0]]


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
    known = {field.name for field in fields(User)} - {"name", "brands"}
    if strange := set(entry) - known:
        raise UsersFileError(f"{path}: user {name} has unknown keys {sorted(strange)}")
    if missing := {"description", "password_variable", "grants"} - set(entry):
        raise UsersFileError(f"{path}: user {name} lacks {sorted(missing)}")
    cut = tuple(entry.get("cut_by_brand", ()))
    return User(
        name=name,
        description=entry["description"],
        password_variable=entry["password_variable"],
        grants=(*entry["grants"], *(f"SELECT ON {table}" for table in cut)),
        cut_by_brand=cut,
        all_brands_grants=tuple(entry.get("all_brands_grants", ())),
        settings=entry.get("settings", {}),
        system_tables=_names(entry.get("system_tables")),
        table_functions=_names(entry.get("table_functions")),
    )


def _names(listed: list[str] | None) -> frozenset[str] | None:
    return None if listed is None else frozenset(listed)
