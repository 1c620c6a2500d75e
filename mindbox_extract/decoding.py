"""Decodes parts with ClickHouse's own parser, embedded in this process.

The engine holds nothing: rows come through a pipe and leave as Arrow batches. It writes no log, and
its error texts, which may quote a row, are reduced to their code.
"""

import fcntl
import os
import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from .decoding_sql import TECHNICAL_COLUMNS, decoding_query
from .drift import CSV_DELIMITER
from .errors import ExtractError, PayloadError
from .payload import Part, chunks, rows_array
from .project import Project
from .spec import DatasetSpec, Format
from .values import keyed_hash_parameters
from .window import Window

# Rows that are parsed at a time; two threads, parse and extraction, hold a few such blocks.
_BLOCK_BYTES = 16 << 20
_PIPE_BYTES = 1 << 20
_ENGINE_SETTINGS = {
    "max_threads": os.cpu_count() or 1,
    "input_format_max_block_size_bytes": _BLOCK_BYTES,
    "max_memory_usage": 4 << 30,
    "input_format_with_names_use_header": 1,
    "input_format_skip_unknown_fields": 1,
    "format_csv_delimiter": f"'{CSV_DELIMITER}'",
    "input_format_csv_empty_as_default": 1,
    "session_timezone": "'UTC'",
    # Compiled expressions save nothing that could be measured on a part.
    "compile_expressions": 0,
    "output_format_arrow_string_as_string": 1,
}


@dataclass(frozen=True)
class Origin:
    """What a part's rows carry besides themselves.

    Attributes:
        window: of the load; rows of events outside it are told apart.
        extracted_at: when the load began, UTC.
        columns: texts of the columns that the request fills (days as ISO dates), by column.
    """

    load_id: str
    window: Window
    extracted_at: datetime
    columns: dict[str, str]


@dataclass(frozen=True)
class Decoded:
    """Some rows of a part.

    Attributes:
        good: rows for the raw table, in its columns.
        bad: unreadable rows: `position`, `problem` ("path|reason") and `row_hash`.
        outside: how many good rows belong to another window and were left out.
    """

    good: pa.Table
    bad: pa.Table
    outside: int


class Decoder:
    """An embedded engine for one load; close it to give its memory back.

    Its dataset's paths have the project's own names already (`own_names.named`).
    """

    def __init__(self, spec: DatasetSpec, project: Project, customer_secret: str) -> None:
        self._spec = spec
        self._project = project
        self._hash_parameters = keyed_hash_parameters(customer_secret)
        # Importing the engine starts threads, after which a fork of the process hangs in it; and
        # schedulers fork processes that have imported this module.
        import chdb  # noqa: PLC0415

        self._engine = chdb.connect(":memory:")

        self.bytes_of_last_part = 0

    def close(self) -> None:
        """Give the engine's memory back."""
        self._engine.close()

    def decode(self, part: Part, origin: Origin, where: str) -> Iterator[Decoded]:
        """Decode a part in bounded memory.

        Raises:
            PayloadError: the part is truncated or is no list of rows.
            ExtractError: the engine itself failed.
        """
        plain = chunks(part, where)
        rows = rows_array(plain, self._spec.root, where) if self._is_json else plain
        with _Feed(rows) as feed:
            query = decoding_query(self._spec, feed.descriptor)
            settings = ", ".join(f"{name} = {value}" for name, value in _ENGINE_SETTINGS.items())
            failure = None
            for table in self._results(
                f"{query} SETTINGS {settings}", self._parameters(part, origin)
            ):
                if isinstance(table, str):
                    failure = table
                    break
                yield _sorted_out(table)
        # What stopped the feed is the cause of what the engine then missed.
        if feed.error is not None:
            raise feed.error
        if failure is not None:
            raise _without_payload(failure, where)
        self.bytes_of_last_part = feed.bytes

    def _results(self, query: str, parameters: dict[str, str]) -> Iterator[pa.Table | str]:
        """Result tables, and in the end the engine's error text if it failed.

        The text may quote a row, so it is taken off its exception here: an exception would travel
        as the context of the one that is raised, into whatever logs that.
        """
        try:
            with self._engine.send_query(query, "Arrow", params=parameters) as stream:
                while (chunk := stream.fetch()) is not None:
                    yield pa.ipc.open_file(pa.py_buffer(chunk.bytes())).read_all()
        except Exception as error:  # noqa: BLE001 - the engine raises several classes; see above
            yield str(error)

    @property
    def _is_json(self) -> bool:
        return self._spec.format is Format.JSON

    def _parameters(self, part: Part, origin: Origin) -> dict[str, str]:
        moments = {
            "extracted_at": origin.extracted_at,
            "window_start": origin.window.since,
            "window_end": origin.window.till,
        }
        return {
            **self._hash_parameters,
            "decimal_separator": self._project.decimal_separator,
            "export_id": part.export_id,
            "load_id": origin.load_id,
            **{name: f"{moment:%Y-%m-%d %H:%M:%S.%f}"[:-3] for name, moment in moments.items()},
            **origin.columns,
        }


class _Feed:
    """A thread that writes chunks into a pipe, and the end of it that the engine reads.

    Attributes:
        error: what stopped the writing, known once the feed is left.
        bytes: written so far.
    """

    def __init__(self, rows: Iterator[bytes]) -> None:
        self.descriptor, self._write_end = os.pipe()
        # The largest pipe that Linux grants anybody: sixteen times fewer switches between threads.
        fcntl.fcntl(self._write_end, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._rows = rows
        self.error: Exception | None = None
        self.bytes = 0
        self._thread = threading.Thread(target=self._run, name="part-feed", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # Without a reader the writer stops with EPIPE, so the thread ends in any case.
        os.close(self.descriptor)
        self._thread.join()

    def _run(self) -> None:
        # A broken pipe means that the engine stopped reading, and it says itself why.
        with suppress(BrokenPipeError), os.fdopen(self._write_end, "wb") as pipe:
            try:
                for chunk in self._rows:
                    pipe.write(chunk)
                    self.bytes += len(chunk)
            except BrokenPipeError:
                raise
            except Exception as error:  # noqa: BLE001 - raised again by who reads the feed
                self.error = error


def _sorted_out(batch: pa.Table) -> Decoded:
    is_bad = pc.not_equal(batch["_problem"], "")
    bad = batch.filter(is_bad)
    good = _without(batch, is_bad)
    inside = _without(good, good["_outside"])
    return Decoded(
        good=inside.drop_columns(list(TECHNICAL_COLUMNS)),
        bad=pa.table(
            {
                "position": bad["_position"],
                "problem": bad["_problem"],
                "row_hash": bad["_row_hash"],
            }
        ),
        outside=good.num_rows - inside.num_rows,
    )


def _without(rows: pa.Table, dropped: pa.ChunkedArray) -> pa.Table:
    """The other rows; all of them without a copy when none is dropped, as is the rule."""
    return rows.filter(pc.invert(dropped)) if pc.any(dropped).as_py() else rows


# Codes with which the parser says that the input is not what it should be.
_INPUT_ERRORS = {"CANNOT_PARSE_INPUT_ASSERTION_FAILED", "INCORRECT_DATA", "CANNOT_READ_ALL_DATA"}


def _without_payload(message: str, where: str) -> ExtractError:
    name = next(iter(re.findall(r"\(([A-Z][A-Z_]+)\)\s*$", message)), "UNKNOWN")
    code = next(iter(re.findall(r"Code: (\d+)", message)), "?")
    row = next(iter(re.findall(r"\(at row (\d+)\)", message)), None)
    place = f" at row {row}" if row else ""
    if name in _INPUT_ERRORS or name.startswith("CANNOT_PARSE"):
        return PayloadError(
            f"{where}: not a complete list of rows{place} ({name}); the file is truncated or not "
            "what the operation should export; load the window again, then look at the operation",
            is_passing=True,
        )
    return ExtractError(
        f"{where}: the embedded engine failed{place} (code {code}, {name}); its text is withheld "
        "because it may quote a row"
    )
