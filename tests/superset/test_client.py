"""The client that pushes and pulls."""

import pytest

from superset_assets.client import SupersetClient, SupersetError
from superset_assets.settings import SupersetLogin
from tests.superset.stack import Stack


def test_a_long_push_outlives_the_session_it_began_with(stack: Stack) -> None:
    client = SupersetClient(stack.client._login)
    client._session.headers.pop("Authorization")
    client._session.cookies.clear()
    assert client.get("chart/")["count"] > 0


def test_a_wrong_password_is_refused_once_and_named(stack: Stack) -> None:
    login = stack.client._login
    wrong = SupersetLogin(url=login.url, username=login.username, password="not it")
    with pytest.raises(SupersetError, match=r"security/login: 401"):
        SupersetClient(wrong)
