"""Where a part differs from what its dataset expects: columns and keys, never values.

Of JSON only the first rows are looked at, and only their outermost keys: a field that appears is
news worth a note, not worth reading everything twice.
"""

import codecs
import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from .errors import PayloadError
from .payload import Part, chunks, rows_array
from .spec import DatasetSpec, Field, Format

_ROWS_LOOKED_AT = 50
_LONGEST_ROW = 8 << 20
_BETWEEN_ROWS = re.compile(r"[\s,\[]*")
# Only what is written like a name is repeated; a key may be anything, also somebody's number.
_NAME = re.compile(r"(?!.*[0-9]{5})[A-Za-z][A-Za-z0-9_]{0,79}")

CSV_DELIMITER = ";"


@dataclass(frozen=True)
class Drift:
    """Names, sorted.

    Attributes:
        unread: that came and are not in the allow-list.
        absent: that are in the allow-list and did not come, of CSV columns.
    """

    unread: tuple[str, ...]
    absent: tuple[str, ...] = ()


def drift_of(part: Part, spec: DatasetSpec, where: str) -> Drift:
    """How a part differs from its dataset, whose paths have the project's own names.

    Raises:
        PayloadError: a CSV lacks a column without which no row can be read; or the part cannot be
            read at all.
    """
    if spec.format is Format.CSV:
        return _drift_of_columns(csv_header(part, where), spec, where)
    known = {re.split(r"[.\[]", path, maxsplit=1)[0] for path in spec.paths()}
    if spec.unnest:
        known.add(spec.unnest)
    rows = islice(json_rows(part, spec.root, where), _ROWS_LOOKED_AT)
    came = {key for row in rows for key in row}
    return Drift(_names(came - known))


def csv_header(part: Part, where: str) -> list[str]:
    """Names of a CSV part's columns; none of an empty file."""
    head = b""
    for chunk in chunks(part, where):
        head += chunk
        if b"\n" in chunk:
            break
    first = head.split(b"\n", 1)[0].decode(errors="replace").strip()
    return next(csv.reader([first], delimiter=CSV_DELIMITER), []) if first else []


def json_rows(part: Part, root: str, where: str) -> Iterator[dict[str, Any]]:
    """Rows of a JSON part one by one, as they are needed.

    A row that is no object or no JSON ends the look; it is for the decoder to judge.
    """
    decoder = json.JSONDecoder()
    to_text = codecs.getincrementaldecoder("utf-8")(errors="replace")
    text, position = "", 0
    for chunk in rows_array(chunks(part, where), root, where):
        text, position = text[position:] + to_text.decode(chunk), 0
        while True:
            gap = _BETWEEN_ROWS.match(text, position)
            try:
                row, position = decoder.raw_decode(text, gap.end() if gap else position)
            except ValueError:
                break
            if not isinstance(row, dict):
                return
            yield row
        if len(text) - position > _LONGEST_ROW:
            return


def _drift_of_columns(header: list[str], spec: DatasetSpec, where: str) -> Drift:
    if not header:
        return Drift(())
    present = set(header)
    fields = [item for item in spec.fields if isinstance(item, Field) and item.paths]
    missing = [item for item in fields if present.isdisjoint(item.paths)]
    for item in missing:
        if item.required:
            raise PayloadError(
                f"{where}: the file has no column {item.path}, without which no row of {spec.name} "
                "can be read; tick it in the operation's step, or correct the name in the project "
                "file"
            )
    return Drift(
        unread=_names(present - set(spec.paths())),
        absent=tuple(sorted(item.path for item in missing)),
    )


def _names(found: set[str]) -> tuple[str, ...]:
    return tuple(sorted(name for name in found if _NAME.fullmatch(name)))
