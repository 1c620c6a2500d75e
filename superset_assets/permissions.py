"""Roles and users from files, applied over Superset's REST API; applying twice changes nothing."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from superset_assets.brand_roles import ADMIN
from superset_assets.client import SupersetClient
from superset_assets.dataset_builder import dataset_uuid
from superset_assets.files import AssetFiles
from superset_assets.ledger import read_ledger, write_ledger
from superset_assets.people import Person, apply_person, may_log_in
from superset_assets.row_rules import apply_row_rules
from superset_assets.settings import ROOM, SupersetLogin
from superset_assets.sql_lab import connections

USERS_FILE, BRANDS_FILE = "users.yml", "brands.yml"
LEDGER = "roles"


class RoleError(Exception):
    """A role asks for what Superset does not have; the text says which."""


@dataclass(frozen=True)
class Role:
    """A role as its file says, with what it takes over from the role it extends.

    Attributes:
        key: name of the file, by which commands name the role.
        name: what Superset calls it.
        rights: permission and view.
        sees_datasets: it reads the boards' datasets, by the brands of each person.
        connections: names of the files in `connections/` that it may query.
        needs_all_brands: it cannot be cut by brand.
    """

    key: str
    name: str
    rights: frozenset[tuple[str, str]]
    sees_datasets: bool
    connections: frozenset[str]
    needs_all_brands: bool

    @classmethod
    def read(cls, path: Path) -> "Role":
        """Read a role file."""
        content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        extended = content.get("extends")
        base = cls.read(path.with_name(f"{extended}.yml")) if extended else None
        rights = {
            (permission, view)
            for view, permissions in content.get("permissions", {}).items()
            for permission in permissions
        }
        return cls(
            key=path.stem,
            name=content["name"],
            rights=frozenset(rights) | (base.rights if base else frozenset()),
            sees_datasets=content.get("datasets") == "all" or bool(base and base.sees_datasets),
            connections=frozenset(content.get("connections", ()))
            | (base.connections if base else frozenset()),
            needs_all_brands=content.get("brands") == "all",
        )


ADMINISTRATOR = Role("admin", ADMIN, frozenset(), True, frozenset(), needs_all_brands=True)


def read_roles(folder: Path = ROOM / "roles") -> dict[str, Role]:
    """The roles of a folder by key, the administrator that Superset brings along too."""
    paths = [p for p in sorted(folder.glob("*.yml")) if p.name not in {USERS_FILE, BRANDS_FILE}]
    return {path.stem: Role.read(path) for path in paths} | {ADMINISTRATOR.key: ADMINISTRATOR}


def apply_roles(client: SupersetClient, folder: Path, login: SupersetLogin) -> list[str]:
    """Make roles, row-level rules and users be as the files of a folder say.

    A right that left its file leaves the role; a role whose file is gone goes, if it came from one.
    Rules come before rights, so that no dataset is open in between.

    Returns:
        The names of roles and users that are in force.

    Raises:
        RoleError: a right or a dataset is unknown to Superset.
    """
    roles = [role for role in read_roles(folder).values() if role is not ADMINISTRATOR]
    update_row_rules(client, AssetFiles(ROOM), folder)
    rights, given = _known_rights(client), _Given.read(client)
    for role in roles:
        _apply_role(client, role, rights, given)
    _remove_former(client, {role.name for role in roles})
    applied = [role.name for role in roles]
    for user in yaml.safe_load((folder / USERS_FILE).read_text(encoding="utf-8")):
        password = os.environ.get(user["password_from"], "")
        if password:
            _apply_user(client, user, password, login)
            applied.append(user["username"])
    return applied


def update_row_rules(client: SupersetClient, files: AssetFiles, folder: Path) -> None:
    """Make the row-level rules be as datasets, roles of brands and the folder's file say."""
    text = (folder / BRANDS_FILE).read_text(encoding="utf-8")
    apply_row_rules(client, files, frozenset(yaml.safe_load(text)["open_datasets"]))


def _remove_former(client: SupersetClient, names: set[str]) -> None:
    for name in read_ledger(client).get(LEDGER, []):
        former = client.find("security/roles/", "name", name) if name not in names else None
        if former is not None:
            client.delete(f"security/roles/{former['id']}")
    write_ledger(client, **{LEDGER: sorted(names)})


def _known_rights(client: SupersetClient) -> dict[tuple[str, str], int]:
    return {
        (row["permission"]["name"], row["view_menu"]["name"]): row["id"]
        for row in client.rows("security/permissions-resources/")
    }


@dataclass(frozen=True)
class _Given:
    """The rights that have numbers of this installation in their names.

    Attributes:
        datasets: on the boards' datasets, all that the files have.
        connections: by file; one that is not published is nobody's.
    """

    datasets: tuple[tuple[str, str], ...]
    connections: Mapping[str, tuple[str, str]]

    @classmethod
    def read(cls, client: SupersetClient) -> "_Given":
        """Look the numbers up.

        Raises:
            RoleError: a dataset is not in Superset.
        """
        datasets = []
        for asset in AssetFiles(ROOM).of("datasets"):
            found = client.by_uuid("dataset", dataset_uuid(asset.path.stem))
            if found is None:
                raise RoleError(f"dataset {asset.path.stem} is not in Superset; push first")
            database = found["database"]["database_name"]
            datasets.append(f"[{database}].[{found['table_name']}](id:{found['id']})")
        by_name = {row["database_name"]: row["id"] for row in client.rows("database/")}
        return cls(
            datasets=tuple(("datasource_access", view) for view in datasets),
            connections={
                each.key: ("database_access", f"[{each.name}].(id:{by_name[each.name]})")
                for each in connections()
                if each.name in by_name
            },
        )

    def to(self, role: Role) -> set[tuple[str, str]]:
        """Those of a role."""
        opened = {view for key, view in self.connections.items() if key in role.connections}
        return opened | set(self.datasets if role.sees_datasets else ())


def _apply_role(
    client: SupersetClient, role: Role, rights: Mapping[tuple[str, str], int], given: _Given
) -> None:
    wanted = {_right(rights, right, role.name) for right in role.rights | given.to(role)}
    found = client.find("security/roles/", "name", role.name)
    number = (
        found["id"] if found else client.post("security/roles/", json={"name": role.name})["id"]
    )
    held = client.get(f"security/roles/{number}/permissions/")["result"]
    if {right["id"] for right in held} != wanted:
        body = {"permission_view_menu_ids": sorted(wanted)}
        client.post(f"security/roles/{number}/permissions", json=body)


def _right(rights: Mapping[tuple[str, str], int], right: tuple[str, str], role: str) -> int:
    if right not in rights:
        raise RoleError(f"role {role}: Superset has no right {right[0]} on {right[1]}")
    return rights[right]


def _apply_user(
    client: SupersetClient, user: dict[str, str], password: str, login: SupersetLogin
) -> None:
    if client.find("security/roles/", "name", user["role"]) is None:
        raise RoleError(f"user {user['username']}: there is no role {user['role']}")
    person = Person(
        username=user["username"],
        role=user["role"],
        brands=None,
        first_name=user["first_name"],
        last_name=user["last_name"],
        email=user["email"],
    )
    fits = may_log_in(login.url, person.username, password)
    apply_person(client, person, None if fits else password)
