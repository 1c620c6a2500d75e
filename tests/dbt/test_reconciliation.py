"""Mindbox's reports against what was loaded: what blocks a build, and what cannot be compared."""

from datetime import UTC, date, datetime, timedelta

from clickhouse_connect.driver.client import Client

from tests.dbt.build import Dbt
from tests.dbt.raw import insert

SENT_AT = datetime(2025, 5, 10, 9, tzinfo=UTC)
TAKEN_AT = datetime(2025, 6, 1, 4, tzinfo=UTC)
DAY = timedelta(days=1)
COMPARED = (
    "SELECT toDate(taken_at), is_comparable, why_not_comparable, toUInt32(deficit) "
    "FROM marts.mart_mailing_reconciliation WHERE report = 'summary' AND measure = 'sent'"
)


def report(taken_at: datetime, sent: int) -> dict[str, object]:
    """A snapshot of May, in which one mailing sent so many messages."""
    return {
        "taken_on": taken_at.date(),
        "period_start": date(2025, 5, 1),
        "period_end": date(2025, 5, 31),
        "mailing_id": "7",
        "variant_num": 1,
        "sent": sent,
    }


def loaded(client: Client, till: datetime, status: str = "ok") -> None:
    """Log a load of message statuses from before May up to `till`."""
    columns = {
        "load_id": "load",
        "dataset": "message_statuses",
        "window_start": datetime(2025, 4, 30, tzinfo=UTC),
        "window_end": till,
        "status": status,
    }
    client.insert("raw.loads", [list(columns.values())], column_names=list(columns))


def test_a_report_waits_for_the_facts_it_knew(raw: Client, dbt: Dbt) -> None:
    insert(
        raw,
        "message_statuses",
        [
            {
                "status_id": "1",
                "status": "Sent",
                "status_at": SENT_AT,
                "message_id": "1",
                "message_at": SENT_AT,
                "mailing_id": "7",
                "variant_num": 1,
            }
        ],
    )
    insert(raw, "mailing_report_summary", [report(TAKEN_AT, sent=1)], version=TAKEN_AT)
    insert(raw, "mailing_report_summary", [report(TAKEN_AT + DAY, sent=2)], version=TAKEN_AT + DAY)
    loaded(raw, TAKEN_AT + timedelta(hours=1))
    # What failed loaded nothing.
    loaded(raw, TAKEN_AT + 2 * DAY, status="failed")
    dbt.models("+mart_mailing_reconciliation")

    # The newer snapshot knows more than was loaded: the older one is compared, and agrees.
    assert raw.query(COMPARED).result_rows == [(TAKEN_AT.date(), 1, "", 0)]

    loaded(raw, TAKEN_AT + 2 * DAY)
    dbt.models("int_loaded_stretches+,+mart_mailing_reconciliation")

    # Now the newer one can be compared, and a message is missing.
    assert raw.query(COMPARED).result_rows == [((TAKEN_AT + DAY).date(), 1, "", 1)]
    done = dbt.attempt("test", "--select", "mart_mailing_reconciliation,test_type:data")
    assert done.returncode != 0
    assert "Failure in test no_deficit_against_the_report" in done.stdout
