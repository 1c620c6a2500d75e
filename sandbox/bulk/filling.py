"""Fills empty raw tables from several stand-ins, one after another."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Self

import clickhouse_connect
import pyarrow as pa
from pydantic import SecretStr

from mindbox_extract.datasets import DATASETS
from mindbox_extract.decoding_sql import content_hash
from mindbox_extract.extraction import Extraction, Tally
from mindbox_extract.planning import plan
from mindbox_extract.spec import DatasetSpec, Kind
from mindbox_extract.tables import RAW, STAGE, quoted, sorting_key, table_columns
from mindbox_extract.warehouse import Warehouse

if TYPE_CHECKING:
    from types import TracebackType

    from mindbox_extract.project import Project
    from mindbox_extract.settings import Settings
    from mindbox_extract.window import Window
    from sandbox.mindbox.process import MindboxProcess

# Datasets that say the same whichever people are served with them.
OF_THE_SHOP = frozenset({"mailings", "products", "promotions"})
_INSERT_ROWS = 500_000
_LONGEST_WINDOW_DAYS = 92
_ANY_MONTH = date(1970, 1, 1)


class NotEmptyError(Exception):
    """The warehouse holds raw rows already; filling adds to nothing."""


@dataclass
class Filled:
    """What came of a filling.

    Attributes:
        rows: rows landed, by dataset.
        seconds: spent on extracting and on landing.
    """

    rows: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=lambda: {"extract": 0.0, "land": 0.0})


class Filling:
    """Collects the rows of slices in landing tables, then moves them into the raw tables.

    A landing table has no partitions: a slice has rows of every day of history, and a part for each
    day and slice would drown the server in parts.
    """

    def __init__(self, settings: Settings, project: Project, window: Window) -> None:
        """Prepare the warehouse.

        Args:
            settings: where the warehouse is; its Mindbox address is that of each slice instead.
            project: whose windows are stretched, since nobody's server is spared by short ones.
            window: all of history, in UTC.

        Raises:
            NotEmptyError: a raw table has rows.
        """
        self._settings = settings
        days = dict.fromkeys(DATASETS, _LONGEST_WINDOW_DAYS)
        windows = project.windows.model_copy(update={"export_days": days})
        self._project = project.model_copy(update={"windows": windows})
        self._window = window
        self._load_id = uuid.uuid4().hex[:16]
        self._now = datetime.now(UTC)
        self._warehouse = Warehouse(settings)
        self._client = clickhouse_connect.get_client(
            host=settings.clickhouse_host,
            port=settings.clickhouse_port,
            username=settings.clickhouse_user,
            password=settings.clickhouse_password.get_secret_value(),
            secure=settings.clickhouse_secure,
            # A month of one dataset may take minutes to move on two cores.
            send_receive_timeout=3600,
        )
        self._inserter = ThreadPoolExecutor(max_workers=1)
        self._slices = 0
        self.filled = Filled()
        self._warehouse.prepare(*DATASETS.values())
        for name, rows in self._warehouse.table_rows().items():
            if rows and name in DATASETS:
                raise NotEmptyError(f"raw.{name} holds {rows} rows; fill an empty warehouse")
        for spec in DATASETS.values():
            self._client.command(f"DROP TABLE IF EXISTS {_landing(spec)} SYNC")
            self._client.command(_create_landing(spec))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._inserter.shutdown()
        self._warehouse.close()
        self._client.close()

    def add(self, mindbox: MindboxProcess) -> None:
        """Bring the rows of the slice that a stand-in serves to the landing tables.

        Raises:
            mindbox_extract.errors.ExtractError: as `load` does, and also for unreadable rows.
        """
        started = time.monotonic()
        settings = self._settings.model_copy(
            update={
                "mindbox_url": mindbox.url,
                "mindbox_endpoint_id": mindbox.endpoint_id,
                "mindbox_secret_key": SecretStr(mindbox.secret_key),
                "mindbox_file_hosts": "127.0.0.1",
            }
        )
        for spec in DATASETS.values():
            if spec.name not in OF_THE_SHOP or not self._slices:
                self._extract(spec, settings)
        self._slices += 1
        self.filled.seconds["extract"] += time.monotonic() - started

    def land(self) -> Filled:
        """Move everything into the raw tables, in portions that fit into memory."""
        started = time.monotonic()
        for spec in DATASETS.values():
            for month in self._months(spec):
                self._client.command(
                    f"INSERT INTO {_raw(spec)} {_selection(spec)} "
                    "SETTINGS max_partitions_per_insert_block = 0",
                    {"month": month},
                )
            self._client.command(f"DROP TABLE {_landing(spec)} SYNC")
            rows = self._client.command(f"SELECT count() FROM {_raw(spec)}")
            self.filled.rows[spec.name] = int(rows)
        self.filled.seconds["land"] += time.monotonic() - started
        return self.filled

    def _extract(self, spec: DatasetSpec, settings: Settings) -> None:
        waiting: list[pa.Table] = []
        under_way: Future[None] | None = None
        with Extraction(spec, settings, self._project, lambda *_: None) as extraction:
            for unit in plan(spec, self._window, self._project, self._now):
                for batch in extraction.batches(unit, self._load_id, self._now, Tally()):
                    if batch.bad.num_rows:
                        raise ValueError(f"{spec.name}: {batch.bad.num_rows} unreadable rows")
                    waiting.append(batch.good)
                    if sum(table.num_rows for table in waiting) >= _INSERT_ROWS:
                        under_way = self._insert(spec, waiting, under_way)
                        waiting = []
        if waiting:
            under_way = self._insert(spec, waiting, under_way)
        if under_way:
            under_way.result()

    def _insert(
        self, spec: DatasetSpec, tables: list[pa.Table], before: Future[None] | None
    ) -> Future[None]:
        """Insert while the next rows are decoded; one insert at a time bounds the memory."""
        if before:
            before.result()
        return self._inserter.submit(
            lambda: self._warehouse.insert_stage(_landing_name(spec), pa.concat_tables(tables))
        )

    def _months(self, spec: DatasetSpec) -> list[date]:
        """The months that an event's rows are moved by; an entity moves as a whole."""
        if spec.kind is not Kind.EVENT:
            return [_ANY_MONTH]
        months = self._client.query(
            f"SELECT DISTINCT {_month(spec)} AS month FROM {_landing(spec)} ORDER BY month"
        ).result_rows
        return [month for (month,) in months]


def _landing_name(spec: DatasetSpec) -> str:
    return f"bulk_{spec.name}"


def _landing(spec: DatasetSpec) -> str:
    return f"{quoted(STAGE)}.{quoted(_landing_name(spec))}"


def _raw(spec: DatasetSpec) -> str:
    return f"{quoted(RAW)}.{quoted(spec.name)}"


def _create_landing(spec: DatasetSpec) -> str:
    columns = ", ".join(f"{quoted(name)} {type_}" for name, type_ in table_columns(spec).items())
    order = spec.partition if spec.kind is Kind.EVENT else map(quoted, sorting_key(spec))
    key = ", ".join(order)
    return f"CREATE TABLE {_landing(spec)} ({columns}) ENGINE = MergeTree ORDER BY ({key})"


def _month(spec: DatasetSpec) -> str:
    return f"toStartOfMonth({spec.partition[0]})" if spec.kind is Kind.EVENT else "toDate(0)"


def _selection(spec: DatasetSpec) -> str:
    """Rows of `month` for the raw table: as they came, but reports of the slices added up."""
    columns = table_columns(spec)
    names = ", ".join(map(quoted, columns))
    chosen = f"{_month(spec)} = {{month:Date}}"
    if spec.kind is not Kind.SNAPSHOT:
        return f"({names}) SELECT {names} FROM {_landing(spec)} WHERE {chosen}"
    added = ", ".join(
        quoted(name)
        if name in spec.key
        else f"{'sum' if _is_measure(type_) else 'any'}({quoted(name)}) AS {quoted(name)}"
        for name, type_ in columns.items()
        if name != "_content_hash"
    )
    keys = ", ".join(map(quoted, spec.key))
    return (
        f"({names}) SELECT *, {content_hash(spec.columns)} FROM "
        f"(SELECT {added} FROM {_landing(spec)} WHERE {chosen} GROUP BY {keys})"
    )


def _is_measure(type_: str) -> bool:
    """Counts and sums of a report may be missing, which its names never are."""
    return type_.startswith("Nullable")
