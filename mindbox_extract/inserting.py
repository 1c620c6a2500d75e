"""Sends decoded rows to the warehouse while the next ones are being decoded."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import pyarrow as pa

from .extraction import Batch
from .warehouse import Warehouse

# Rows that are sent at once: few enough for memory, enough for parts of a reasonable size.
_INSERT_ROWS = 250_000
_INSERT_BYTES = 64 << 20


class Inserter:
    """Fills a stage table, and the quarantine, from a thread of its own.

    One insert at most is under way, so that memory holds two batches and no more: the one that is
    sent and the one that is gathered. Use it as a context: leaving it waits for the insert that is
    under way, whatever happened.
    """

    def __init__(self, warehouse: Warehouse, stage: str, on_inserted: Callable[[], None]) -> None:
        """Prepare.

        Args:
            warehouse: nothing else may use it until the inserter is left.
            stage: name of the stage table.
            on_inserted: told, in the caller's thread, of each insert of good rows that is done.
        """
        self._warehouse = warehouse
        self._stage = stage
        self._on_inserted = on_inserted
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="insert")
        self._under_way: Future[bool] | None = None
        self._good: list[pa.Table] = []
        self._bad: list[pa.Table] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown()

    def add(self, batch: Batch) -> None:
        """Take a batch; it is sent when enough rows are together.

        Raises:
            WarehouseError: an earlier insert failed.
        """
        if batch.good.num_rows:
            self._good.append(batch.good)
        if batch.bad.num_rows:
            self._bad.append(batch.bad)
        rows = sum(table.num_rows for table in self._good)
        if rows >= _INSERT_ROWS or sum(table.nbytes for table in self._good) >= _INSERT_BYTES:
            self._send()

    def finish(self) -> None:
        """Send what is left and wait until all of it is in.

        Raises:
            WarehouseError: an insert failed.
        """
        self._send()
        self._wait()

    def _send(self) -> None:
        self._wait()
        if self._good or self._bad:
            self._under_way = self._thread.submit(self._insert, self._good, self._bad)
            self._good, self._bad = [], []

    def _wait(self) -> None:
        if self._under_way is None:
            return
        under_way, self._under_way = self._under_way, None
        if under_way.result():
            self._on_inserted()

    def _insert(self, good: list[pa.Table], bad: list[pa.Table]) -> bool:
        if bad:
            self._warehouse.insert_quarantine(pa.concat_tables(bad))
        if good:
            self._warehouse.insert_stage(self._stage, pa.concat_tables(good))
        return bool(good)
