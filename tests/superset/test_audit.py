"""Who came in, took data out, ran SQL and changed things stands in the log; figures do not."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from superset_assets.client import SupersetError
from tests.superset.people import People
from tests.superset.stack import Stack
from tests.superset.test_roles import changes_our_chart, downloads, makes_a_chart, queries


@pytest.fixture(scope="module")
def people(stack: Stack) -> People:
    return People.on(stack)


def lines_of(stack: Stack, action: Callable[[], object]) -> str:
    """What Superset's log gains while something is done."""
    log = Path(stack.environment["SUPERSET_HOME"]).with_name("superset.log")
    before = log.stat().st_size
    action()
    with log.open("rb") as written:
        written.seek(before)
        return written.read().decode()


def test_a_log_in_is_noted_and_so_is_a_guess(stack: Stack, people: People) -> None:
    body = {"username": "marketer", "password": "guessed", "provider": "db", "refresh": False}

    def guess() -> None:
        with pytest.raises(SupersetError, match="401"):
            people["marketer"].post("security/login", json=body)

    assert "log-in POST /api/v1/security/login user=" in lines_of(stack, guess)
    assert "status=401" in lines_of(stack, guess)
    right = {**body, "password": people.passwords["marketer"]}
    entered = lines_of(stack, lambda: people["marketer"].post("security/login", json=right))
    assert re.search(r"log-in POST /api/v1/security/login user=\S+ status=200", entered)
    assert "guessed" not in entered


def test_a_file_that_is_taken_out_is_noted_without_its_figures(
    stack: Stack, people: People
) -> None:
    number = people["marketer"].get("me/")["result"]["id"]
    noted = lines_of(stack, lambda: downloads(stack, people["marketer"]))
    (line,) = [each for each in noted.splitlines() if "download " in each]
    assert line.endswith(f"download POST /api/v1/chart/data user={number} status=200")


def test_sql_is_noted_without_its_text(stack: Stack, people: People) -> None:
    noted = lines_of(stack, lambda: queries("analysts")(stack, people["analyst"]))
    assert "sql POST /api/v1/sqllab/execute/ user=" in noted
    lines = [each for each in noted.splitlines() if "sql POST" in each]
    assert not any("select" in each.lower() for each in lines)


def test_what_people_change_is_noted_and_what_was_refused_too(stack: Stack, people: People) -> None:
    made = lines_of(stack, lambda: makes_a_chart(stack, people["marketer"]))
    assert re.search(r"ChartRestApi\.post user=\d+", made)

    def refused() -> None:
        with pytest.raises(SupersetError):
            changes_our_chart(stack, people["marketer"])

    assert re.search(r"ChartRestApi\.put user=\d+", lines_of(stack, refused))
