"""Command line: doctor, fetch, load, status, dbt-vars."""

import dataclasses
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from .datasets import DATASETS
from .doctor import examine, recent_days
from .errors import ConfigurationError, ExtractError
from .fetch import fetch
from .findings import Finding, Level
from .load import load
from .progress import OnProgress, Progress, Step
from .project import Project
from .settings import PROJECT_FILE, Settings
from .status import DatasetStatus, read_status
from .window import Window

_DATASET = click.Choice([*DATASETS, "all"])
_MOMENT_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
_EXIT_FAILED = 1


@click.group()
def cli() -> None:
    """Copy raw facts from Mindbox to ClickHouse, without personal data.

    Settings come from the environment (.env.example explains them) and from the project file.
    """


def _window_options(command: Callable[..., None]) -> Callable[..., None]:
    for name, text in (
        ("--till", "Right edge, UTC, not included."),
        ("--since", "Left edge, UTC, included."),
    ):
        command = click.option(
            name, required=True, type=click.DateTime(_MOMENT_FORMATS), help=text
        )(command)
    return click.argument("dataset", type=_DATASET)(command)


@cli.command("load")
@_window_options
@click.option(
    "--allow-shrink", is_flag=True, help="Replace days even by far fewer rows or by none."
)
@click.option("--resume", is_flag=True, help="Skip windows whose newest load succeeded.")
def load_command(
    dataset: str, since: datetime, till: datetime, *, allow_shrink: bool, resume: bool
) -> None:
    """Load a window of DATASET, or of all datasets, into the raw tables."""
    settings, project = _configuration()
    window = Window(since.replace(tzinfo=UTC), till.replace(tzinfo=UTC))
    for name in _names(dataset):
        with _shown() as on_progress:
            report = load(
                name,
                window,
                settings=settings,
                project=project,
                allow_shrink=allow_shrink,
                resume=resume,
                on_progress=on_progress,
            )
        click.echo(
            f"{name}: {report.rows} rows in {report.seconds:.1f} s, "
            f"{report.bytes / 1e6:.1f} MB, {report.quarantined} quarantined, "
            f"{report.outside_window} of other windows, load {report.load_id}"
        )
        if report.absent:
            click.echo(f"  columns that did not come: {', '.join(report.absent)}")


@cli.command("fetch")
@_window_options
@click.option(
    "--into",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the allow-listed rows to this .parquet or .ndjson file.",
)
def fetch_command(dataset: str, since: datetime, till: datetime, into: Path | None) -> None:
    """Download and decode a window of DATASET without touching the warehouse."""
    settings, project = _configuration()
    if into is not None and dataset == "all":
        raise click.UsageError("--into takes the rows of one dataset")
    window = Window(since.replace(tzinfo=UTC), till.replace(tzinfo=UTC))
    for name in _names(dataset):
        report = fetch(name, window, settings=settings, project=project, into=into)
        click.echo(
            f"{name}: {report.tally.rows} rows, {report.tally.bytes / 1e6:.1f} MB, "
            f"{report.tally.quarantined} unreadable, {report.tally.outside_window} of other windows"
        )
        for (field, reason), count in report.problems.most_common():
            click.echo(f"  {count} x {field}: {reason}")
        if report.tally.absent:
            click.echo(f"  columns that did not come: {', '.join(report.tally.absent)}")
        if report.tally.unread:
            click.echo(f"  came and are not read: {', '.join(report.tally.unread)}")


@cli.command("status")
@click.option("--fingerprint", is_flag=True, help="Also hash every table (reads all of it).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def status_command(*, fingerprint: bool, as_json: bool) -> None:
    """Show loads, freshness, rows and quarantine of every dataset."""
    settings, _ = _configuration()
    found = read_status(settings, fingerprint=fingerprint)
    if as_json:
        rows = [dataclasses.asdict(row) for row in found]
        click.echo(json.dumps(rows, default=_plain, ensure_ascii=False, indent=2))
    else:
        Console().print(_status_table(found, fingerprint=fingerprint))


@cli.command("dbt-vars")
def dbt_vars_command() -> None:
    """Print the project's settings that the models need, as JSON for dbt's --vars."""
    path = Path(os.environ.get("MINDBOX_PROJECT_FILE") or PROJECT_FILE)
    click.echo(json.dumps(Project.read(path).dbt_vars(), ensure_ascii=False))


@cli.command("doctor")
@click.option(
    "--till",
    type=click.DateTime(_MOMENT_FORMATS),
    help="End of the sample, a UTC midnight; the last one by default.",
)
@click.option("--days", default=7, show_default=True, help="Length of the sample.")
def doctor_command(till: datetime | None, days: int) -> None:
    """Check a client's project before the first load, and change nothing.

    Asks every operation for some days of rows and compares them with the project file. Exits with
    1 when something would keep a load from working.
    """
    try:
        settings, project = _configuration()
    except ConfigurationError as error:
        Console().print(_findings_table([Finding(Level.ERROR, "environment", str(error))]))
        sys.exit(_EXIT_FAILED)
    window = recent_days(days, till.replace(tzinfo=UTC) if till else datetime.now(UTC))
    waiting = Console(stderr=True)
    with waiting.status("starting") as status:

        def show(doing: str) -> None:
            if waiting.is_terminal:
                status.update(doing)
            else:
                click.echo(doing, err=True)

        found = list(examine(settings, project, window=window, on_doing=show))
    Console().print(_findings_table(found))
    if any(finding.level is Level.ERROR for finding in found):
        sys.exit(_EXIT_FAILED)


def _configuration() -> tuple[Settings, Project]:
    settings = Settings.from_environment()
    return settings, Project.read(settings.project_file)


def _names(dataset: str) -> list[str]:
    return list(DATASETS) if dataset == "all" else [dataset]


@contextmanager
def _shown() -> Iterator[OnProgress]:
    """A bar on a terminal, one plain line per landed unit and export state in a log."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _print_plainly
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=console) as bar:
        task = bar.add_task("", total=None)

        def show(progress: Progress) -> None:
            bar.update(
                task,
                description=str(progress),
                total=progress.units,
                completed=progress.unit - (progress.step is not Step.LOGGED),
            )

        yield show


def _print_plainly(progress: Progress) -> None:
    if progress.step in {Step.EXPORT, Step.ROWS_INSERTED, Step.LANDED}:
        moment = datetime.now(UTC).strftime("%H:%M:%S")
        click.echo(
            f"{moment} [{progress.unit}/{progress.units}] {progress}",
            err=True,
        )


def _status_table(found: list[DatasetStatus], *, fingerprint: bool) -> Table:
    table = Table(title="raw tables")
    headers = [
        "dataset",
        "rows",
        "loaded till",
        "last load",
        "last status",
        "quarantined",
        "failed",
    ]
    for header in [*headers, *(["fingerprint"] if fingerprint else [])]:
        table.add_column(header)
    for row in found:
        cells = [
            row.dataset,
            str(row.rows),
            _plain(row.loaded_till) if row.loaded_till else "-",
            _plain(row.last_finished_at) if row.last_finished_at else "-",
            row.last_status or "never loaded",
            str(row.quarantined),
            str(row.failed_windows),
        ]
        if row.fingerprint:
            cells.append(f"{row.fingerprint.rows}:{row.fingerprint.hash:016x}")
        table.add_row(*cells)
    return table


def _findings_table(found: list[Finding]) -> Table:
    colours = {Level.ERROR: "red", Level.WARNING: "yellow", Level.NOTE: "cyan", Level.OK: "green"}
    counts = Counter(finding.level for finding in found)
    said = ", ".join(f"{counts[level]} {level}" for level in colours if counts[level])
    table = Table(title=f"doctor: {said}", show_lines=True)
    for header in ("level", "what", "finding"):
        table.add_column(header, overflow="fold")
    for finding in found:
        level = f"[{colours[finding.level]}]{finding.level}[/]"
        table.add_row(level, finding.subject, escape(finding.message))
    return table


def _plain(value: object) -> str:
    return value.isoformat(timespec="minutes") if isinstance(value, datetime) else str(value)


def main() -> None:
    """Run the command line; an expected failure prints its message and exits with 1."""
    try:
        cli()
    except ExtractError as error:
        click.echo(f"error: {error}", err=True)
        for note in getattr(error, "__notes__", []):
            click.echo(note, err=True)
        sys.exit(_EXIT_FAILED)
