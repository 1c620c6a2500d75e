"""Command line of the stand-in: make or recall a world, then serve it."""

from __future__ import annotations

import os
import shutil
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import uvicorn
from rich.console import Console
from rich.progress import Progress

from sandbox.mindbox.api.app import application
from sandbox.mindbox.api.settings import ApiSettings, Gzip
from sandbox.mindbox.serving import folder as folder_source
from sandbox.mindbox.serving.source import Source
from sandbox.mindbox.world import World, WorldSettings

READY = "Mindbox stand-in answers at"
"""Beginning of the line that is printed once the port answers."""
_LAG = timedelta(minutes=10)

console = Console(soft_wrap=True, highlight=False)


class _Server(uvicorn.Server):
    """Says where it listens, once it does."""

    def __init__(self, config: uvicorn.Config, url: str) -> None:
        super().__init__(config)
        self._url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        console.print(f"{READY} {self._url}")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8130, show_default=True, help="Port; 0 takes a free one.")
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder that keeps the generated world and its `until`.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Serve the NDJSON files of this folder instead of a world.",
)
@click.option("--customers", default=12_000, show_default=True, help="People of the world.")
@click.option(
    "--people-before", default=0, show_default=True, help="People of the shop served elsewhere."
)
@click.option("--months", default=24, show_default=True, help="Months of history.")
@click.option("--brands", default=2, show_default=True, help="Brands of the shop.")
@click.option("--seed", default=1, show_default=True, help="Seed of the world.")
@click.option("--until", help="The world's now, ISO 8601. Default: this hour, remembered.")
@click.option(
    "--time-zone",
    default="Europe/Moscow",
    show_default=True,
    envvar="PROJECT_TIME_ZONE",
    help="The project's time zone.",
)
@click.option(
    "--attribution-window-days",
    default=7,
    show_default=True,
    help="Days within which a click earns an order.",
)
@click.option("--canaries", is_flag=True, help="Plant unique personal values.")
@click.option("--decimal-point", is_flag=True, help="Numbers in reports with a point.")
@click.option("--no-edge-duplicates", is_flag=True, help="Keep neighbouring windows apart.")
@click.option("--part-rows", default=200_000, show_default=True, help="Rows per file.")
@click.option(
    "--gzip",
    "gzip_mode",
    type=click.Choice([g.value for g in Gzip]),
    default="encoding",
    show_default=True,
    help="How files are compressed.",
)
@click.option("--readiness", default=0.0, show_default=True, help="Seconds an export takes.")
@click.option("--link-seconds", default=600.0, show_default=True, help="Lifetime of file links.")
@click.option(
    "--not-found-limit", default=30, show_default=True, help="Unknown paths a minute before a ban."
)
@click.option("--ban-seconds", default=60.0, show_default=True, help="How long a ban lasts.")
@click.option(
    "--calls-per-minute", default=8_000, show_default=True, help="Calls of an operation before 429."
)
def main(  # noqa: PLR0917 (click passes by name)
    host: str,
    port: int,
    state: Path,
    folder: Path | None,
    customers: int,
    people_before: int,
    months: int,
    brands: int,
    seed: int,
    until: str | None,
    time_zone: str,
    attribution_window_days: int,
    canaries: bool,
    decimal_point: bool,
    no_edge_duplicates: bool,
    part_rows: int,
    gzip_mode: str,
    readiness: float,
    link_seconds: float,
    not_found_limit: int,
    ban_seconds: float,
    calls_per_minute: int,
) -> None:
    """Serve Mindbox's v3 API over a generated shop, or over a folder of NDJSON files.

    The key comes from MINDBOX_ENDPOINT_ID and MINDBOX_SECRET_KEY; MINDBOX_TEST_KEY adds a test key.
    """
    settings = ApiSettings(
        endpoint_id=_required("MINDBOX_ENDPOINT_ID"),
        secret_key=_required("MINDBOX_SECRET_KEY"),
        test_key=os.environ.get("MINDBOX_TEST_KEY", ""),
        part_rows=part_rows,
        gzip=Gzip(gzip_mode),
        readiness_seconds=readiness,
        link_seconds=link_seconds,
        not_found_limit=not_found_limit,
        ban_seconds=ban_seconds,
        calls_per_minute=calls_per_minute,
    )
    if folder is not None:
        try:
            source = folder_source.source_of(folder)
        except folder_source.FolderError as error:
            raise click.ClickException(str(error)) from error
        console.print(f"Serving the files of {folder}")
    else:
        wanted = WorldSettings(
            customers=customers,
            people_before=people_before,
            months=months,
            brands=brands,
            seed=seed,
            until=remembered_until(state, until),
            time_zone=time_zone,
            attribution_window_days=attribution_window_days,
            canaries=canaries,
            decimal_comma=not decimal_point,
        )
        source = Source.of_world(recalled(state, wanted), edge_duplicates=not no_edge_duplicates)
    serve(source, settings, host, port)


def remembered_until(state: Path, asked: str | None) -> datetime:
    """The world's now: the one asked for, else the one of last time, else the last full hour.

    Extractors keep five minutes behind the present; so does the world, lest its end be missed.
    """
    path = state / "until.txt"
    if asked is not None:
        until = datetime.fromisoformat(asked)
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
    elif path.exists():
        return datetime.fromisoformat(path.read_text(encoding="utf-8").strip())
    else:
        until = (datetime.now(UTC) - _LAG).replace(minute=0, second=0, microsecond=0)
    state.mkdir(parents=True, exist_ok=True)
    path.write_text(until.isoformat(), encoding="utf-8")
    return until


def recalled(state: Path, settings: WorldSettings) -> World:
    """The world of the settings, from the state folder if it was kept there.

    One world is kept; another one's files are removed.
    """
    kept = state / "worlds" / settings.fingerprint()
    try:
        world = World.load(kept)
    except FileNotFoundError:
        shutil.rmtree(state / "worlds", ignore_errors=True)
        with Progress(console=console) as progress:
            task = progress.add_task("Generating the world", total=settings.customers)
            world = World.generate(
                settings, lambda done, total: progress.update(task, completed=done, total=total)
            )
        world.save(kept)
    console.print(
        f"World of {len(world.customers)} customer ids, {len(world.messages)} messages, "
        f"{len(world.statuses)} statuses, {len(world.orders)} orders, {len(world.actions)} actions "
        f"until {settings.until}"
    )
    return world


def serve(source: Source, settings: ApiSettings, host: str, port: int) -> None:
    """Serve until told to stop."""
    listener = socket.create_server((host, port))
    url = f"http://{host}:{listener.getsockname()[1]}"
    config = uvicorn.Config(application(source, settings), log_level="warning", access_log=False)
    _Server(config, url).run(sockets=[listener])


def _required(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise click.ClickException(f"{name} is not set; see .env.example")
    return value
