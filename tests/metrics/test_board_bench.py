"""The bench of the boards' questions: DuckDB understands all of them and says the same."""

from collections.abc import Iterator
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from sandbox.bench.answering import DifferentAnswerError, Measuring, left_out, summaries
from sandbox.bench.boards import DAYS, LOADER, READER, asking_of, measured
from sandbox.bench.duckdb_peer import DuckDBPeer, duckdb_type
from sandbox.bench.questions import AS_OPENED, BOARDS, SLICES, BoardQuestion
from superset_assets.semantics.catalog import EVENTS, MARTS
from tests.metrics.chain import Chain
from tests.metrics.warehouse import Warehouse

EVERY = 7
"""Of all questions, so many that every board, shape and slice is among them."""


def connect(chain: Chain, user: str) -> Client:
    clickhouse = chain.dbt.clickhouse
    return clickhouse_connect.get_client(
        host=clickhouse.host,
        port=clickhouse.port,
        username=user,
        password=clickhouse.passwords[user],
    )


@pytest.fixture(scope="module")
def questions(chain: Chain, warehouse: Warehouse) -> list[BoardQuestion]:
    return list(asking_of(warehouse.manifest, chain.client).questions())


@pytest.fixture
def peer(chain: Chain, tmp_path: Path) -> Iterator[DuckDBPeer]:
    with DuckDBPeer(tmp_path / "copy.duckdb", threads=2) as peer:
        peer.take(chain.client, (EVENTS,), tmp_path, lambda _: None)
        yield peer


def test_every_board_asks_its_main_metrics_with_every_slice(
    questions: list[BoardQuestion],
) -> None:
    asked = {(each.board, each.metric) for each in questions}
    assert asked == {(name, metric) for name, board in BOARDS.items() for metric in board.metrics}
    assert {each.added for each in questions} == {AS_OPENED, *SLICES}


def test_duckdb_is_asked_all_questions_and_agrees(
    chain: Chain, questions: list[BoardQuestion], tmp_path: Path
) -> None:
    found = measured(
        questions[::EVERY],
        connect=lambda user: connect(chain, user),
        folder=tmp_path,
        built="of this test",
        times=1,
        say=lambda _: None,
    )
    assert not left_out(found)
    assert all(each.ratio and each.ratio > 0 for each in found)
    assert sum(len(each.measured) for each in summaries(found)) == len(found)
    answered = [each for each in found if each.cells]
    assert len(answered) > 0.9 * len(found)


def test_a_copy_is_kept_until_the_marts_are_built_anew(chain: Chain, tmp_path: Path) -> None:
    lines: list[str] = []
    for built in ("once", "once", "again"):
        measured(
            [],
            connect=lambda user: connect(chain, user),
            folder=tmp_path,
            built=built,
            times=1,
            say=lines.append,
        )
    copied = [line for line in lines if line.endswith("DuckDB")]
    assert len(copied) == 2 * len((*MARTS, DAYS))


def test_an_answer_of_other_rows_is_no_measurement(
    chain: Chain, questions: list[BoardQuestion], peer: DuckDBPeer
) -> None:
    sent = next(each for each in questions if (each.metric, each.added) == ("sent", AS_OPENED))
    measuring = Measuring(connect(chain, READER), connect(chain, LOADER), peer, 1)
    assert measuring.of(sent).ratio
    peer.answer(
        "DELETE FROM marts.wide_events WHERE event_key IN"
        " (SELECT event_key FROM marts.wide_events WHERE is_sent = 1 LIMIT 300)"
    )
    with pytest.raises(DifferentAnswerError, match="mailings: sent, number"):
        measuring.of(sent)


def test_what_duckdb_does_not_know_is_left_out_with_the_reason(
    chain: Chain, peer: DuckDBPeer
) -> None:
    measuring = Measuring(connect(chain, READER), connect(chain, LOADER), peer, 1)
    foreign = BoardQuestion(
        "crm", "any", "number", AS_OPENED, "select medianExact(hour) from marts.wide_events"
    )
    found = measuring.of(foreign)
    assert found.ratio is None
    assert "medianexact" in found.left_out.lower()


def test_types_of_the_marts_have_their_like_in_duckdb() -> None:
    assert duckdb_type("Enum8('Да' = 1, 'Нет' = -2)") == "ENUM ('Да', 'Нет')"
    assert duckdb_type("Array(LowCardinality(String))") == "VARCHAR[]"
    assert duckdb_type("Nullable(Decimal(18, 4))") == "DECIMAL(18, 4)"
    pairs = 'STRUCT("1" DATE, "2" DECIMAL(9, 2))[]'
    assert duckdb_type("Array(Tuple(Date, Decimal(9, 2)))") == pairs
    with pytest.raises(KeyError):
        duckdb_type("Map(String, UInt8)")
