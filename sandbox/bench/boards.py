# ruff: noqa: S608 (names come from the catalogue of the marts)
"""The boards' questions over a warehouse: what they ask of it, and what the answers took."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sandbox.bench.answering import Measuring
from sandbox.bench.duckdb_peer import DuckDBPeer
from sandbox.bench.questions import SLICES, Asking
from superset_assets.semantic_catalog import write_catalog
from superset_assets.semantics.calendar import DAY, Period
from superset_assets.semantics.catalog import MARTS, Catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

    from sandbox.bench.answering import Measured
    from sandbox.bench.questions import BoardQuestion
    from superset_assets.manifest import Manifest

UNSAID = ("Не указано", "Нет", "Доставка")
DAYS = "dim_date"
LOADER, READER = "etl", "superset"


def asking_of(manifest: Manifest, client: Client) -> Asking:
    """The questions over the last whole year that a warehouse has.

    Args:
        manifest: what dbt built the warehouse from.
        client: a connection that may read the marts.
    """
    catalog = Catalog.of(write_catalog(manifest))
    ((last,),) = client.query(f"SELECT max(date_day) FROM {catalog.table(DAYS)}").result_rows
    return Asking(
        manifest,
        catalog,
        year=whole_year(last),
        values={name: _frequent(name, catalog, client) for name in SLICES.values()},
        today=last + DAY,
    )


def whole_year(last: date) -> Period:
    """The twelve calendar months that have ended by a day, that day included."""
    following = (last + DAY).replace(day=1)
    return Period(following.replace(year=following.year - 1), following - DAY)


def measured(
    questions: Sequence[BoardQuestion],
    *,
    connect: Callable[[str], Client],
    folder: Path,
    built: str,
    times: int,
    say: Callable[[str], None],
) -> list[Measured]:
    """Ask the questions of a warehouse and of DuckDB with the same marts.

    Args:
        questions: what is asked.
        connect: makes a connection to the warehouse for a user.
        folder: where DuckDB's file lies.
        built: names the build of the marts; DuckDB keeps its copy until there is another.
        times: warm runs of each question.
        say: is told what goes on.

    Raises:
        sandbox.bench.answering.DifferentAnswerError: the two say different things.
    """
    administrator = connect(LOADER)
    with DuckDBPeer(folder / "copy.duckdb", threads=os.cpu_count() or 1) as peer:
        if peer.build != built:
            say("copying the marts to DuckDB …")
            peer.take(administrator, (*MARTS, DAYS), folder, say)
            peer.build = built
        say(f"asking {len(questions)} questions …")
        measuring = Measuring(connect(READER), administrator, peer, times)
        answers = []
        for each in questions:
            say(f"  {each.name}")
            answers.append(measuring.of(each))
        return answers


def _frequent(name: str, catalog: Catalog, client: Client) -> str:
    """The most frequent value of a slice that says something, of facts that orders have."""
    table, column = next(
        (mart, found) for mart in MARTS if (found := catalog.column_of(mart, name)) is not None
    )
    ((value,),) = client.query(
        f"SELECT toString({column}) FROM {catalog.table(table)}"
        f" WHERE toString({column}) NOT IN {UNSAID} GROUP BY 1 ORDER BY count() DESC, 1 LIMIT 1"
    ).result_rows
    return str(value)
