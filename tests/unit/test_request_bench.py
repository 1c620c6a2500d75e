"""The bench of the request path: what its figures are made of."""

import time
from threading import Lock
from typing import Any

import pytest

from sandbox.bench.request_path import (
    AFTER,
    BEFORE,
    Asked,
    ChartRequest,
    Comparison,
    DifferentAnswerError,
    compared,
)

CHARTS = [ChartRequest(f"chart/data?chart={number}", {"force": True}) for number in range(8)]
SECONDS, EVENTS_PER_REQUEST = 0.02, 3


class FakeSuperset:
    """Answers as many requests at once as it has workers, each after a while."""

    def __init__(self, *, workers: int, rows: int = 1, logs: bool = False) -> None:
        self.workers, self.rows, self.logs = [Lock() for _ in range(workers)], rows, logs
        self.requests: list[tuple[str, Any]] = []

    def asked(self) -> Asked:
        return Asked(
            [FakeAsker(self, at) for at in range(4)],
            lambda: EVENTS_PER_REQUEST * len(self.requests) if self.logs else 0,
        )


class FakeAsker:
    def __init__(self, superset: FakeSuperset, at: int) -> None:
        self.superset, self.worker = superset, superset.workers[at % len(superset.workers)]

    def post(self, path: str, **kwargs: Any) -> dict[str, Any]:
        with self.worker:
            time.sleep(SECONDS)
        self.superset.requests.append((path, kwargs["json"]))
        return {"result": [{"data": [{}] * self.superset.rows}]}


def of(before: FakeSuperset, after: FakeSuperset, rounds: int = 2) -> Comparison:
    supersets = {BEFORE: before.asked(), AFTER: after.asked()}
    return compared(supersets, CHARTS, rounds=rounds, say=lambda _: None)


def test_requests_are_timed_alone_and_together() -> None:
    found = of(FakeSuperset(workers=1, logs=True), FakeSuperset(workers=4))
    assert all(found.spread(path, "median").median >= SECONDS for path in (BEFORE, AFTER))
    assert found.per_second(BEFORE) <= 1 / SECONDS
    # Four workers answer two requests each, where one answers all eight; alone they are alike.
    assert found.ratio("together").median > found.ratio("median").median
    assert found.ratio("p95").median > 1


def test_log_rows_are_those_of_the_measured_requests() -> None:
    found = of(FakeSuperset(workers=4, logs=True), FakeSuperset(workers=4)).as_json()
    assert found["log_rows_per_request"] == {BEFORE: EVENTS_PER_REQUEST, AFTER: 0}


def test_both_are_asked_the_same_and_as_often() -> None:
    before, after = FakeSuperset(workers=4), FakeSuperset(workers=4)
    of(before, after, rounds=3)
    # Twice to warm up, then alone and together in each round.
    everything = sorted((each.path, each.body["force"]) for each in CHARTS) * (2 + 2 * 3)
    for superset in (before, after):
        said = [(path, body["force"]) for path, body in superset.requests]
        assert sorted(said) == sorted(everything)


def test_other_answers_are_no_measurement() -> None:
    with pytest.raises(DifferentAnswerError, match="chart=0"):
        of(FakeSuperset(workers=4), FakeSuperset(workers=4, rows=2))
