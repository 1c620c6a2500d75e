"""However often and in whatever order windows are loaded, the tables come out the same."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import requests
from clickhouse_connect.driver.client import Client

from mindbox_extract.datasets import DATASETS
from mindbox_extract.errors import ShrinkError
from mindbox_extract.progress import Progress, Step
from mindbox_extract.project import Project
from mindbox_extract.spec import Filter, Kind
from mindbox_extract.warehouse import Fingerprint
from mindbox_extract.window import Window
from sandbox.mindbox.process import MindboxProcess
from sandbox.mindbox.world.arrays import Array

from .conftest import ALL, MAY, WEEK, Load, clock_of, days_of

FingerprintOf = Callable[[str], Fingerprint]
SINCE_ONLY = sorted(d for d in DATASETS if DATASETS[d].filter is Filter.UTC_SINCE)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The world is three months old; what it was imported with is older.
HISTORY = Window(datetime(2024, 3, 1, tzinfo=UTC), MAY.till)
WHOLE = Window(datetime(2024, 1, 1, tzinfo=UTC), MAY.till)


@pytest.mark.parametrize("dataset", ALL)
def test_a_repeated_load_changes_nothing(
    dataset: str, run: Load, fingerprint: FingerprintOf, stages: Callable[[], list[str]]
) -> None:
    # Every day of an event is a partition to swap, so a week of them is enough.
    window = WEEK if DATASETS[dataset].kind is Kind.EVENT else MAY
    first = run(dataset, window, **clock_of(dataset))
    once = fingerprint(dataset)
    second = run(dataset, window, **clock_of(dataset))
    assert once.rows > 0
    assert fingerprint(dataset) == once
    assert second.partitions == first.partitions
    # A segmentation is asked for whole while nothing of it is there, then for what moved.
    assert second.rows == first.rows or dataset == "segment_changes"
    assert stages() == []


@pytest.mark.parametrize("dataset", SINCE_ONLY)
def test_what_did_not_change_makes_no_new_version(
    dataset: str, run: Load, warehouse: Client
) -> None:
    stored = f"SELECT count(), uniqExact(_load_id) FROM raw.{dataset}"
    run(dataset, MAY)
    once = warehouse.query(stored).first_row
    report = run(dataset, MAY)
    assert report.rows > 0
    assert warehouse.query(stored).first_row == once
    assert once[1] == 1


@pytest.mark.parametrize(
    ("dataset", "column"), [("promotions", "name"), ("segment_changes", "segment")]
)
def test_what_is_again_as_it_once_was_is_a_version_of_its_own(
    dataset: str, column: str, run: Load, warehouse: Client, fingerprint: FingerprintOf
) -> None:
    run(dataset, WHOLE)
    before = fingerprint(dataset)
    warehouse.command(
        f"INSERT INTO raw.{dataset} SELECT * REPLACE('other' AS {column}, 1 AS _content_hash, "
        f"_version_at + toIntervalMillisecond(1) AS _version_at) FROM raw.{dataset} LIMIT 1"
    )
    assert fingerprint(dataset) != before
    run(dataset, WHOLE)
    assert fingerprint(dataset) == before
    assert warehouse.command(f"SELECT count() FROM raw.{dataset}") == before.rows + 2


def test_every_segmentation_begins_whole_whenever_it_is_added(
    run: Load, project: Project, warehouse: Client, mindbox: MindboxProcess
) -> None:
    day = days_of(WEEK)[-1]
    counted = "SELECT segmentation, count() FROM raw.segment_changes GROUP BY 1 ORDER BY 1"
    run("segment_changes", day, project=project.model_copy(update={"segmentations": ["loyalty"]}))
    ((_, members),) = warehouse.query(counted).result_rows
    run("segment_changes", day)
    found = dict(warehouse.query(counted).result_rows)
    assert found["loyalty"] == members
    assert sum(found.values()) == mindbox.world.truth.rows()["customerSegments"]


# A snapshot is of the day it was taken on, so its days have no order.
@pytest.mark.parametrize("dataset", [d for d in ALL if DATASETS[d].kind is not Kind.SNAPSHOT])
def test_days_in_reverse_order_make_the_table_of_one_long_window(
    dataset: str, run: Load, fingerprint: FingerprintOf, warehouse: Client
) -> None:
    run(dataset, WEEK)
    whole = fingerprint(dataset)
    warehouse.command("DROP DATABASE raw SYNC")
    for day in reversed(days_of(WEEK)):
        run(dataset, day)
    assert whole.rows > 0
    assert fingerprint(dataset) == whole


@pytest.mark.parametrize("dataset", ["message_statuses", "customer_merges", "customer_actions"])
def test_an_event_table_holds_each_key_once(dataset: str, run: Load, warehouse: Client) -> None:
    run(dataset, MAY)
    key = ", ".join(DATASETS[dataset].key)
    stored, distinct = warehouse.query(
        f"SELECT count(), uniqExact({key}) FROM raw.{dataset}"
    ).first_row
    assert stored == distinct > 0


def test_what_the_world_knows_is_what_is_stored(
    run: Load, warehouse: Client, mindbox: MindboxProcess
) -> None:
    run("message_statuses", MAY)
    run("orders", Window(datetime(2024, 1, 1, tzinfo=UTC), MAY.till))
    world = mindbox.world
    since, till = (edge.timestamp() * 1000 for edge in (MAY.since, MAY.till))
    at = world.statuses.at
    assert warehouse.command("SELECT count() FROM raw.message_statuses") == sum(
        (at >= since) & (at < till)
    )
    assert warehouse.command("SELECT uniqExact(order_id) FROM raw.orders") == len(world.orders)


def busiest_edges(at: Array, window: Window, count: int) -> list[Window]:
    """The days of a window that have most happening shortly before or after them."""
    millisecond, quarter = timedelta(milliseconds=1), timedelta(minutes=15)

    def beside(day: Window) -> int:
        since, till = (round((edge - EPOCH) / millisecond) for edge in (day.since, day.till))
        near = round(quarter / millisecond)
        before, after = (at >= since - near) & (at < since), (at >= till) & (at < till + near)
        return int((before | after).sum())

    return sorted(days_of(window), key=beside, reverse=True)[:count]


@pytest.mark.parametrize("dataset", ["message_statuses", "customer_actions"])
def test_rows_of_the_neighbouring_windows_are_left_to_them(
    dataset: str, run: Load, warehouse: Client, mindbox: MindboxProcess
) -> None:
    world = mindbox.world
    at = world.statuses.at if dataset == "message_statuses" else world.actions.created_at
    spring = Window(datetime(2024, 3, 1, tzinfo=UTC), MAY.till)
    reports = [run(dataset, day) for day in busiest_edges(at, spring, 10)]
    time = DATASETS[dataset].event_time
    outside = warehouse.command(
        f"SELECT count() FROM raw.{dataset} WHERE {time} < _window_start OR {time} >= _window_end"
    )
    assert sum(report.outside_window for report in reports) > 0
    assert outside == 0


def test_an_entity_keeps_every_version(run: Load, warehouse: Client) -> None:
    run("orders", WEEK)
    run("orders", Window(WEEK.since, datetime(2024, 5, 20, tzinfo=UTC)))
    versions = warehouse.command("SELECT uniqExact(_version_at) FROM raw.orders")
    assert versions == 2


class TestShrinking:
    """A refetch that lost rows replaces nothing unless it is meant to."""

    def inflate(self, warehouse: Client, day: str, times: int) -> None:
        """Make the warehouse remember more than Mindbox still has."""
        columns = "* REPLACE(concat(status_id, '-', toString(n)) AS status_id)"
        warehouse.command(
            f"INSERT INTO raw.message_statuses SELECT {columns} FROM raw.message_statuses "
            f"ARRAY JOIN range(1, {times}) AS n WHERE toDate(status_at) = '{day}'"
        )

    def test_a_day_of_far_fewer_rows_stops_the_whole_load(
        self, run: Load, warehouse: Client, fingerprint: FingerprintOf
    ) -> None:
        run("message_statuses", WEEK)
        self.inflate(warehouse, "2024-05-08", 2)
        before = fingerprint("message_statuses")
        with pytest.raises(ShrinkError, match=r"2024-05-08 \(\d+ rows instead of \d+\)"):
            run("message_statuses", WEEK)
        assert fingerprint("message_statuses") == before
        assert warehouse.query("SELECT status FROM raw.loads ORDER BY finished_at").result_rows == [
            ("ok",),
            ("failed",),
        ]

    def test_it_is_replaced_when_that_is_meant(
        self, run: Load, warehouse: Client, fingerprint: FingerprintOf
    ) -> None:
        run("message_statuses", WEEK)
        before = fingerprint("message_statuses")
        self.inflate(warehouse, "2024-05-08", 2)
        run("message_statuses", WEEK, allow_shrink=True)
        assert fingerprint("message_statuses") == before

    def test_a_day_that_came_back_empty_is_emptied_only_when_that_is_meant(
        self, run: Load, warehouse: Client, fingerprint: FingerprintOf
    ) -> None:
        future = Window(datetime(2024, 7, 1, tzinfo=UTC), datetime(2024, 7, 3, tzinfo=UTC))
        run("message_statuses", WEEK)
        warehouse.command(
            "INSERT INTO raw.message_statuses SELECT * REPLACE("
            "toDateTime64('2024-07-02 10:00:00', 3, 'UTC') AS status_at) "
            "FROM raw.message_statuses LIMIT 10"
        )
        with pytest.raises(ShrinkError, match=r"2024-07-02 \(0 rows instead of \d+\)"):
            run("message_statuses", future)
        report = run("message_statuses", future, allow_shrink=True)
        assert report.partitions == ("2024-07-02",)
        left = "SELECT count() FROM raw.message_statuses WHERE status_at >= '2024-07-01'"
        assert warehouse.command(left) == 0

    def test_an_entity_never_loses_a_version(self, run: Load, fingerprint: FingerprintOf) -> None:
        run("orders", MAY)
        before = fingerprint("orders")
        nothing = Window(datetime(2024, 7, 1, tzinfo=UTC), datetime(2024, 7, 2, tzinfo=UTC))
        assert run("orders", nothing).rows == 0
        assert fingerprint("orders") == before


def test_a_broken_off_series_resumes_at_the_window_that_failed(
    run: Load, project: Project, fingerprint: FingerprintOf
) -> None:
    windows = project.windows.model_copy(update={"export_days": {"message_statuses": 2}})
    by_two_days = project.model_copy(update={"windows": windows})
    run("message_statuses", WEEK, project=by_two_days)
    expected = fingerprint("message_statuses")
    landed: list[Window] = []

    def stop_after_two(progress: Progress) -> None:
        if progress.step is Step.LOGGED:
            landed.append(progress.window)
            if len(landed) == 2:
                raise KeyboardInterrupt

    def note(progress: Progress) -> None:
        if progress.step is Step.LOGGED:
            landed.append(progress.window)

    shifted = Window(WEEK.since.replace(day=14), WEEK.till.replace(day=21))
    with pytest.raises(KeyboardInterrupt):
        run("message_statuses", shifted, project=by_two_days, on_progress=stop_after_two)
    run("message_statuses", shifted, project=by_two_days, on_progress=note, resume=True)
    assert landed == list(shifted.pieces(2))
    assert fingerprint("message_statuses").rows > expected.rows


def test_no_canary_is_in_any_column_of_any_table(
    run: Load, warehouse: Client, mindbox: MindboxProcess
) -> None:
    for dataset in ALL:
        # Every day of an event is a partition to swap, so a month of them is enough.
        is_event = DATASETS[dataset].kind is Kind.EVENT
        run(dataset, MAY if is_event else HISTORY, **clock_of(dataset))
    needles = sorted({canary.needle.lower() for canary in mindbox.world.canaries()})
    assert len(needles) > 200
    tables = warehouse.query(
        "SELECT database, name FROM system.tables WHERE database IN ('raw', 'raw_stage')"
    ).result_rows
    for database, table in tables:
        for start in range(0, len(needles), 200):
            found = warehouse.command(
                "SELECT countIf(multiSearchAny(lower(toString(tuple(*))), "
                f"{{needles:Array(String)}})) FROM {database}.{table}",
                parameters={"needles": needles[start : start + 200]},
            )
            assert found == 0, table
    sent = served(mindbox)
    assert {needle for needle in needles if needle in sent}


def served(mindbox: MindboxProcess) -> str:
    """Everything that Mindbox sent of the orders, as proof that canaries were there."""
    url = f"{mindbox.url}/v3/operations/sync"
    ask = {
        "params": {"endpointId": mindbox.endpoint_id, "operation": "Export.Orders"},
        "headers": {"Authorization": f"SecretKey {mindbox.secret_key}"},
        "timeout": 30,
    }
    export = requests.post(url, json={}, **ask).json()["exportId"]
    urls = requests.post(url, json={"exportId": export}, **ask).json()["exportResult"]["urls"]
    return "".join(requests.get(link, timeout=30).text for link in urls).lower()
