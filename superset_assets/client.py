"""A thin client of Superset's REST API: login, CSRF token, timeouts, plain errors.

Superset answers in the language of the session, so statuses are judged, never texts.
"""

import json
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from superset_assets.settings import SupersetLogin

TIMEOUT_SECONDS = (10, 180)
PAGE_SIZE = 100
_LOGIN, _CSRF_TOKEN = "security/login", "security/csrf_token/"
Json = dict[str, Any]


class SupersetError(Exception):
    """Superset refused or failed; the text says which request and its answer."""


class SupersetClient:
    """One logged-in session; it logs in again where Superset has let it expire."""

    def __init__(self, login: SupersetLogin) -> None:
        """Log in.

        Raises:
            SupersetError: nobody answers at the address, or the login is wrong.
        """
        self._url = login.url
        self._session = requests.Session()
        self._session.mount("http", HTTPAdapter(max_retries=Retry(3, backoff_factor=0.5)))
        self._session.headers["Referer"] = self._url
        self._login = login
        self._log_in()

    def _log_in(self) -> None:
        self._session.headers.pop("Authorization", None)
        credentials = {
            "username": self._login.username,
            "password": self._login.password,
            "provider": "db",
        }
        answer = self._checked(self._ask("POST", _LOGIN, json=credentials), "POST", _LOGIN)
        token = answer.json()["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"
        answer = self._checked(self._ask("GET", _CSRF_TOKEN), "GET", _CSRF_TOKEN)
        self._session.headers["X-CSRFToken"] = answer.json()["result"]

    def get(self, path: str, **kwargs: Any) -> Json:
        """GET an API address; the answer's JSON."""
        return cast("Json", self._request("GET", path, **kwargs).json())

    def post(self, path: str, **kwargs: Any) -> Json:
        """POST to an API address; the answer's JSON."""
        return cast("Json", self._request("POST", path, **kwargs).json())

    def put(self, path: str, **kwargs: Any) -> Json:
        """PUT to an API address; the answer's JSON."""
        return cast("Json", self._request("PUT", path, **kwargs).json())

    def delete(self, path: str) -> None:
        """DELETE an API address."""
        self._request("DELETE", path)

    def download(self, path: str, *, method: str = "GET", **kwargs: Any) -> bytes:
        """Ask an API address for a file; the answer's bytes."""
        return self._request(method, path, **kwargs).content

    def find(self, path: str, column: str, value: str) -> Json | None:
        """The first row of a list whose column equals the value, or nothing."""
        query = f"(filters:!((col:{column},opr:eq,value:{_rison(value)})),page_size:1)"
        rows = self.get(path, params={"q": query})["result"]
        return cast("Json", rows[0]) if rows else None

    def rows(self, path: str) -> Iterator[Json]:
        """All rows of a list, page by page."""
        page = 0
        while rows := self.get(path, params={"q": f"(page:{page},page_size:{PAGE_SIZE})"})[
            "result"
        ]:
            yield from rows
            page += 1

    def offers(self, path: str) -> bool:
        """Whether Superset has a list at an address: features that are off have none."""
        answer = self._send("GET", path)
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return False
        self._checked(answer, "GET", path)
        return True

    def by_uuid(self, kind: str, uuid: str) -> Json | None:
        """One chart, dataset or dashboard by its identity, or nothing."""
        answer = self._send("GET", str(PurePosixPath(kind) / uuid))
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        return cast("Json", self._checked(answer, "GET", kind).json()["result"])

    def _request(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        return self._checked(self._send(method, path, **kwargs), method, path)

    def _send(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        answer = self._ask(method, path, **kwargs)
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            # A token lives for a quarter of an hour, which a slow push may outlast.
            self._log_in()
            answer = self._ask(method, path, **kwargs)
        return answer

    def _ask(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        address = f"{self._url}/api/v1/{path}"
        try:
            answer = self._session.request(method, address, timeout=TIMEOUT_SECONDS, **kwargs)
        except requests.RequestException as error:
            raise SupersetError(f"{method} {address}: no answer ({error})") from error
        # Superset marks its cookies as secure for the sake of the TLS proxy before it; here it may
        # be asked without the proxy, over the services' own network.
        for cookie in self._session.cookies:
            cookie.secure = False
        return answer

    def _checked(self, answer: requests.Response, method: str, path: str) -> requests.Response:
        if not answer.ok:
            text = _readable(answer)[:2000]
            raise SupersetError(f"{method} {self._url}/api/v1/{path}: {answer.status_code} {text}")
        return answer


def _readable(answer: requests.Response) -> str:
    """What Superset says, its Russian not as escapes."""
    try:
        return json.dumps(answer.json(), ensure_ascii=False)
    except requests.JSONDecodeError:
        return answer.text


def _rison(text: str) -> str:
    escaped = text.replace("!", "!!").replace("'", "!'")
    return f"'{escaped}'"
