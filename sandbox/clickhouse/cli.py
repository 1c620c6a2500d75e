"""Command line of the local ClickHouse."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import click
import uvicorn
from rich.console import Console

from sandbox.clickhouse.engine import DataDirectoryInUseError, Engine
from sandbox.clickhouse.request import Gate
from sandbox.clickhouse.server import Server
from sandbox.clickhouse.wire import Protocol
from superset_assets.access.users import read

READY = "ClickHouse answers at"
"""Beginning of the line that is printed once the port answers."""

_KEEP_ALIVE_SECONDS = 30
_SHUTDOWN_SECONDS = 10

console = Console(soft_wrap=True, highlight=False)


class _Listener(uvicorn.Server):
    """Says where it listens, once it does; waits for no long statement when it ends."""

    def __init__(self, config: uvicorn.Config, server: Server, url: str) -> None:
        super().__init__(config)
        self._server = server
        self._url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        console.print(f"{READY} {self._url}")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends: what is under way is cancelled and answered as such."""
        await asyncio.to_thread(self._server.cancel_all)
        await super().shutdown(sockets)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8123, show_default=True, help="Port; 0 takes a free one.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder of the data; made if it is not there.",
)
@click.option(
    "--users",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="Users file; passwords come from the environment variables it names.",
)
def main(host: str, port: int, data: Path, users: Path) -> None:
    """Serve the embedded ClickHouse over HTTP."""
    access = read(users)
    variables = {name: user.password_variable for name, user in access.users.items()}
    passwords = {name: os.environ.get(variable, "") for name, variable in variables.items()}
    for name in (name for name, password in passwords.items() if not password):
        console.print(f"{name} is not served: {variables[name]} is not set")
    if not any(passwords.values()):
        raise click.ClickException(f"No user has a password: set {', '.join(variables.values())}")
    try:
        engine = Engine(data, access)
    except DataDirectoryInUseError as raised:
        raise click.ClickException(str(raised)) from raised
    # Where the engine begins relative paths of files.
    os.chdir(engine.user_files)
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    # The listener ends in good order on SIGTERM, then raises it again: that is a success.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = Server(engine, Gate(access, passwords))
    config = uvicorn.Config(
        server.application(),
        log_level="warning",
        access_log=False,
        http=Protocol,
        ws="none",
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    url = f"http://{host}:{listening.getsockname()[1]}"
    _Listener(config, server, url).run(sockets=[listening])
