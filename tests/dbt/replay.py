# ruff: noqa: S608 (statements are put together by the tests)
"""A history that is loaded already, landed once more as it would have come day by day.

Raw rows of a whole history say how things ended. Here they come in the order in which a shop would
have told them, with what daily loads bring: orders that are placed first and cancelled, returned or
handed to another customer weeks later; facts that come late into days loaded before; customers and
mailings that were something else; merges.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from clickhouse_connect.driver.client import Client

from mindbox_extract.datasets import DATASETS
from tests.dbt.raw import create_raw

HISTORY = "history"
DAY = timedelta(days=1)

# One fact in forty comes up to a month late.
LATE = "toIntervalDay(if(cityHash64({key}, 1) % 40 = 0, 1 + cityHash64({key}, 2) % 30, 0))"
ANYBODY = (
    "arrayElement((select arraySort(groupArray(customer_key)) from history.customers), "
    "1 + cityHash64({key}, 3) % (select count() from history.customers))"
)
PLACED = (
    "CAST(arrayMap(l -> (l.1, l.2, l.3, l.4, l.5, l.6, l.7, 'CheckedOut', l.9), lines), "
    "toTypeName(lines))"
)


def _moment(at: datetime) -> str:
    return f"toDateTime64('{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}', 3, 'UTC')"


@dataclass(frozen=True)
class Version:
    """A version of all rows of a dataset.

    Attributes:
        arrives: when it comes.
        columns: what it says instead of the last version, by column.
        is_dated: whether its time of change is that of its coming.
    """

    arrives: str
    columns: Mapping[str, str] = field(default_factory=dict)
    is_dated: bool = False

    def rows(self, dataset: str, since: datetime, till: datetime, known_since: datetime) -> str:
        """The query for the rows that come from `since` on, and before `till`."""
        said = {"_extracted_at": _moment(till), **self.columns}
        if self.is_dated:
            said["_version_at"] = "arrives"
        if self.columns:
            names = ", ".join(f"'{name}'" for name in sorted(self.columns))
            said["_content_hash"] = f"cityHash64(_content_hash, {names})"
        replaced = ", ".join(f"{value} AS {column}" for column, value in said.items())
        return (
            f"WITH {_moment(known_since)} AS since "
            f"SELECT * EXCEPT (arrives) REPLACE ({replaced}) "
            f"FROM (SELECT *, {self.arrives} AS arrives FROM {HISTORY}.{dataset}) "
            f"WHERE arrives >= {_moment(since)} AND arrives < {_moment(till)}"
        )


def _late(moment: str, key: str) -> Version:
    return Version(f"{moment} + {LATE.format(key=key)}")


VERSIONS = {
    "customer_actions": [_late("created_at", "action_id")],
    "message_statuses": [_late("status_at", "status_id")],
    "orders": [
        Version(
            "ordered_at",
            {
                "lines": PLACED,
                "customer_key": "if(cityHash64(order_id, 4) % 25 = 0, "
                f"{ANYBODY.format(key='order_id')}, customer_key)",
            },
            is_dated=True,
        ),
        Version("ordered_at + toIntervalDay(2 + cityHash64(order_id, 5) % 50)", is_dated=True),
    ],
    "customers": [
        Version(
            "since + toIntervalDay(cityHash64(customer_key, 6) % 250)",
            {"region": "'Прежний регион'", "sex": "'male'"},
            is_dated=True,
        ),
        Version(
            "greatest(_version_at, since + toIntervalDay(250 + cityHash64(customer_key, 7) % 100))",
            is_dated=True,
        ),
    ],
    "mailings": [
        Version("created_at", {"name": "concat('Черновик: ', name)"}, is_dated=True),
        Version("created_at + toIntervalDay(1 + cityHash64(mailing_id, 8) % 90)", is_dated=True),
    ],
    "products": [Version("greatest(created_at, since)")],
    "promotions": [Version("since + toIntervalDay(cityHash64(promotion_id, 9) % 300)")],
    "segment_changes": [
        Version(
            "since + toIntervalDay(cityHash64(customer_key, segmentation, 10) % 380)",
            is_dated=True,
        )
    ],
    "customer_merges": [Version("changed_at")],
    "mailing_report_summary": [Version("toDateTime64(period_end + 1, 3, 'UTC')")],
    "mailing_report_dynamics": [Version("toDateTime64(period_end + 1, 3, 'UTC')")],
}


@dataclass
class Replay:
    """Lands a history step by step.

    Attributes:
        client: of the warehouse whose raw tables hold all of history; they are moved aside.
        since: beginning of history, UTC.
        loaded_till: up to where facts have come.
    """

    client: Client
    since: datetime

    def __post_init__(self) -> None:
        self.client.command(f"CREATE DATABASE {HISTORY}")
        for dataset in DATASETS:
            self.client.command(f"RENAME TABLE raw.{dataset} TO {HISTORY}.{dataset}")
        create_raw(self.client)
        self.loaded_till = datetime(2000, 1, 1, tzinfo=UTC)

    def load_till(self, till: datetime) -> None:
        """Land what comes before a moment and has not come yet."""
        for dataset, versions in VERSIONS.items():
            for version in versions:
                rows = version.rows(dataset, self.loaded_till, till, self.since)
                self.client.command(
                    f"INSERT INTO raw.{dataset} {rows}",
                    settings={"max_partitions_per_insert_block": 0},
                )
            self.client.command(
                "INSERT INTO raw.loads (load_id, dataset, window_start, window_end, status, "
                f"started_at, finished_at) VALUES ('{till:%Y%m%d}', '{dataset}', "
                f"{_moment(max(self.loaded_till, self.since))}, {_moment(till)}, 'ok', "
                f"{_moment(till)}, {_moment(till)})"
            )
        self.loaded_till = till

    def begin_again(self) -> None:
        """Forget what was landed."""
        for dataset in (*DATASETS, "loads"):
            self.client.command(f"TRUNCATE TABLE raw.{dataset}")
        self.loaded_till = datetime(2000, 1, 1, tzinfo=UTC)
