"""How long the questions of the boards take, here and in DuckDB, and whether both say the same."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
from sqlglot.errors import SqlglotError

from sandbox.bench.timing import Spread, in_turns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clickhouse_connect.driver.client import Client

    from sandbox.bench.duckdb_peer import DuckDBPeer
    from sandbox.bench.questions import BoardQuestion

OURS, PEER = "ClickHouse", "DuckDB"
RELATIVE_TOLERANCE = 1e-9
CACHES = ("MARK CACHE", "UNCOMPRESSED CACHE", "QUERY CONDITION CACHE")
Answer = dict[tuple[str, ...], float | None]


class DifferentAnswerError(Exception):
    """The peer answers a question otherwise."""


@dataclass(frozen=True)
class Measured:
    """What a question took.

    Attributes:
        question: the question.
        cold: seconds with ClickHouse's caches dropped; those of the system stay.
        ours: seconds of warm runs.
        peer: seconds of DuckDB's warm runs in turns with ours; None where it was not asked.
        left_out: why it was not asked.
        cells: how many numbers the answer has.
    """

    question: BoardQuestion
    cold: float
    ours: Spread
    peer: Spread | None
    left_out: str
    cells: int

    @property
    def ratio(self) -> float | None:
        """How many times as long ours takes, by the medians."""
        return self.ours.median / self.peer.median if self.peer else None

    def as_json(self) -> dict[str, Any]:
        """One line of the results."""
        return {
            "question": self.question.name,
            "cells": self.cells,
            "cold": round(self.cold, 3),
            "warm": round(self.ours.median, 3),
            "duckdb": round(self.peer.median, 3) if self.peer else None,
            "ratio": round(self.ratio, 2) if self.ratio else None,
        }


@dataclass(frozen=True)
class Measuring:
    """Asks both, in turns.

    Attributes:
        reader: the connection of the user that Superset has.
        administrator: a connection that may drop caches.
        peer: DuckDB on the same tables.
        times: warm runs of each question.
    """

    reader: Client
    administrator: Client
    peer: DuckDBPeer
    times: int

    def of(self, question: BoardQuestion) -> Measured:
        """What a question takes.

        Raises:
            DifferentAnswerError: the peer understood it and answered it otherwise.
        """
        for cache in CACHES:
            self.administrator.command(f"SYSTEM DROP {cache}")
        answers: dict[str, Answer] = {}

        def ask_ours() -> None:
            answers[OURS] = answer_of(self.reader.query(question.statement).result_rows)

        def ask_peer() -> None:
            answers[PEER] = answer_of(self.peer.answer(statement))

        cold = in_turns({OURS: ask_ours}, 1, lambda: None)[OURS].median
        runs: dict[str, Callable[[], None]] = {OURS: ask_ours}
        left_out = ""
        try:
            statement = self.peer.statement(question.statement)
            ask_peer()
        except (SqlglotError, duckdb.Error) as refused:
            left_out = str(refused).splitlines()[0]
        else:
            _hold_equal(question, answers)
            runs[PEER] = ask_peer
        warm = in_turns(runs, self.times, lambda: None)
        return Measured(question, cold, warm[OURS], warm.get(PEER), left_out, len(answers[OURS]))


def answer_of(rows: Sequence[Sequence[Any]]) -> Answer:
    """The number by its words, in the types of neither database."""
    return {tuple(_word(key) for key in keys): _number(value) for *keys, value in rows}


def _word(key: Any) -> str:
    # A truncated day comes as a moment from DuckDB.
    return key.date().isoformat() if isinstance(key, datetime) else str(key)


def _number(value: Any) -> float | None:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, (int, float, Decimal)):
        return float(value)
    raise TypeError(f"{value!r} is no number")


def _hold_equal(question: BoardQuestion, answers: dict[str, Answer]) -> None:
    ours, theirs = answers[OURS], answers[PEER]
    different = [
        f"{key}: {ours.get(key)} and {theirs.get(key)}"
        for key in ours.keys() | theirs.keys()
        if not _same(ours.get(key), theirs.get(key))
    ]
    if different or ours.keys() != theirs.keys():
        raise DifferentAnswerError(f"{question.name}: {'; '.join(different[:5]) or 'other rows'}")


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=RELATIVE_TOLERANCE, abs_tol=RELATIVE_TOLERANCE)


@dataclass(frozen=True)
class Summary:
    """Questions of one board with one slice.

    Attributes:
        board: the board.
        added: the slice.
        measured: its questions.
    """

    board: str
    added: str
    measured: tuple[Measured, ...]

    @property
    def ours(self) -> float:
        """Median of the questions' medians, in seconds."""
        return statistics.median(each.ours.median for each in self.measured)

    @property
    def longest(self) -> float:
        """The longest of the questions' medians, in seconds."""
        return max(each.ours.median for each in self.measured)

    @property
    def cold(self) -> float:
        """Median of the cold runs, in seconds."""
        return statistics.median(each.cold for each in self.measured)

    @property
    def peer(self) -> float | None:
        """Median of DuckDB's medians, in seconds."""
        asked = [each.peer.median for each in self.measured if each.peer]
        return statistics.median(asked) if asked else None

    @property
    def ratio(self) -> float | None:
        """Median of the questions' ratios."""
        found = [each.ratio for each in self.measured if each.ratio]
        return statistics.median(found) if found else None

    def as_json(self) -> dict[str, Any]:
        """One line of the results."""
        return {
            "questions": len(self.measured),
            "cold": round(self.cold, 3),
            "warm": round(self.ours, 3),
            "longest": round(self.longest, 3),
            "duckdb": round(self.peer, 3) if self.peer else None,
            "ratio": round(self.ratio, 2) if self.ratio else None,
        }


def summaries(measured: Sequence[Measured]) -> list[Summary]:
    """The questions by board and slice, in their order."""
    kinds = dict.fromkeys((each.question.board, each.question.added) for each in measured)
    return [
        Summary(
            board,
            added,
            tuple(
                each
                for each in measured
                if (each.question.board, each.question.added) == (board, added)
            ),
        )
        for board, added in kinds
    ]


def left_out(measured: Sequence[Measured]) -> Counter[str]:
    """How many questions DuckDB was not asked, by the reason."""
    return Counter(each.left_out for each in measured if each.left_out)
