"""No personal data anywhere: canaries in every personal field of the source are found nowhere."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from sandbox.mindbox.process import MindboxProcess
from sandbox.mindbox.world import World, WorldSettings
from tests.e2e.conftest import Chain, RunChain, Superset

UNTIL = datetime(2024, 6, 1, tzinfo=UTC)
CHUNK = 1 << 20


@pytest.fixture(scope="module")
def mindbox() -> Iterator[MindboxProcess]:
    with MindboxProcess(WorldSettings(customers=200, months=2, until=UNTIL, canaries=True)) as it:
        yield it


@pytest.fixture(scope="module")
def chain(mindbox: MindboxProcess, run_chain: RunChain) -> Chain:
    return run_chain("privacy", mindbox, date(2024, 3, 31), (UNTIL - timedelta(days=1)).date())


@pytest.fixture(scope="module")
def needles(mindbox: MindboxProcess) -> list[str]:
    assert isinstance(mindbox.world, World)
    found = sorted({canary.needle for canary in mindbox.world.canaries()})
    assert len(found) > 300
    return found


def test_there_is_something_to_leak(chain: Chain) -> None:
    query = "select count() from marts.wide_events"
    assert chain.warehouse.query(query).first_row[0] > 1000


def test_no_canary_is_in_any_column_that_holds_text(chain: Chain, needles: list[str]) -> None:
    """Views hold nothing: they show what tables hold."""
    columns = chain.warehouse.query(
        "select columns.database, columns.table, columns.name from system.columns as columns "
        "inner join system.tables as tables "
        "on columns.database = tables.database and columns.table = tables.name "
        "where columns.type like '%String%' and tables.engine not like '%View' "
        "and (columns.database != 'system' or columns.table like '%\\_log')"
    ).result_rows
    assert len(columns) > 100
    chain.warehouse.command("create database if not exists canaries")
    chain.warehouse.command(
        "create or replace table canaries.needles (needle String) engine = Memory"
    )
    chain.warehouse.insert("needles", [[n] for n in needles], ["needle"], database="canaries")
    leaks = []
    for database, table, name in columns:
        if database == "canaries":
            continue
        found = chain.warehouse.query(
            "with (select groupArray(lower(needle)) from canaries.needles) as needles "
            "select count() from {database:Identifier}.{table:Identifier} where arrayExists("
            "n -> position(lower(toString({name:Identifier})), n) > 0, needles)",
            {"database": database, "table": table, "name": name},
        ).first_row[0]
        if found:
            leaks.append(f"{database}.{table}.{name}")
    chain.warehouse.command("drop database canaries")
    assert leaks == []


def test_no_canary_is_in_any_file(chain: Chain, superset: Superset, needles: list[str]) -> None:
    """Logs, caches, temporary files, ClickHouse's parts, the stores of Dagster and Superset."""
    wanted = [needle.lower().encode() for needle in needles]
    files = [
        file
        for folder in (*chain.folders, superset.folder)
        for file in folder.rglob("*")
        if file.is_file() and not file.is_symlink()
    ]
    assert len(files) > 100
    leaks = [str(file) for file in files if holds_any(file, wanted)]
    assert leaks == []


def holds_any(file: Path, needles: list[bytes]) -> bool:
    """Whether a file holds one of many byte strings of at least twelve bytes."""
    content = file.read_bytes().lower()
    return any(needle in content for needle in needles)


def test_the_search_finds_what_is_there(tmp_path: Path, needles: list[str]) -> None:
    planted = tmp_path / "planted"
    planted.write_text(f"before {needles[len(needles) // 2].upper()} after")
    assert holds_any(planted, [needle.lower().encode() for needle in needles])
