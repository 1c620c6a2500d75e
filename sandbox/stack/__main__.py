"""Command line of the local stack: demo, stop, status, clean."""

import shutil
import subprocess
import sys

import click
from rich.console import Console
from rich.table import Table

from sandbox.stack.demo import print_addresses, refresh_days, run_demo
from sandbox.stack.settings import StackSettings
from sandbox.stack.supervision import StackError, Supervisor

console = Console()


@click.group()
def cli() -> None:
    """The project's services on this machine."""


@cli.command()
def demo() -> None:
    """Set everything up, load the demo data, leave the services running."""
    run_demo(console)


@cli.command()
def refresh() -> None:
    """Load what is new since the last time."""
    refresh_days(StackSettings.read(), console)


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def boards(arguments: tuple[str, ...]) -> None:
    """Run `superset_assets` against the running Superset: push, pull, screenshots."""
    settings = StackSettings.read()
    command = [sys.executable, "-m", "superset_assets", *arguments]
    done = subprocess.run(command, env=settings.environment(), cwd=settings.root, check=False)
    sys.exit(done.returncode)


@cli.command()
def stop() -> None:
    """Stop every service; data stay."""
    Supervisor(StackSettings.read()).shutdown()
    console.print("stopped")


@cli.command()
def status() -> None:
    """Show the services and where they are."""
    settings = StackSettings.read()
    supervisor = Supervisor(settings)
    if not supervisor.is_running():
        console.print("nothing runs; `make demo` starts everything")
        return
    table = Table(box=None)
    for heading in ("service", "state", ""):
        table.add_column(heading)
    for name, (state, description) in supervisor.states().items():
        table.add_row(name, state, description)
    console.print(table)
    print_addresses(settings, console)


@cli.command()
def clean() -> None:
    """Stop everything and remove data, logs and settings of this checkout."""
    settings = StackSettings.read()
    Supervisor(settings).shutdown()
    if settings.state.exists():
        shutil.rmtree(settings.state)
    (settings.root / ".env").unlink()
    console.print("removed .local and .env")


def main() -> None:
    """Run a command; a failure is a sentence, not a stack trace."""
    try:
        cli()
    except StackError as error:
        console.print(f"[red]failed:[/red] {error}", highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
