"""Downloads and decodes a window without a warehouse: to look at it, or to keep it in a file."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from .errors import ConfigurationError
from .extraction import Extraction, Tally
from .load import spec_of
from .planning import plan
from .project import Project
from .settings import Settings
from .window import Window

_Write = Callable[[pa.Table], None]


@dataclass(frozen=True)
class FetchReport:
    """What came.

    Attributes:
        problems: how often each (path, reason) sent a row to quarantine.
    """

    tally: Tally
    problems: Counter[tuple[str, str]]


def fetch(
    dataset: str,
    window: Window,
    *,
    settings: Settings,
    project: Project,
    into: Path | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> FetchReport:
    """Download and decode a window of a dataset; the warehouse is not touched.

    Segment changes are asked for since the window's beginning, as it is not known what is loaded.
    The allow-listed and already reduced rows go `into` a `.parquet` or `.ndjson` file, if one is
    named. The other arguments are those of `load`.

    Raises:
        ExtractError: as for `load`, up to the warehouse.
    """
    spec = spec_of(dataset)
    tally, problems, load_id = Tally(), Counter[tuple[str, str]](), uuid.uuid4().hex[:16]
    with (
        Extraction(spec, settings, project, lambda _id, _state: None) as extraction,
        _sink(into) as write,
    ):
        for unit in plan(spec, window, project, clock()):
            for batch in extraction.batches(unit, load_id, clock(), tally):
                write(batch.good)
                problems.update(
                    zip(
                        batch.bad["field"].to_pylist(), batch.bad["reason"].to_pylist(), strict=True
                    )
                )
    return FetchReport(tally, problems)


@contextmanager
def _sink(path: Path | None) -> Iterator[_Write]:
    if path is None:
        yield lambda _: None
    elif path.suffix == ".parquet":
        with _ParquetFile(path) as file:
            yield file.write
    elif path.suffix == ".ndjson":
        encoder = msgspec.json.Encoder()
        with path.open("wb") as stream:

            def write(rows: pa.Table) -> None:
                stream.write(encoder.encode_lines(rows.to_pylist()))

            yield write
    else:
        raise ConfigurationError(f"{path}: rows are written to .parquet or .ndjson files")


class _ParquetFile:
    """A Parquet file whose columns are known only when the first rows come."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def write(self, rows: pa.Table) -> None:
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, rows.schema)
        self._writer.write_table(rows)
