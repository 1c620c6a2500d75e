"""One server for the whole directory, and its two users."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import clickhouse_connect
import pytest
import requests

from sandbox.clickhouse.process import ClickHouseProcess

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

Http = Callable[..., requests.Response]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseProcess]:
    with pytest.MonkeyPatch.context() as environment:
        # Whatever the server keeps for a while, it keeps here.
        environment.setenv("TMPDIR", str(tmp_path_factory.mktemp("temporary")))
        process = ClickHouseProcess(tmp_path_factory.mktemp("clickhouse"))
        process.start()
        yield process
        process.stop()


def connect(server: ClickHouseProcess, user: str, **options: object) -> Client:
    return clickhouse_connect.get_client(
        host=server.host,
        port=server.port,
        username=user,
        password=server.passwords[user],
        **options,
    )


@pytest.fixture(scope="session")
def etl(server: ClickHouseProcess) -> Iterator[Client]:
    client = connect(server, "etl")
    yield client
    client.close()


@pytest.fixture(scope="session")
def reader(server: ClickHouseProcess, etl: Client) -> Iterator[Client]:
    client = connect(server, "superset", database="marts")
    yield client
    client.close()


@pytest.fixture
def table(etl: Client, request: pytest.FixtureRequest) -> Iterator[Callable[[str], str]]:
    """Makes a table of the columns and drops it after the test."""
    name = f"raw.t_{abs(hash(request.node.nodeid))}"

    def make(columns: str) -> str:
        etl.command(f"CREATE TABLE {name} ({columns}) ENGINE = MergeTree ORDER BY tuple()")
        return name

    yield make
    etl.command(f"DROP TABLE IF EXISTS {name}")


@pytest.fixture
def http(server: ClickHouseProcess) -> Http:
    """POSTs a body with parameters, as etl unless told otherwise."""

    def send(
        body: object = b"",
        *,
        method: str = "POST",
        path: str = "/",
        user: str | None = "etl",
        headers: dict[str, str] | None = None,
        **options: object,
    ) -> requests.Response:
        known = {} if user is None else _credentials(server, user)
        stream = bool(options.pop("stream", False))
        files = options.pop("files", None)
        return requests.request(
            method,
            server.url + path,
            params={name: str(value) for name, value in options.items()},
            data=body,
            files=files,
            headers={**known, **(headers or {})},
            stream=stream,
            timeout=60,
        )

    return send


def _credentials(server: ClickHouseProcess, user: str) -> dict[str, str]:
    return {"X-ClickHouse-User": user, "X-ClickHouse-Key": server.passwords[user]}


@pytest.fixture
def written_files(
    server: ClickHouseProcess, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], list[Path]]:
    """Everything the server could have written: its data, its temporary files, and /tmp's own."""
    temporary = Path(_environment(server.pid)["TMPDIR"])

    def files() -> list[Path]:
        inside = [path for folder in (server.data, temporary) for path in folder.rglob("*")]
        return inside + list(Path("/tmp").iterdir())  # noqa: S108 - it is searched

    return files


def _environment(pid: int) -> dict[str, str]:
    listed = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return dict(entry.decode().split("=", 1) for entry in listed if b"=" in entry)


def peak_memory(pid: int) -> int:
    """Bytes: the largest resident set of the process so far."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    [line] = [line for line in status if line.startswith("VmHWM")]
    return int(line.split()[1]) << 10
