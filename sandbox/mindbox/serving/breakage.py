"""Rows spoilt on purpose: valid JSON or CSV that breaks the contract of its dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from sandbox.mindbox.serving import csv_text, json_text
from sandbox.mindbox.world.chance import hashed, uniform

if TYPE_CHECKING:
    from collections.abc import Collection

    import pyarrow as pa

    from sandbox.mindbox.serving.rows import Rows
    from sandbox.mindbox.world.arrays import Array, Bools

_MOMENTS = {
    "customers": "changeDateTimeUtc",
    "mailings": "lastChangedDateTimeUtc",
    "customerMessageStatuses": "dateTimeUtc",
    "orders": "firstAction",
    "promotions": "startDateTimeUtc",
    "customerSegments": "inSegmentation",
    "customerActions": "creationDateTimeUtc",
}


def is_broken(numbers: Array, share: float, chosen: Collection[int], seed: int = 0) -> Bools:
    """Which rows are to be spoilt, by their numbers: the chosen ones and a share of all.

    Numbers are those of `Rows.numbers`: Mindbox id, status id, order id, mailing id, or the line
    of a folder's or of a CSV file. A row of JSON is always spoilt or always whole, whichever window
    asks for it.
    """
    lucky = uniform(seed, "broken row", numbers) < share
    return lucky | np.isin(numbers, np.array(sorted(chosen), np.int64))


def spoil(rows: Rows, positions: Array, texts: pa.Array, broken: Bools) -> pa.Array:
    """Spoil rows: in one half the key is missing, in the other a moment is no moment."""
    places = np.flatnonzero(broken)
    halves = hashed(0, "kind of damage", rows.numbers(positions[places])) % 2
    news = [
        _spoilt(rows.root, texts[int(place)].as_py(), without_key=bool(half))
        for place, half in zip(places, halves, strict=True)
    ]
    return json_text.replaced(texts, places, news)


def spoil_csv(content: bytes, share: float, chosen: Collection[int]) -> bytes:
    """Spoil lines of a CSV file, which are known by their number from 1, the heading not counted.

    In one half the first column, which belongs to the key, is empty; in the other the last one,
    a moment or a number, is neither.
    """
    rows, columns = csv_text.rows_of(content)
    lines = np.arange(1, len(rows) + 1)
    broken = is_broken(lines, share, chosen)
    halves = hashed(0, "kind of damage", lines) % 2
    for place in np.flatnonzero(broken):
        if halves[place]:
            rows[place][columns[0]] = ""
        else:
            rows[place][columns[-1]] = "не момент"
    return csv_text.as_csv(rows, columns)


def _spoilt(root: str, text: str, *, without_key: bool) -> str:
    row: dict[str, Any] = msgspec.json.decode(text)
    if without_key:
        # Rows without an id of their own are known by their customer.
        row.pop("ids" if "ids" in row else "customer", None)
    else:
        row[_MOMENTS[root]] = ["не момент", 13]
    return json_text.quoted(row)
