"""Roles and users from files, applied over Superset's REST API; applying twice changes nothing."""

import os
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests
import yaml

from superset_assets.client import SupersetClient
from superset_assets.dataset_builder import dataset_uuid
from superset_assets.settings import SupersetLogin

USERS_FILE = "users.yml"


class RoleError(Exception):
    """A role asks for what Superset does not have; the text says which."""


@dataclass(frozen=True)
class Role:
    """A role as its file says."""

    name: str
    rights: frozenset[tuple[str, str]]
    datasets: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> "Role":
        """Read a role file."""
        content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        rights = {
            (permission, view)
            for view, permissions in content["permissions"].items()
            for permission in permissions
        }
        return cls(content["name"], frozenset(rights), tuple(content.get("datasets", ())))


def apply_roles(client: SupersetClient, folder: Path, login: SupersetLogin) -> list[str]:
    """Make roles and users be as the files of a folder say.

    A right that left the file leaves the role.

    Returns:
        The names of roles and users that are in force.

    Raises:
        RoleError: a right or a dataset is unknown to Superset.
    """
    rights = _known_rights(client)
    applied = []
    for path in sorted(folder.glob("*.yml")):
        if path.name != USERS_FILE:
            role = Role.read(path)
            _apply_role(client, role, rights)
            applied.append(role.name)
    for user in yaml.safe_load((folder / USERS_FILE).read_text(encoding="utf-8")):
        password = os.environ.get(user["password_from"], "")
        if password:
            _apply_user(client, user, password, login)
            applied.append(user["username"])
    return applied


def _known_rights(client: SupersetClient) -> dict[tuple[str, str], int]:
    return {
        (row["permission"]["name"], row["view_menu"]["name"]): row["id"]
        for row in client.rows("security/permissions-resources/")
    }


def _apply_role(client: SupersetClient, role: Role, rights: dict[tuple[str, str], int]) -> None:
    wanted = {_right(rights, right, role.name) for right in role.rights}
    for name in role.datasets:
        dataset = client.by_uuid("dataset", dataset_uuid(name))
        if dataset is None:
            raise RoleError(f"role {role.name}: dataset {name} is not in Superset; push first")
        database = dataset["database"]["database_name"]
        view = f"[{database}].[{dataset['table_name']}](id:{dataset['id']})"
        wanted.add(_right(rights, ("datasource_access", view), role.name))
    found = client.find("security/roles/", "name", role.name)
    number = (
        found["id"] if found else client.post("security/roles/", json={"name": role.name})["id"]
    )
    held = client.get(f"security/roles/{number}/permissions/")["result"]
    if {right["id"] for right in held} != wanted:
        body = {"permission_view_menu_ids": sorted(wanted)}
        client.post(f"security/roles/{number}/permissions", json=body)


def _right(rights: dict[tuple[str, str], int], right: tuple[str, str], role: str) -> int:
    if right not in rights:
        raise RoleError(f"role {role}: Superset has no right {right[0]} on {right[1]}")
    return rights[right]


def _apply_user(
    client: SupersetClient, user: dict[str, str], password: str, login: SupersetLogin
) -> None:
    role = client.find("security/roles/", "name", user["role"])
    if role is None:
        raise RoleError(f"user {user['username']}: there is no role {user['role']}")
    body = {
        "username": user["username"],
        "first_name": user["first_name"],
        "last_name": user["last_name"],
        "email": user["email"],
        "roles": [role["id"]],
        "active": True,
    }
    found = client.find("security/users/", "username", user["username"])
    if found is None:
        client.post("security/users/", json={**body, "password": password})
    elif not _may_log_in(login.url, user["username"], password):
        client.put(f"security/users/{found['id']}", json={**body, "password": password})
    elif [each["id"] for each in found["roles"]] != body["roles"]:
        client.put(f"security/users/{found['id']}", json=body)


def _may_log_in(url: str, username: str, password: str) -> bool:
    answer = requests.post(
        f"{url}/api/v1/security/login",
        json={"username": username, "password": password, "provider": "db"},
        timeout=30,
    )
    return answer.status_code == HTTPStatus.OK
