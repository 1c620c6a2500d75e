"""One person of every role, as an administrator's command makes them."""

import re
import secrets
from dataclasses import dataclass
from functools import cache, cached_property

import requests

from superset_assets.brand_roles import ADMIN
from superset_assets.client import SupersetClient, SupersetError
from superset_assets.files import AssetFiles
from superset_assets.people import Person, apply_person
from superset_assets.permissions import read_roles, update_row_rules
from superset_assets.row_rules import ensure_brands
from superset_assets.settings import ROOM, SupersetLogin
from tests.superset.stack import Stack

OWN, OTHER = "Север", "Юг"
# Login → file of the role, brands; None: all.
PEOPLE: dict[str, tuple[str, tuple[str, ...] | None]] = {
    "viewer": ("viewer", (OWN,)),
    "director": ("director", (OWN,)),
    "marketer": ("marketer", (OWN,)),
    "analyst": ("analyst", (OWN,)),
    "engineer": ("data_engineer", None),
    "admin": ("admin", None),
    "stranger": ("analyst", ()),
    "both": ("analyst", (OWN, OTHER)),
    "all_seeing": ("analyst", None),
}


class Member(SupersetClient):
    """A person who also comes with a browser's session, which some addresses ask for."""

    def __init__(self, login: SupersetLogin) -> None:
        super().__init__(login)
        self._person = login

    @cached_property
    def _web(self) -> requests.Session:
        web = requests.Session()
        web.headers["Referer"] = self._person.url
        page = f"{self._person.url}/login/"
        (token,) = re.findall(r'id="csrf_token"\s+value="([^"]+)"', web.get(page, timeout=60).text)
        form = {"username": self._person.username, "password": self._person.password}
        web.post(page, data={**form, "csrf_token": token}, timeout=60)
        answer = web.get(f"{self._person.url}/api/v1/security/csrf_token/", timeout=60)
        web.headers["X-CSRFToken"] = answer.json()["result"]
        return web

    def in_the_browser(self, path: str, body: object, **parameters: object) -> requests.Response:
        """POST as a page does.

        Raises:
            SupersetError: Superset refuses.
        """
        address = f"{self._person.url}/{path}"
        answer = self._web.post(address, json=body, params=parameters, timeout=120)
        if not answer.ok:
            raise SupersetError(f"POST {path}: {answer.status_code} {answer.text}")
        return answer


@dataclass(frozen=True)
class People:
    """Logins of the stack, each with a password of its own."""

    stack: Stack
    passwords: dict[str, str]

    @classmethod
    def on(cls, stack: Stack) -> "People":
        """Make everybody but the administrator, who is there."""
        roles, passwords = read_roles(), {"admin": stack.login.password}
        ensure_brands(stack.client, (OWN, OTHER))
        update_row_rules(stack.client, AssetFiles(ROOM), ROOM / "roles")
        for login, (key, brands) in PEOPLE.items():
            if roles[key].name != ADMIN:
                passwords[login] = secrets.token_urlsafe(12)
                person = Person(login, roles[key].name, brands, login, "", f"{login}@example.com")
                apply_person(stack.client, person, passwords[login])
        return cls(stack, passwords)

    @cache  # noqa: B019  (lives as long as the stack)
    def __getitem__(self, login: str) -> Member:
        return Member(SupersetLogin(self.stack.login.url, login, self.passwords[login]))

    def __hash__(self) -> int:
        return id(self)
