"""JSON text made column by column: Arrow arrays of fragments, joined row by row.

No row is ever a Python object, so a million nested rows take seconds, not minutes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sandbox.mindbox.world.clock import DAY, MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sandbox.mindbox.world.arrays import Array, Bools, Ints

_EPOCH_DAYS = 60_000
_STAMP_LENGTH = len("2024-01-31 23:59:59.999")
_GUID_CUTS = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))


def quoted(value: object) -> str:
    """One value as JSON."""
    return msgspec.json.encode(value).decode()


def literals(values: Iterable[object]) -> pa.Array:
    """Values as JSON, an array to pick from with `pick`."""
    return pa.array([quoted(value) for value in values], pa.string())


def pick(choices: pa.Array | Sequence[str], index: Array) -> pa.Array:
    """The choice at each index."""
    array = choices if isinstance(choices, pa.Array) else pa.array(choices, pa.string())
    return array.take(pa.array(np.asarray(index).astype(np.int64)))


def join(*parts: pa.Array | str) -> pa.Array:
    """Concatenate fragments row by row; a plain string stands in every row."""
    return pc.binary_join_element_wise(*parts, "")


def either(condition: Bools, yes: pa.Array | str, no: pa.Array | str) -> pa.Array:
    """The first fragment where the condition holds, else the second."""
    return pc.if_else(pa.array(condition), yes, no)


def integers(values: Array) -> pa.Array:
    """Whole numbers."""
    return pa.array(np.asarray(values)).cast(pa.string())


def decimals(values: Ints, digits: int) -> pa.Array:
    """Non-negative fixed-point numbers with so many digits; whole ones lose the zero fraction."""
    scale = 10**digits
    tails = ["", *(f".{n:0{digits}d}" for n in range(1, scale))]
    whole, tail = np.divmod(np.asarray(values, dtype=np.int64), scale)
    return join(integers(whole), pick(tails, tail))


def strings(values: pa.Array) -> pa.Array:
    """Quote values that need no escaping."""
    return join('"', values, '"')


def loosely(values: pa.Array, as_number: Bools) -> pa.Array:
    """Ids as real files hold them: here a number, there a string."""
    return either(as_number, values, strings(values))


def stamps(at: Ints, separator: str = " ", suffix: str = "") -> pa.Array:
    """Moments (ms, UTC) as quoted `yyyy-MM-dd<separator>HH:mm:ss.fff<suffix>`."""
    at = np.asarray(at, dtype=np.int64)
    text = np.empty((len(at), _STAMP_LENGTH), np.uint8)
    in_day = at % DAY
    text[:, :10] = _DATES[at // DAY]
    text[:, 10] = ord(separator)
    text[:, 11:17] = _MINUTES[in_day // MINUTE]
    text[:, 17:] = _MILLISECONDS[in_day % MINUTE]
    return join('"', _fixed_width(text), f'{suffix}"')


def stamp(at: int) -> str:
    """One moment (ms, UTC) as unquoted `yyyy-MM-dd HH:mm:ss.fff`."""
    return str(np.datetime64(at, "ms")).replace("T", " ")


def dates(days: Array) -> pa.Array:
    """Days since 1970-01-01 as quoted `yyyy-MM-dd`; days before 1970 are fine."""
    return strings(_fixed_width(_DATES[np.asarray(days).astype(np.int64)]))


def guids(high: Array, low: Array) -> pa.Array:
    """Quoted GUIDs made of two 64-bit numbers each."""
    pairs = np.stack([high, low], axis=1).astype(">u8")
    digits = np.frombuffer(pairs.tobytes().hex().encode(), np.uint8).reshape(len(pairs), 32)
    text = np.full((len(pairs), 36), ord("-"), np.uint8)
    for number, (start, stop) in enumerate(_GUID_CUTS):
        text[:, start + number : stop + number] = digits[:, start:stop]
    return strings(_fixed_width(text))


def lists(values: pa.Array, counts: Array) -> pa.Array:
    """JSON arrays: row by row the next so many values, in brackets."""
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    nested = pa.ListArray.from_arrays(pa.array(offsets), values)
    return join("[", pc.binary_join(nested, ","), "]")


def chosen(entries: Sequence[pa.Array], present: Sequence[Bools]) -> pa.Array:
    """JSON arrays: row by row those of its entries (one array per kind) that are present."""
    flags = np.stack(list(present), axis=1)
    place = np.arange(flags.size).reshape(flags.shape)[flags]
    # Entries stand kind by kind; the list needs them row by row.
    row, kind = np.divmod(place, len(entries))
    flat = pa.concat_arrays(entries).take(pa.array(kind * len(flags) + row))
    return lists(flat, flags.sum(axis=1))


def replaced(values: pa.Array, places: Array, news: Sequence[str]) -> pa.Array:
    """The values with new ones at the given places (ascending)."""
    if len(places) == 0:
        return values
    mask = np.zeros(len(values), bool)
    mask[places] = True
    return pc.replace_with_mask(values, pa.array(mask), pa.array(news, values.type))


def body(rows: pa.Array) -> bytes:
    """The rows as one text, a comma after each but the last."""
    array = join(rows, ",")
    if len(array) == 0:
        return b""
    offsets = np.frombuffer(array.buffers()[1], np.int32)[
        array.offset : array.offset + len(array) + 1
    ]
    return memoryview(array.buffers()[2])[int(offsets[0]) : int(offsets[-1]) - 1].tobytes()


def _fixed_width(text: Array) -> pa.Array:
    count, width = text.shape
    offsets = np.arange(0, (count + 1) * width, width, dtype=np.int32)
    data = np.ascontiguousarray(text)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(data))


def _table(texts: list[str]) -> Array:
    return np.frombuffer("".join(texts).encode(), np.uint8).reshape(len(texts), len(texts[0]))


def _date_table() -> Array:
    """Dates of days since the epoch; those before it stand at the end, where -1 points to."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    forward = [(epoch + timedelta(days=n)).date().isoformat() for n in range(_EPOCH_DAYS)]
    backward = [(epoch - timedelta(days=n)).date().isoformat() for n in range(36_500, 0, -1)]
    return _table(forward + backward)


_DATES = _date_table()
_MINUTES = _table([f"{n // 60:02d}:{n % 60:02d}:" for n in range(24 * 60)])
_MILLISECONDS = _table([f"{n // 1000:02d}.{n % 1000:03d}" for n in range(60_000)])
