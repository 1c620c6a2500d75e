"""CSV as Mindbox writes it."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_BYTE_ORDER_MARK = "\ufeff"


def as_csv(rows: list[dict[str, str]], columns: Sequence[str]) -> bytes:
    """Rows as Mindbox writes CSV: `;`, UTF-8 with byte order mark, CR LF."""
    out = io.StringIO()
    out.write(_BYTE_ORDER_MARK)
    writer = csv.DictWriter(out, columns, delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def rows_of(content: bytes) -> tuple[list[dict[str, str]], list[str]]:
    """Rows and columns of a file that `as_csv` wrote."""
    reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";")
    rows = list(reader)
    return rows, list(reader.fieldnames or ())


def number(value: Decimal, *, comma: bool) -> str:
    """A number with two decimals, after a comma or a point as the project is set."""
    text = f"{value:.2f}"
    return text.replace(".", ",") if comma else text


def money(kopecks: int, *, comma: bool) -> str:
    """An amount in roubles."""
    return number(Decimal(kopecks) / 100, comma=comma)
