"""A load that is killed anywhere leaves whole days behind, and a repeated one finishes them.

Each case runs in a process of its own, which ends without any cleanup when the load tells of the
chosen step. The steps are those that `on_progress` reports to everybody.
"""

import multiprocessing
import os
import random
from collections.abc import Callable

import pytest
from clickhouse_connect.driver.client import Client

from mindbox_extract.datasets import DATASETS
from mindbox_extract.load import load
from mindbox_extract.progress import Progress, Step
from mindbox_extract.project import Project
from mindbox_extract.settings import Settings
from mindbox_extract.spec import Kind
from mindbox_extract.warehouse import Fingerprint
from mindbox_extract.window import Window

from .conftest import WEEK, Load, clock_of

KILLED = 77
CASES, QUICK_CASES = 40, 8
SEED = 20240506
# Of every kind, protocol, filter and format at least one.
DATASETS_KILLED = (
    "message_statuses",
    "customer_merges",
    "orders",
    "customers",
    "customer_actions",
    "products",
    "segment_changes",
    "mailing_report_dynamics",
)

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["mindbox_extract.load"])


def load_until(
    dataset: str, window: Window, settings: Settings, project: Project, step: int
) -> None:
    """Load and die at the given step, without a word to anybody."""
    passed = 0

    def die(_: Progress) -> None:
        nonlocal passed
        passed += 1
        if passed > step:
            os._exit(KILLED)

    load(
        dataset,
        window,
        settings=settings,
        project=project,
        on_progress=die,
        **clock_of(dataset),
    )


def in_a_process(dataset: str, settings: Settings, project: Project, step: int) -> int | None:
    arguments = (dataset, WEEK, settings, project, step)
    process = _PROCESSES.Process(target=load_until, args=arguments)
    process.start()
    process.join(60)
    if process.is_alive():
        process.kill()
    return process.exitcode


def draws() -> list[object]:
    """Cases by dataset and by how far the load got, as a share of its steps."""
    luck = random.Random(SEED)  # noqa: S311 - the same cases in every run
    cases = [(DATASETS_KILLED[n % len(DATASETS_KILLED)], luck.random()) for n in range(CASES)]
    later = [pytest.param(*case, marks=pytest.mark.verify) for case in cases[QUICK_CASES:]]
    return [*cases[:QUICK_CASES], *later]


@pytest.fixture
def reference(
    run: Load, warehouse: Client, fingerprint: Callable[[str], Fingerprint]
) -> Callable[[str], tuple[Fingerprint, dict[object, int], int]]:
    """What an undisturbed load makes: fingerprint, rows by partition, number of steps."""

    def measured(dataset: str) -> tuple[Fingerprint, dict[object, int], int]:
        steps: list[Progress] = []
        run(dataset, WEEK, on_progress=steps.append, **clock_of(dataset))
        found = fingerprint(dataset), rows_by_partition(warehouse, dataset), len(steps)
        warehouse.command("DROP DATABASE raw SYNC")
        return found

    return measured


def rows_by_partition(warehouse: Client, dataset: str) -> dict[object, int]:
    query = f"SELECT _partition_id, count() FROM raw.{dataset} GROUP BY 1"
    return dict(warehouse.query(query).result_rows)


@pytest.mark.parametrize(("dataset", "share"), draws())
def test_a_killed_load_is_finished_by_the_next(
    dataset: str,
    share: float,
    run: Load,
    reference: Callable[[str], tuple[Fingerprint, dict[object, int], int]],
    settings: Settings,
    project: Project,
    warehouse: Client,
    fingerprint: Callable[[str], Fingerprint],
    stages: Callable[[], list[str]],
) -> None:
    expected, partitions, steps = reference(dataset)
    exitcode = in_a_process(dataset, settings, project, int(share * steps))
    assert exitcode == KILLED
    left = rows_by_partition(warehouse, dataset)
    assert all(partitions[partition] == rows for partition, rows in left.items())
    run(dataset, WEEK, **clock_of(dataset))
    assert fingerprint(dataset) == expected
    assert stages() == []
    if DATASETS[dataset].kind is not Kind.ENTITY:
        assert rows_by_partition(warehouse, dataset) == partitions


def test_a_killed_refetch_leaves_old_days_and_new_days(
    run: Load, settings: Settings, project: Project, warehouse: Client
) -> None:
    run("message_statuses", WEEK)
    before = rows_by_partition(warehouse, "message_statuses")
    (first_load,) = warehouse.query("SELECT DISTINCT _load_id FROM raw.message_statuses").first_row
    # The week is swapped in by several statements; die before the last.
    steps: list[Progress] = []
    run("message_statuses", WEEK, on_progress=steps.append)
    swaps = [number for number, step in enumerate(steps) if step.step is Step.SWAPPING]
    assert len(swaps) > 1
    middle = swaps[-1]
    assert in_a_process("message_statuses", settings, project, middle) == KILLED
    by_day = warehouse.query(
        "SELECT toDate(status_at), uniqExact(_load_id) FROM raw.message_statuses GROUP BY 1"
    ).result_rows
    loads = warehouse.command("SELECT uniqExact(_load_id) FROM raw.message_statuses")
    assert {count for _, count in by_day} == {1}
    assert loads == 2
    assert rows_by_partition(warehouse, "message_statuses") == before
    assert first_load


def test_leftovers_of_other_windows_are_dropped_once_they_are_old(
    run: Load, warehouse: Client, stages: Callable[[], list[str]]
) -> None:
    run("orders", WEEK)
    other = "orders__202301010000_202301020000__0123456789abcdef"
    same = "orders__202405060000_202405130000__0123456789abcdef"
    for name in (other, same):
        warehouse.command(f"CREATE TABLE raw_stage.{name} (a UInt8) ENGINE = MergeTree ORDER BY a")
    run("orders", WEEK, **clock_of("orders"))
    assert stages() == [other], "a young one of another window may belong to a running load"
