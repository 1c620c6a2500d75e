"""The embedded engine: one data directory, a connection per request, a role per user.

Connections of one process are cheap (under a millisecond) and run in parallel; each begins with
fresh settings and no temporary tables, as an HTTP request does on a real server. All of them are
the engine's user `default`, yet the engine checks the rights of the *role* a connection has set:
every user of the users file is therefore a role here, and the engine itself refuses what the
role is not granted. What a role cannot express is in `rights.py`.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import chdb

from sandbox.clickhouse.errors import of_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from superset_assets.access.users import Access, User

_CONFIG = """<clickhouse>
  <display_name>sandbox</display_name>
  <users_config>{users}</users_config>
  <user_files_path>{files}</user_files_path>
</clickhouse>
"""
# A server does not take `1 + 2` for a query and does not hand out stack symbols; the embedded
# engine's own defaults, made for a command line, are put back. `dialect` is fixed
# because statements are judged as ClickHouse's SQL.
_USERS = """<clickhouse>
  <profiles>
    <default>
      <implicit_select>0</implicit_select>
      <allow_introspection_functions>0</allow_introspection_functions>
      <storage_file_read_method>pread</storage_file_read_method>
      <constraints><dialect><const/></dialect></constraints>
    </default>
  </profiles>
  <quotas><default/></quotas>
  <roles>
{roles}
  </roles>
  <users>
    <default>
      <password/>
      <networks><ip>::1</ip><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <databases>
{policies}
      </databases>
      <grants>
{granted}
      </grants>
    </default>
  </users>
</clickhouse>
"""
QUERY_MARK = "log_comment"
"""Setting that carries the client's query id; the engine gives each statement an id of its own."""
BRANDS_MARK = "promql_table"
"""Setting that carries an account's brands to the row policies, as a JSON array.
The engine has no users to hang policies on and no settings of ours; this one says nothing without
the dialect PromQL, which is closed. `rights.py` keeps it out of reach."""
# Rows of a table that a family of accounts sees by brand. For everybody else the engine folds the
# condition to 1 before it plans.
_POLICY = """        <{database}><{table}><filter>{condition}</filter></{table}></{database}>
"""
_OWN_BRANDS = (
    "currentRoles() != ['{role}'] "
    "OR has(JSONExtract(getSetting('{mark}'), 'Array(String)'), toString(brand))"
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class DataDirectoryInUseError(RuntimeError):
    """Another process serves this data directory."""


@dataclass(frozen=True, kw_only=True)
class TableFunction:
    """A table function of the engine.

    Attributes:
        asks_for_right: The engine lets a role call it only with a grant.
        is_function_too: An ordinary function bears the same name.
    """

    asks_for_right: bool
    is_function_too: bool

    @property
    def must_be_refused_here(self) -> bool:
        """Whether its name alone tells the call, or nobody else would refuse it."""
        return not self.is_function_too or not self.asks_for_right


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What a statement has read and written so far or in all, as the engine counts it.

    Attributes:
        total_rows: Rows it expects to read; 0 where it does not know.
    """

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    total_rows: int = 0
    result_rows: int = 0
    result_bytes: int = 0
    nanoseconds: int = 0


@dataclass(frozen=True, kw_only=True)
class Result:
    """Bytes of a finished statement in its format, and its counts."""

    body: bytes
    counts: Counts


class Connection:
    """One connection, in the role of its user. Not for two threads at once."""

    def __init__(self, raw: Any, user: User) -> None:
        self._raw = raw
        self.user = user
        self._role = _role(user)
        self.command(f"SET ROLE {quoted(self._role)}")
        settings = {name: str(value) for name, value in user.settings.items()}
        if user.brands:
            settings[BRANDS_MARK] = json.dumps(user.brands, ensure_ascii=False)
        if settings:
            self.set(settings)

    def run(
        self,
        text: str | bytes,
        output_format: str = "TabSeparated",
        parameters: Mapping[str, str] | None = None,
        watch: Callable[[Counts], None] | None = None,
    ) -> Result:
        """Runs one statement to its end.

        Args:
            text: The statement.
            output_format: Format where the statement names none.
            parameters: Values of `{name:Type}`, escaped as in TabSeparated.
            watch: Gets the counts while they grow, in a thread of the engine.

        Raises:
            ClickHouseError: The engine's own error.
        """
        if watch is not None:
            self._raw.set_progress_callback(lambda said: watch(_counts(said)))
        try:
            found = self._raw.query(text, output_format, params=dict(parameters or {}))
        except (chdb.ChdbError, RuntimeError) as raised:
            raise of_engine(raised, self.user.name) from raised
        finally:
            if watch is not None:
                self._raw.set_progress_callback(None)
        return Result(
            body=found.bytes(),
            counts=Counts(
                read_rows=found.storage_rows_read(),
                read_bytes=found.storage_bytes_read(),
                written_rows=found.rows_written(),
                written_bytes=found.bytes_written(),
                result_rows=found.rows_read(),
                result_bytes=found.bytes_read(),
                nanoseconds=_nanoseconds(found.elapsed()),
            ),
        )

    def command(self, text: str) -> None:
        """Runs a statement for its effect."""
        self.run(text)

    def rows(self, text: str, parameters: Mapping[str, str] | None = None) -> list[list[Any]]:
        """Rows of a query as JSON values."""
        body = self.run(text, "JSONCompactEachRow", parameters).body
        return [json.loads(line) for line in body.splitlines()]

    def set(self, settings: Mapping[str, str | None]) -> None:
        """Sets settings of the connection from their text form; None is the default value."""
        self.command(
            "SET "
            + ", ".join(
                f"{quoted(name)} = {'DEFAULT' if value is None else literal(value)}"
                for name, value in settings.items()
            )
        )

    @contextmanager
    def unrestricted(self) -> Iterator[None]:
        """For statements of this server itself: every right for as long as the context lasts."""
        self.command("SET ROLE DEFAULT")
        try:
            yield
        finally:
            self.command(f"SET ROLE {quoted(self._role)}")

    def close(self) -> None:
        """Gives the connection back; its temporary tables and settings are gone."""
        self._raw.close()


class Engine:
    """The engine over one data directory, held by this process alone.

    Attributes:
        version: Of the engine, as `SELECT version()` says it.
        time_zone: Of the server.
        table_functions: Those that the engine knows, by name in small letters.
        user_files: Folder of the files that statements may read and write.
    """

    def __init__(self, data: Path, access: Access) -> None:
        """Opens or creates the data directory.

        Raises:
            DataDirectoryInUseError: Another process holds it.
        """
        data.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(data / "lock")
        self.user_files = data.resolve() / "user_files"
        self.user_files.mkdir(exist_ok=True)
        config = _configured(data.resolve() / "config", access, self.user_files)
        self._location = f"{data.resolve() / 'store'}?config-file={config}"
        # The engine lives as long as its first connection.
        self._anchor = chdb.connect(self._location)
        for database in access.databases:
            self._anchor.query(f"CREATE DATABASE IF NOT EXISTS {quoted(database)}")
        self.version, self.time_zone = self._ask("SELECT version(), serverTimezone()")[0]
        self.table_functions = {
            name.lower(): TableFunction(asks_for_right=not free, is_function_too=bool(namesakes))
            for name, free, namesakes in self._ask(
                "SELECT name, allow_readonly, lower(name) IN (SELECT lower(name) FROM "
                "system.functions) FROM system.table_functions"
            )
        }

    def connect(self, user: User) -> Connection:
        """A fresh connection in the role of the user."""
        return Connection(chdb.connect(self._location), user)

    def kill(self, query_id: str) -> bool:
        """Cancels what runs under the id, without waiting for its end; whether anything does."""
        killer = chdb.connect(self._location)
        try:
            condition = f"Settings['{QUERY_MARK}'] = {literal(query_id)}"
            return bool(killer.query(f"KILL QUERY WHERE {condition} ASYNC", "TSV").bytes())
        finally:
            killer.close()

    def counts(self, query_id: str) -> Counts | None:
        """What the statement under the id has counted so far; None if it has ended."""
        asking = chdb.connect(self._location)
        try:
            found = asking.query(
                "SELECT read_rows, read_bytes, written_rows, written_bytes, total_rows_approx, "  # noqa: S608
                "toUInt64(elapsed * 1e9) FROM system.processes "
                f"WHERE Settings['{QUERY_MARK}'] = {literal(query_id)}",
                "JSONCompactEachRow",
            ).bytes()
        finally:
            asking.close()
        for line in found.splitlines():
            read_rows, read_bytes, written_rows, written_bytes, total, elapsed = json.loads(line)
            return Counts(
                read_rows=read_rows,
                read_bytes=read_bytes,
                written_rows=written_rows,
                written_bytes=written_bytes,
                total_rows=total,
                nanoseconds=elapsed,
            )
        return None

    def close(self) -> None:
        """Shuts the engine down; acknowledged data are on disk before and after."""
        self._anchor.close()
        os.close(self._lock)

    def _ask(self, text: str) -> list[list[Any]]:
        body = self._anchor.query(text, "JSONCompactEachRow").bytes()
        return [json.loads(line) for line in body.splitlines()]


def _counts(said: Mapping[str, int]) -> Counts:
    return Counts(
        read_rows=said["read_rows"],
        read_bytes=said["read_bytes"],
        written_rows=said["written_rows"],
        written_bytes=said["written_bytes"],
        total_rows=said["total_rows_to_read"],
        result_rows=said["result_rows"],
        result_bytes=said["result_bytes"],
        nanoseconds=said["elapsed_ns"],
    )


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)


def quoted(identifier: str) -> str:
    """An identifier for SQL."""
    escaped = identifier.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


def literal(text: str) -> str:
    """A string literal for SQL."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def is_setting_name(name: str) -> bool:
    """Whether a request parameter can be the name of a setting."""
    return _NAME.fullmatch(name) is not None


def _locked(path: Path) -> int:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as raised:
        os.close(descriptor)
        raise DataDirectoryInUseError(
            f"{path.parent} is served by another process; stop it or name another --data"
        ) from raised
    return descriptor


def _configured(folder: Path, access: Access, user_files: Path) -> Path:
    folder.mkdir(exist_ok=True)
    roles = "\n".join(
        f"    <{_role(user)}><grants>"
        + "".join(f"<query>GRANT {escape(grant)}</query>" for grant in user.grants)
        + f"</grants></{_role(user)}>"
        for user in access.standing
    )
    granted = "\n".join(f"        <query>GRANT {_role(user)}</query>" for user in access.standing)
    users = folder / "users.xml"
    users.write_text(
        _USERS.format(roles=roles, granted=granted, policies=_policies(access)), encoding="utf-8"
    )
    config = folder / "config.xml"
    config.write_text(
        _CONFIG.format(users=escape(str(users)), files=escape(f"{user_files}/")), encoding="utf-8"
    )
    return config


def _role(user: User) -> str:
    """The engine's role of a user; accounts of some brands share that of their family."""
    family = user.name.partition("?")[0]
    return family if user.brands is not None else f"{family}_of_all_brands"


def _policies(access: Access) -> str:
    """Row policies of the cut tables: the one user of the engine reads them in many roles."""
    conditions: dict[str, list[str]] = {}
    for user in access.users.values():
        condition = _OWN_BRANDS.format(role=_role(user), mark=BRANDS_MARK)
        for table in user.cut_by_brand:
            conditions.setdefault(table, []).append(f"({condition})")
    return "".join(
        _POLICY.format(
            database=database, table=table, condition=escape(" AND ".join(conditions[name]))
        )
        for name in conditions
        for database, table in [name.split(".")]
    )
