"""People of Superset: a login, a role, brands."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import requests

from superset_assets.brand_roles import ALL_BRANDS_ROLE, brand_role, brands_of_roles
from superset_assets.client import SupersetClient


class PersonError(Exception):
    """A person cannot be made as asked; the text says why."""


@dataclass(frozen=True)
class Person:
    """Somebody who logs in.

    Attributes:
        role: what Superset calls the role.
        brands: those seen; None for all, empty for none.
    """

    username: str
    role: str
    brands: tuple[str, ...] | None
    first_name: str
    last_name: str
    email: str
    is_active: bool = True

    @property
    def roles(self) -> list[str]:
        """Names of the roles that this makes in Superset."""
        if self.brands is None:
            return [self.role, ALL_BRANDS_ROLE]
        return [self.role, *map(brand_role, self.brands)]


def people(client: SupersetClient) -> Iterator[Person]:
    """Everybody who has a login."""
    for row in client.rows("security/users/"):
        names = [role["name"] for role in row["roles"]]
        own = [name for name in names if name != ALL_BRANDS_ROLE and not _is_of_brand(name)]
        yield Person(
            username=row["username"],
            role=", ".join(own),
            brands=brands_of_roles(names),
            first_name=row["first_name"],
            last_name=row["last_name"],
            email=row["email"],
            is_active=row["active"],
        )


def apply_person(client: SupersetClient, person: Person, password: str | None) -> None:
    """Make a login be as given; its roles of brands exist.

    Args:
        client: Superset, as its administrator.
        person: the login.
        password: a new one; None leaves the old one.

    Raises:
        PersonError: a role does not exist, or a new login has no password.
    """
    wanted = sorted(_role(client, name) for name in person.roles)
    body: dict[str, Any] = {
        "username": person.username,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "roles": wanted,
        "active": person.is_active,
    }
    found = client.find("security/users/", "username", person.username)
    if found is None:
        if password is None:
            raise PersonError(f"{person.username}: a new login needs a password")
        client.post("security/users/", json={**body, "password": password})
        return
    held = {key: found[key] for key in body if key != "roles"}
    held["roles"] = sorted(role["id"] for role in found["roles"])
    if password is not None:
        client.put(f"security/users/{found['id']}", json={**body, "password": password})
    elif held != body:
        client.put(f"security/users/{found['id']}", json=body)


def set_password(client: SupersetClient, username: str, password: str) -> None:
    """Give a login a new password.

    Raises:
        PersonError: there is no such login.
    """
    client.put(f"security/users/{_found(client, username)['id']}", json={"password": password})


def deactivate(client: SupersetClient, username: str) -> None:
    """Close a login; what it made stays, with its owner's name.

    Raises:
        PersonError: there is no such login.
    """
    client.put(f"security/users/{_found(client, username)['id']}", json={"active": False})


def may_log_in(url: str, username: str, password: str) -> bool:
    """Whether Superset lets somebody in with this password."""
    answer = requests.post(
        f"{url}/api/v1/security/login",
        json={"username": username, "password": password, "provider": "db"},
        timeout=30,
    )
    return answer.status_code == HTTPStatus.OK


def _found(client: SupersetClient, username: str) -> dict[str, Any]:
    found = client.find("security/users/", "username", username)
    if found is None:
        raise PersonError(f"there is no login {username}")
    return found


def _role(client: SupersetClient, name: str) -> int:
    found = client.find("security/roles/", "name", name)
    if found is None:
        raise PersonError(f"there is no role {name}; run push or roles first")
    return int(found["id"])


def _is_of_brand(name: str) -> bool:
    return brands_of_roles([name]) not in {(), None}
