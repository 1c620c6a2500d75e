"""The warehouse as the extractor uses it: stage tables, partitions, the quarantine, the log."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, OperationalError
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from .decoding_sql import content_hash
from .errors import WarehouseError
from .schema import additions
from .settings import Settings
from .spec import DatasetSpec, Kind
from .tables import (
    LOADS,
    QUARANTINE,
    RAW,
    SERVICE_COLUMNS,
    STAGE,
    create_raw_table,
    create_service_tables,
    create_stage_table,
    quoted,
    table_columns,
)
from .window import Window

Partition = tuple[date, ...]

# A load does not last a day, so a stage table this old belongs to one that was killed.
_LEFTOVER_AGE_HOURS = 24
_MESSAGE_LIMIT = 300

# Mutating statements return when all of it is done, also on a replicated server.
_SETTINGS = {"mutations_sync": 2, "alter_sync": 2, "optimize_throw_if_noop": 0}


@dataclass(frozen=True)
class Fingerprint:
    """What "the same table" means: rows and an order-independent hash of the latest versions.

    Columns with a leading underscore do not count: a repeated load differs in them.
    """

    rows: int
    hash: int


@dataclass(frozen=True)
class LoadSummary:
    """The log of a dataset's loads in short; a window counts by its newest load.

    Attributes:
        loaded_till: latest right edge of a window that is loaded.
        failed_windows: windows whose newest load failed.
    """

    last_finished_at: datetime
    last_status: str
    loaded_till: datetime | None
    failed_windows: int


class Warehouse:
    """A connection to ClickHouse; every method names itself when it fails.

    Raises:
        WarehouseError: from every method, when ClickHouse refuses or cannot be reached.
    """

    def __init__(self, settings: Settings) -> None:
        self._address = f"{settings.clickhouse_host}:{settings.clickhouse_port}"
        with self._named("connecting"):
            self._client = clickhouse_connect.get_client(
                host=settings.clickhouse_host,
                port=settings.clickhouse_port,
                username=settings.clickhouse_user,
                password=settings.clickhouse_password.get_secret_value(),
                secure=settings.clickhouse_secure,
                client_name="mindbox_extract",
                settings=_SETTINGS,
            )

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    @contextmanager
    def _named(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (ClickHouseError, RequestException, HTTPError, OSError) as error:
            said = str(error).splitlines()[0][:_MESSAGE_LIMIT] if str(error) else ""
            raise WarehouseError(
                f"ClickHouse at {self._address}, {doing}: {type(error).__name__} {said}; check "
                "CLICKHOUSE_* and that the server runs and lets this user do it, then load again",
                is_passing=isinstance(error, OperationalError)
                or not isinstance(error, DatabaseError),
            ) from error

    def prepare(self, *specs: DatasetSpec) -> None:
        """Create databases and raw tables that are not there yet, and add columns that are new.

        Raises:
            WarehouseError: also when a column has a type that the dataset's rows do not fit.
        """
        with self._named("creating raw tables"):
            for statement in (*create_service_tables(), *map(create_raw_table, specs)):
                self._client.command(statement)
        wanted = {**SERVICE_COLUMNS, **{spec.name: table_columns(spec) for spec in specs}}
        present = self.columns()
        for table, columns in wanted.items():
            addition = additions(table, present[table], columns)
            if addition:
                with self._named(f"adding columns to {RAW}.{table}"):
                    self._client.command(addition)

    def columns(self) -> dict[str, dict[str, str]]:
        """Columns and types of every raw table that exists."""
        with self._named("reading the columns of raw tables"):
            found = self._client.query(
                "SELECT table, name, type FROM system.columns WHERE database = {raw:String} "
                "ORDER BY table, position",
                {"raw": RAW},
            ).result_rows
        tables: dict[str, dict[str, str]] = {}
        for table, name, type_ in found:
            tables.setdefault(table, {})[name] = type_
        return tables

    def try_out(self) -> str:
        """Create, fill, read and drop a table of its own, and return the server's version.

        Nothing is left of it; a database that had to be made for it is dropped as well.
        """
        table = f"{quoted(STAGE)}.{quoted(f'doctor__{uuid.uuid4().hex[:16]}')}"
        with self._named("trying to write"):
            was_there = self._client.query(
                "SELECT count() FROM system.databases WHERE name = {stage:String}", {"stage": STAGE}
            ).first_row[0]
            self._client.command(f"CREATE DATABASE IF NOT EXISTS {quoted(STAGE)}")
            try:
                self._client.command(
                    f"CREATE TABLE {table} (day Date) ENGINE = MergeTree PARTITION BY day "
                    "ORDER BY day"
                )
                self._client.command(f"INSERT INTO {table} SELECT toDate('2024-05-01')")
                self._client.command(f"ALTER TABLE {table} DROP PARTITION '2024-05-01'")
            finally:
                self._client.command(f"DROP TABLE IF EXISTS {table} SYNC")
                if not was_there:
                    self._client.command(f"DROP DATABASE IF EXISTS {quoted(STAGE)} SYNC")
            (version,) = self._client.query("SELECT version()").first_row
        return str(version)

    def create_stage(self, spec: DatasetSpec, prefix: str, load_id: str) -> str:
        """Create the load's stage table and return its name.

        Stage tables with the same prefix (the same dataset and window), and those older than a
        day, are left over from killed loads and dropped first.
        """
        name = f"{prefix}{load_id}"
        with self._named(f"creating the stage table {name}"):
            leftovers = self._client.query(
                "SELECT name FROM system.tables WHERE database = {stage:String} AND "
                "(startsWith(name, {prefix:String}) OR metadata_modification_time < "
                "now() - toIntervalHour({hours:UInt32}))",
                {"stage": STAGE, "prefix": prefix, "hours": _LEFTOVER_AGE_HOURS},
            ).result_rows
            for (leftover,) in leftovers:
                self.drop_stage(leftover)
            self._client.command(create_stage_table(spec, name))
        return name

    def drop_stage(self, name: str) -> None:
        """Drop a stage table if it is there."""
        with self._named(f"dropping the stage table {name}"):
            self._client.command(f"DROP TABLE IF EXISTS {quoted(STAGE)}.{quoted(name)} SYNC")

    def insert_stage(self, name: str, rows: pa.Table) -> None:
        """Append rows to a stage table."""
        with self._named(f"inserting into the stage table {name}"):
            self._client.insert_arrow(quoted(name), rows, database=quoted(STAGE))

    def count_stage(self, name: str) -> int:
        """Rows in a stage table."""
        with self._named(f"counting the stage table {name}"):
            (rows,) = self._client.query(
                f"SELECT count() FROM {quoted(STAGE)}.{quoted(name)}"
            ).first_row
        return int(rows)

    def collapse_stage(self, spec: DatasetSpec, name: str) -> None:
        """Leave one row of each key: Mindbox repeats rows within a window."""
        times = [spec.event_time] if spec.event_time else []
        days = [column.column for column in spec.window_columns]
        columns = ", ".join(quoted(c) for c in dict.fromkeys([*spec.key, *times, *days]))
        table = f"{quoted(STAGE)}.{quoted(name)}"
        with self._named(f"collapsing the stage table {name}"):
            # Looking for repeats is many times cheaper than rewriting a table that has none.
            rows, distinct = self._client.query(
                f"SELECT count(), uniqExact({columns}) FROM {table}"
            ).first_row
            if rows != distinct:
                self._client.command(f"OPTIMIZE TABLE {table} FINAL DEDUPLICATE BY {columns}")

    def leave_changes(self, spec: DatasetSpec, name: str) -> None:
        """Take rows off a stage table that equal the newest version in the raw table."""
        stage, raw = f"{quoted(STAGE)}.{quoted(name)}", f"{quoted(RAW)}.{quoted(spec.name)}"
        key = ", ".join(map(quoted, spec.key))
        known = (
            f"SELECT argMax(_content_hash, (_version_at, _extracted_at, _content_hash)) FROM {raw} "
            f"WHERE ({key}) IN (SELECT {key} FROM {stage}) GROUP BY {key}"
        )
        with self._named(f"comparing the stage table {name} with {spec.name}"):
            self._client.command(f"ALTER TABLE {stage} DELETE WHERE _content_hash IN ({known})")

    def segmentations(self, spec: DatasetSpec) -> set[str]:
        """Segmentations of which the raw table holds something."""
        if spec.segmentation is None:
            return set()
        with self._named(f"reading the segmentations of {spec.name}"):
            found = self._client.query(
                f"SELECT DISTINCT {quoted(spec.segmentation.column)} "
                f"FROM {quoted(RAW)}.{quoted(spec.name)}"
            ).result_rows
        return {name for (name,) in found}

    def partition_counts(
        self, spec: DatasetSpec, partitions: Sequence[Partition], stage: str | None = None
    ) -> dict[Partition, int]:
        """Rows of the given partitions in the raw table, or in a stage table of it."""
        table = (
            f"{quoted(STAGE)}.{quoted(stage)}" if stage else f"{quoted(RAW)}.{quoted(spec.name)}"
        )
        columns = ", ".join(f"{expression} AS p{i}" for i, expression in enumerate(spec.partition))
        names = ", ".join(f"p{i}" for i in range(len(spec.partition)))
        first, last = min(p[0] for p in partitions), max(p[0] for p in partitions)
        with self._named(f"counting partitions of {table}"):
            found = self._client.query(
                f"SELECT {columns}, count() FROM {table} WHERE {spec.partition[0]} "
                f"BETWEEN {{first:Date}} AND {{last:Date}} GROUP BY {names}",
                {"first": first, "last": last},
            ).result_rows
        counts = {tuple(row[:-1]): int(row[-1]) for row in found}
        return {partition: counts.get(partition, 0) for partition in partitions}

    def swap_partitions(
        self,
        spec: DatasetSpec,
        replaced: Sequence[Partition],
        emptied: Sequence[Partition],
        stage: str,
    ) -> None:
        """Put a stage table's partitions in the place of the raw table's, and empty others.

        Each partition changes at once; one statement for several spares a round trip for each.
        """
        source = f"{quoted(STAGE)}.{quoted(stage)}"
        changes = [f"REPLACE PARTITION {_literal(p)} FROM {source}" for p in replaced]
        changes += [f"DROP PARTITION {_literal(p)}" for p in emptied]
        days = ", ".join(_said(p) for p in (*replaced, *emptied))
        with self._named(f"replacing {spec.name} of {days}"):
            self._client.command(
                f"ALTER TABLE {quoted(RAW)}.{quoted(spec.name)} " + ", ".join(changes)
            )

    def attach_all(self, spec: DatasetSpec, stage: str) -> None:
        """Add all rows of an entity's stage table to the raw table, at once."""
        with self._named(f"adding versions to {spec.name}"):
            self._client.command(
                f"ALTER TABLE {quoted(RAW)}.{quoted(spec.name)} ATTACH PARTITION tuple() FROM "
                f"{quoted(STAGE)}.{quoted(stage)}"
            )

    def insert_quarantine(self, rows: pa.Table) -> None:
        """Add unreadable rows to the quarantine."""
        with self._named("writing the quarantine"):
            self._client.insert_arrow(QUARANTINE, rows, database=RAW)

    def insert_load(self, record: Mapping[str, Any]) -> None:
        """Add a row to the log of loads."""
        with self._named("writing the log of loads"):
            self._client.insert(
                LOADS, [list(record.values())], column_names=list(record), database=RAW
            )

    def finished_windows(self, spec: DatasetSpec) -> set[Window]:
        """Windows whose newest load succeeded."""
        with self._named("reading the log of loads"):
            found = self._client.query(
                "SELECT toUnixTimestamp64Milli(window_start), toUnixTimestamp64Milli(window_end) "
                f"FROM {RAW}.{LOADS} WHERE dataset = {{dataset:String}} "
                "GROUP BY window_start, window_end HAVING argMax(status, finished_at) = 'ok'",
                {"dataset": spec.name},
            ).result_rows
        return {Window(_moment(since), _moment(till)) for since, till in found}

    def table_rows(self) -> dict[str, int]:
        """Rows of every raw table that exists, versions and repeats included."""
        with self._named("counting raw tables"):
            found = self._client.query(
                "SELECT name, total_rows FROM system.tables WHERE database = {raw:String}",
                {"raw": RAW},
            ).result_rows
        return {name: int(rows or 0) for name, rows in found}

    def load_summaries(self) -> dict[str, LoadSummary]:
        """What the log of loads says of each dataset."""
        with self._named("reading the log of loads"):
            found = self._client.query(
                "SELECT dataset, toUnixTimestamp64Milli(max(finished)), "
                "argMax(last_status, finished), "
                "toUnixTimestamp64Milli(maxIf(window_end, last_status = 'ok')), "
                "countIf(last_status != 'ok') FROM ("
                "SELECT dataset, window_start, window_end, max(finished_at) AS finished, "
                f"argMax(status, finished_at) AS last_status FROM {RAW}.{LOADS} "
                "GROUP BY dataset, window_start, window_end) GROUP BY dataset"
            ).result_rows
        return {
            dataset: LoadSummary(_moment(finished), status, _moment(till) if till else None, failed)
            for dataset, finished, status, till, failed in found
        }

    def quarantine_counts(self) -> dict[str, int]:
        """Distinct unreadable rows of each dataset."""
        with self._named("counting the quarantine"):
            found = self._client.query(
                f"SELECT dataset, uniqExact(row_hash) FROM {RAW}.{QUARANTINE} GROUP BY dataset"
            ).result_rows
        return {dataset: int(rows) for dataset, rows in found}

    def fingerprint(self, spec: DatasetSpec) -> Fingerprint:
        """Count and hash of the dataset's table, see `Fingerprint`."""
        key = ", ".join(map(quoted, spec.key))
        versions = "_version_at DESC, " if spec.kind is Kind.ENTITY else ""
        with self._named(f"reading {spec.name}"):
            rows, value = self._client.query(
                f"SELECT count(), sumWithOverflow({content_hash(spec.columns)}) FROM ("
                f"SELECT * FROM {quoted(RAW)}.{quoted(spec.name)} "
                f"ORDER BY {key}, {versions}_extracted_at DESC, _content_hash DESC "
                f"LIMIT 1 BY {key})"
            ).first_row
        return Fingerprint(int(rows), int(value))


def _literal(partition: Partition) -> str:
    """A partition as a literal; ALTER takes no parameters, and dates need no escaping."""
    values = ", ".join(f"'{day.isoformat()}'" for day in partition)
    return f"({values})" if len(partition) > 1 else values


def _said(partition: Partition) -> str:
    return ", ".join(day.isoformat() for day in partition)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
