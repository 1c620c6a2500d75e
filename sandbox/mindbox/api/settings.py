"""How a stand-in presents itself; none of it changes what the data are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Gzip(StrEnum):
    """How files are compressed: the documents say "gzip" and leave open which way."""

    ENCODING = "encoding"
    FILE = "file"
    NONE = "none"


@dataclass(frozen=True)
class ApiSettings:
    """Settings of the API.

    Attributes:
        endpoint_id: the integration point that has the operations.
        secret_key: its key; the control endpoint asks for it too.
        test_key: a key that may not export and is limited to 100 calls an hour; none by default.
        part_rows: rows per file of an export.
        gzip: as `Content-Encoding`, as a stored .gz, or not at all.
        readiness_seconds: how long an export takes to be made.
        link_seconds: lifetime of a link to a file.
        not_found_limit: unknown paths within a minute after which a caller is shut out.
        ban_seconds: for how long.
        calls_per_minute: calls of one operation after which 429 is answered.
    """

    endpoint_id: str
    secret_key: str
    test_key: str = ""
    part_rows: int = 200_000
    gzip: Gzip = Gzip.ENCODING
    readiness_seconds: float = 0.0
    link_seconds: float = 600.0
    not_found_limit: int = 30
    ban_seconds: float = 60.0
    calls_per_minute: int = 8_000
