"""What the tool needs to know of its surroundings."""

import os
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote, urlencode

ROOM = Path(__file__).resolve().parent
MANIFEST = ROOM.parent / "dbt" / "target" / "manifest.json"


class SettingsError(Exception):
    """A setting is missing; the text says which."""


class Language(StrEnum):
    """What the boards are written in."""

    RUSSIAN = "ru"
    ENGLISH = "en"

    @classmethod
    def from_environment(cls) -> "Language":
        """Read SUPERSET_LANGUAGE; Russian where it is not set.

        Raises:
            SettingsError: there are no boards in that language.
        """
        written = os.environ.get("SUPERSET_LANGUAGE") or cls.RUSSIAN
        if written not in set(cls):
            raise SettingsError(f"SUPERSET_LANGUAGE is {written!r}: choose one of {', '.join(cls)}")
        return cls(written)


def _required(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set")
    return value


@dataclass(frozen=True)
class SupersetLogin:
    """Where Superset is, and as whom the tool works there."""

    url: str
    username: str
    password: str = field(repr=False)

    @classmethod
    def from_environment(cls) -> "SupersetLogin":
        """Read SUPERSET_URL and SUPERSET_ADMIN_PASSWORD.

        Raises:
            SettingsError: the password is not set.
        """
        url = os.environ.get("SUPERSET_URL", "http://127.0.0.1:8088")
        return cls(url.rstrip("/"), "admin", _required("SUPERSET_ADMIN_PASSWORD"))


@dataclass(frozen=True)
class Warehouse:
    """How Superset reaches ClickHouse: as its own user, which reads the marts only."""

    host: str
    port: int
    user: str
    secure: bool
    password: str = field(repr=False)

    @classmethod
    def from_environment(cls) -> "Warehouse":
        """Read CLICKHOUSE_HOST, _PORT, _SECURE, _READER_USER and _READER_PASSWORD.

        Raises:
            SettingsError: the password is not set.
        """
        return cls(
            host=os.environ.get("CLICKHOUSE_HOST", "127.0.0.1"),
            port=int(os.environ.get("CLICKHOUSE_PORT", "8123")),
            user=os.environ.get("CLICKHOUSE_READER_USER", "superset"),
            secure=os.environ.get("CLICKHOUSE_SECURE", "false").lower() == "true",
            password=_required("CLICKHOUSE_READER_PASSWORD"),
        )

    def sqlalchemy_uri(self) -> str:
        """The address for Superset, the password masked as Superset masks it."""
        options = urlencode({"secure": str(self.secure).lower()})
        return (
            f"clickhousedb://{quote(self.user)}:XXXXXXXXXX@{self.host}:{self.port}/marts?{options}"
        )
