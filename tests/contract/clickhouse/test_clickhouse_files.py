# ruff: noqa: S608 (statements are put together from the constants of this file)
"""Files of the machine are reached in one folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.clickhouse.process import ClickHouseProcess
    from tests.contract.clickhouse.conftest import Http


@pytest.fixture
def folder(server: ClickHouseProcess) -> Iterator[Path]:
    folder = server.data / "user_files"
    yield folder
    for path in folder.iterdir():
        path.unlink()


def test_what_is_written_there_is_read_there(http: Http, folder: Path) -> None:
    written = http("INSERT INTO FUNCTION file('a.csv', CSV, 'n Int8, s String') VALUES (1, 'x')")
    assert written.ok, written.text
    assert (folder / "a.csv").read_text() == '1,"x"\n'
    for path in ("a.csv", f"{folder}/a.csv", "*.csv", "{a,b}.csv"):
        assert http(f"SELECT * FROM file('{path}', CSV, 'n Int8, s String')").text == "1\tx\n"
    assert http("SELECT file('a.csv')").text == '1,"x"\\n\n'


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM file('/etc/passwd', LineAsString)",
        "SELECT * FROM file('../store/../../x', LineAsString)",
        "SELECT * FROM file('*/../../x', LineAsString)",
        "SELECT * FROM `file`('/etc/passwd', 'LineAsString')",
        "SELECT * FROM /* … */ FILE ( '/etc/passwd' , 'LineAsString')",
        "SELECT * FROM file('\\x2fetc/passwd', LineAsString)",
        "SELECT * FROM file(0, LineAsString)",
        "SELECT * FROM fileCluster('c', '/etc/passwd', LineAsString)",
        "SELECT file('/etc/passwd')",
        "SELECT file(concat('/etc/', 'passwd'))",
        "SELECT file({p:String})",
        "WITH '/etc/passwd' AS p SELECT file(p)",
        "SELECT * FROM sqlite('/etc/x.db', 't')",
        "CREATE TABLE raw.f (s String) ENGINE = File(LineAsString, '/etc/passwd')",
        "CREATE VIEW raw.f AS SELECT * FROM file('/etc/passwd', LineAsString)",
        (
            "CREATE DICTIONARY raw.f (s String) PRIMARY KEY s "
            "SOURCE(FILE(path '/etc/passwd' format 'TSV')) LAYOUT(COMPLEX_KEY_DIRECT())"
        ),
        "INSERT INTO FUNCTION file('/tmp/x', CSV, 'n Int8') VALUES (1)",
    ],
)
def test_what_is_elsewhere_is_refused(http: Http, statement: str) -> None:
    answer = http(statement, param_p="/etc/passwd")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "291", answer.text
    assert "DATABASE_ACCESS_DENIED" in answer.text


def test_a_link_leads_nowhere_else(http: Http, folder: Path) -> None:
    (folder / "link").symlink_to("/etc/passwd")
    answer = http("SELECT * FROM file('link', LineAsString)")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "291"


def test_a_table_of_the_engines_own_files_is_nobodys_path(http: Http) -> None:
    assert http("CREATE TABLE raw.own (n UInt8) ENGINE = File(CSV)").ok
    assert http("INSERT INTO raw.own VALUES (7)").ok
    assert http("SELECT n FROM raw.own").text == "7\n"
    assert http("DROP TABLE raw.own").ok
