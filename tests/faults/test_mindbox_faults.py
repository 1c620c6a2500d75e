"""Whatever Mindbox does wrong ends in a message, or is got over; the tables stay whole."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from clickhouse_connect.driver.client import Client
from pydantic import SecretStr

from mindbox_extract.datasets import DATASETS
from mindbox_extract.errors import (
    ExportCancelledError,
    ExtractError,
    MindboxError,
    PayloadError,
    QuarantineError,
)
from mindbox_extract.progress import Progress, Step
from mindbox_extract.project import Project
from mindbox_extract.settings import Settings
from mindbox_extract.spec import Kind
from mindbox_extract.warehouse import Fingerprint
from sandbox.mindbox.api.faults import (
    AnyFault,
    Cancel,
    DropConnection,
    HttpError,
    MalformedRows,
    NoFiles,
    Slow,
    StaleLink,
    Truncate,
)
from sandbox.mindbox.process import MindboxProcess

from .conftest import ALL, MAY, WEEK, Load, clock_of, days_of

FingerprintOf = Callable[[str], Fingerprint]
STATUSES = "message_statuses"


@dataclass
class Watch:
    """Loads a week under faults and compares with what was there before."""

    run: Load
    mindbox: MindboxProcess
    fingerprint: FingerprintOf
    stages: Callable[[], list[str]]
    warehouse: Client

    def fails(self, error: type[ExtractError], *faults: AnyFault, **changes: object) -> str:
        """The message of a load that fails and changes nothing."""
        self.run(STATUSES, WEEK)
        before = self.fingerprint(STATUSES)
        self.mindbox.set_faults(*faults)
        with pytest.raises(error) as raised:
            self.run(STATUSES, WEEK, **changes)
        assert self.fingerprint(STATUSES) == before
        assert self.stages() == []
        logged = self.warehouse.query(
            "SELECT status, message FROM raw.loads ORDER BY finished_at DESC LIMIT 1"
        ).first_row
        assert tuple(logged) == ("failed", str(raised.value))
        assert STATUSES in str(raised.value)
        assert "2024-05-06..2024-05-13" in str(raised.value)
        return str(raised.value)

    def gets_over(self, *faults: AnyFault) -> None:
        """A load under faults brings what it brings without them."""
        self.run(STATUSES, WEEK)
        expected = self.fingerprint(STATUSES)
        self.warehouse.command("DROP DATABASE raw SYNC")
        self.mindbox.set_faults(*faults)
        self.run(STATUSES, WEEK)
        assert self.fingerprint(STATUSES) == expected
        assert self.mindbox.faults() == [], "not every ordered fault struck"


@pytest.fixture
def watch(
    run: Load,
    mindbox: MindboxProcess,
    fingerprint: FingerprintOf,
    stages: Callable[[], list[str]],
    warehouse: Client,
) -> Watch:
    return Watch(run, mindbox, fingerprint, stages, warehouse)


def test_a_wrong_key(watch: Watch, settings: Settings) -> None:
    wrong = settings.model_copy(update={"mindbox_secret_key": SecretStr("wrong-key")})
    message = watch.fails(MindboxError, settings=wrong)
    assert "403" in message
    assert "MINDBOX_SECRET_KEY does not fit MINDBOX_ENDPOINT_ID" in message
    assert "wrong-key" not in message


def test_an_unknown_endpoint(watch: Watch, settings: Settings) -> None:
    other = settings.model_copy(update={"mindbox_endpoint_id": "other"})
    assert "answered 400 ProtocolError" in watch.fails(MindboxError, settings=other)


def test_an_unknown_operation(watch: Watch, project: Project) -> None:
    other = project.model_copy(update={"operations": {STATUSES: "Export.Nothing"}})
    message = watch.fails(MindboxError, project=other)
    assert "operation Export.Nothing answered 400" in message


def test_the_operation_of_another_dataset(watch: Watch, project: Project) -> None:
    other = project.model_copy(update={"operations": {STATUSES: "Export.Orders"}})
    message = watch.fails(PayloadError, project=other)
    assert 'its root is "orders", not "customerMessageStatuses"' in message


def test_a_wrong_address(watch: Watch, settings: Settings, mindbox: MindboxProcess) -> None:
    lost = settings.model_copy(update={"mindbox_url": f"{mindbox.url}/elsewhere"})
    assert "404" in watch.fails(MindboxError, settings=lost)


def test_nobody_at_the_address(watch: Watch, settings: Settings) -> None:
    lost = settings.model_copy(update={"mindbox_url": "http://127.0.0.1:9"})
    assert "check MINDBOX_URL" in watch.fails(MindboxError, settings=lost)


def test_a_file_host_that_is_not_allowed(watch: Watch, settings: Settings) -> None:
    strict = settings.model_copy(update={"mindbox_file_hosts": "files.example"})
    message = watch.fails(MindboxError, settings=strict)
    assert re.search(r"offered at 127\.0\.0\.1:\d+, which is not among MINDBOX_FILE_HOSTS", message)


@pytest.mark.parametrize(
    ("status", "stage"),
    [(429, "start"), (500, "poll"), (502, "file"), (503, "start"), (504, "file")],
)
def test_a_passing_storm(watch: Watch, status: int, stage: str) -> None:
    watch.gets_over(HttpError(status=status, stage=stage, times=2))


def test_a_storm_that_says_when_to_return(watch: Watch) -> None:
    watch.gets_over(HttpError(status=429, times=1, retry_after=1))


@pytest.mark.parametrize("status", [429, 503])
def test_a_storm_without_end(watch: Watch, status: int) -> None:
    message = watch.fails(MindboxError, HttpError(status=status))
    assert f"answered {status}" in message
    assert "later" in message


def test_an_export_that_is_not_ready_in_time_is_found_again(
    run: Load, project: Project, mindbox: MindboxProcess, fingerprint: FingerprintOf
) -> None:
    day = days_of(WEEK)[0]
    mindbox.set_faults(Slow(seconds=2, times=1))
    polling = project.polling.model_copy(update={"give_up_after_seconds": 1})
    hasty = project.model_copy(update={"polling": polling})
    with pytest.raises(MindboxError, match="is not ready after 1 s; load again later") as raised:
        run(STATUSES, day, project=hasty)
    states: list[str] = []

    def note(progress: Progress) -> None:
        if progress.step is Step.EXPORT:
            states.append(progress.detail)

    report = run(STATUSES, day, on_progress=note)
    assert states[0] == f"{report.export_ids[0]} duplicate"
    assert f"export {report.export_ids[0]} is not ready" in str(raised.value)
    assert fingerprint(STATUSES).rows == report.rows > 0


def test_an_export_that_takes_its_time(watch: Watch) -> None:
    watch.gets_over(Slow(seconds=1, times=1))


def test_an_export_without_files(watch: Watch) -> None:
    assert "has no files" in watch.fails(MindboxError, NoFiles())


def test_an_export_that_somebody_cancelled(watch: Watch) -> None:
    message = watch.fails(ExportCancelledError, Cancel(reason="Отменено пользователем"))
    assert "Отменено пользователем" in message


def test_a_window_too_big_for_mindbox_is_halved(
    run: Load, mindbox: MindboxProcess, fingerprint: FingerprintOf, warehouse: Client
) -> None:
    run(STATUSES, WEEK)
    expected = fingerprint(STATUSES)
    warehouse.command("DROP DATABASE raw SYNC")
    mindbox.set_faults(Cancel(longer_than_days=2))
    states = []

    def note(progress: Progress) -> None:
        if progress.step is Step.EXPORT:
            states.append(progress.detail)

    report = run(STATUSES, WEEK, on_progress=note)
    # Seven days: 3 + 4, then 1 + 2 and 2 + 2.
    assert states.count("halved") == 3
    assert len(report.export_ids) == 4
    assert fingerprint(STATUSES) == expected


@pytest.mark.parametrize("dataset", ["customer_actions", "products"])
def test_halves_make_the_same_table_of_every_format(
    dataset: str,
    run: Load,
    mindbox: MindboxProcess,
    fingerprint: FingerprintOf,
    warehouse: Client,
) -> None:
    run(dataset, WEEK)
    expected = fingerprint(dataset)
    warehouse.command("DROP DATABASE raw SYNC")
    mindbox.set_faults(Cancel(longer_than_days=4))
    assert len(run(dataset, WEEK).export_ids) == 2
    assert fingerprint(dataset) == expected


@pytest.mark.parametrize("dataset", ["promotions", "segment_changes", "mailing_report_dynamics"])
def test_what_has_no_halves_says_so(
    dataset: str, run: Load, mindbox: MindboxProcess, stages: Callable[[], list[str]]
) -> None:
    mindbox.set_faults(Cancel())
    with pytest.raises(ExportCancelledError, match="cannot be made smaller"):
        run(dataset, WEEK, **clock_of(dataset))
    assert stages() == []


def test_a_single_day_too_big_for_mindbox(watch: Watch) -> None:
    message = watch.fails(ExportCancelledError, Cancel(longer_than_days=0.5))
    assert "halved to 2024-05-06..2024-05-07" in message
    assert "cannot be made smaller" in message


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_truncated_part(watch: Watch, share: float) -> None:
    message = watch.fails(PayloadError, Truncate(share=share, part=2))
    assert "part 2" in message
    assert "load the window again" in message


def test_a_connection_that_breaks_off_once(watch: Watch) -> None:
    watch.gets_over(DropConnection(times=1, part=2))


def test_a_connection_that_keeps_breaking_off(watch: Watch) -> None:
    message = watch.fails(MindboxError, DropConnection(part=1))
    assert "broke off" in message
    assert "signature" not in message


def test_a_link_that_went_stale(watch: Watch) -> None:
    watch.gets_over(StaleLink(times=1))


def test_links_that_are_always_stale(watch: Watch) -> None:
    assert "refuses the link (403)" in watch.fails(MindboxError, StaleLink())


def test_a_few_unreadable_rows_are_set_aside(
    run: Load, mindbox: MindboxProcess, warehouse: Client, fingerprint: FingerprintOf
) -> None:
    whole = run(STATUSES, WEEK)
    bad = [
        int(n)
        for (n,) in warehouse.query(
            "SELECT status_id FROM raw.message_statuses ORDER BY status_at LIMIT 3"
        ).result_rows
    ]
    warehouse.command("DROP DATABASE raw SYNC")
    mindbox.set_faults(MalformedRows(numbers=bad))
    for _ in range(2):
        report = run(STATUSES, WEEK)
        assert (report.rows, report.quarantined) == (whole.rows - 3, 3)
    found = warehouse.query(
        "SELECT field, reason, part, _export_id FROM raw.quarantine FINAL"
    ).result_rows
    assert len(found) == 3
    assert {(field, reason) for field, reason, _, _ in found} <= {
        ("ids.id", "missing"),
        ("dateTimeUtc", "unreadable"),
    }
    assert {export for *_, export in found} == set(report.export_ids)


@pytest.mark.parametrize("dataset", [d for d in ALL if d != "customer_merges"])
def test_of_every_dataset_spoilt_rows_are_set_aside_and_the_others_kept(
    dataset: str, run: Load, project: Project, mindbox: MindboxProcess, warehouse: Client
) -> None:
    tolerant = project.quarantine.model_copy(update={"max_share": 1.0})
    window = WEEK if DATASETS[dataset].kind is Kind.EVENT else MAY
    whole = run(dataset, window, **clock_of(dataset))
    warehouse.command("DROP DATABASE raw SYNC")
    mindbox.set_faults(MalformedRows(share=0.3))
    changed = project.model_copy(update={"quarantine": tolerant})
    report = run(dataset, window, project=changed, **clock_of(dataset))
    kept = report.rows + report.outside_window
    assert 0 < report.quarantined < whole.rows
    assert kept + report.quarantined == whole.rows + whole.outside_window
    named = warehouse.query("SELECT DISTINCT dataset, reason FROM raw.quarantine").result_rows
    assert {d for d, _ in named} == {dataset}
    assert {reason for _, reason in named} <= {"missing", "unreadable", "not an object"}


def test_too_many_unreadable_rows(watch: Watch) -> None:
    message = watch.fails(QuarantineError, MalformedRows(share=0.2))
    assert "more than the 1.0% that quarantine.max_share allows" in message
    kept = watch.warehouse.command("SELECT count() FROM raw.quarantine")
    assert kept > 0
