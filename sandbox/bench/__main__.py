"""Command line of the measurements."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from sandbox.bench import generator, throughput

RESULTS = Path(__file__).resolve().parents[2] / "docs" / "measurements"
MOST_RATIO = 2.0

console = Console(highlight=False)


@click.group()
def cli() -> None:
    """Measure, print, and store the figures in docs/measurements."""


@cli.command("throughput")
@click.option("--customers", default=120_000, show_default=True, help="People of the world.")
@click.option("--times", default=5, show_default=True, help="Runs of each.")
def throughput_command(customers: int, times: int) -> None:
    """Fetch, decode and insert, beside ClickHouse's own INSERT of the same bytes."""
    table = Table(title=f"A month of the API in seconds, median of {times} pairs")
    for column in ("dataset", "rows", "MB", "load", "ClickHouse's INSERT", "ratio (limit 2)"):
        table.add_column(column, justify="left" if column == "dataset" else "right")
    found = {}
    for dataset in throughput.PEERS:
        console.print(f"  {dataset} …")
        measured = throughput.measure(dataset, customers=customers, times=times)
        found[dataset] = measured.as_json()
        within = measured.ratio.median <= MOST_RATIO
        table.add_row(
            dataset,
            _spaced(measured.rows),
            f"{measured.megabytes:.0f}",
            f"{measured.ours.median:.2f}",
            f"{measured.peer.median:.2f}",
            f"[{'green' if within else 'red'}]{measured.ratio.median:.2f}[/]",
        )
    together = throughput.together(found)
    table.add_section()
    table.add_row(
        "together",
        "",
        "",
        f"{together['load_seconds']:.2f}",
        f"{together['clickhouse_insert_seconds']:.2f}",
        f"{together['ratio']:.2f}",
    )
    console.print(table)
    store("throughput", {"customers": customers, "together": together, "datasets": found})


@cli.command("generator")
@click.option("--customers", default=130_000, show_default=True, help="People of the shop.")
def generator_command(customers: int) -> None:
    """Two years of a large shop straight into raw tables: time and memory."""
    made = generator.measure(
        customers, lambda done, total: console.print(f"  slice {done} of {total}")
    )
    table = Table(title=f"{_spaced(made.rows)} rows straight into raw tables")
    for column in ("people", "rows", "seconds", "rows/s", "peak memory", "on disk"):
        table.add_column(column, justify="right")
    table.add_row(
        _spaced(customers),
        _spaced(made.rows),
        f"{made.seconds:.0f}",
        _spaced(made.rows / made.seconds),
        f"{made.gigabytes:.1f} GB",
        f"{made.disk_gigabytes:.1f} GB",
    )
    console.print(table)
    console.print(
        f"  {_spaced(generator.LARGE)} rows at this pace: {made.hours_of_large:.1f} h, in the same "
        "memory, since it is made slice by slice"
    )
    store("generator", made.as_json())


@cli.command("all")
@click.pass_context
def all_command(context: click.Context) -> None:
    """Every measurement, with its default size."""
    context.invoke(throughput_command)
    context.invoke(generator_command)


def _spaced(number: float) -> str:
    return f"{number:,.0f}".replace(",", " ")


def store(name: str, figures: dict[str, Any]) -> None:
    """Write a measurement beside the circumstances it was made in."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    circumstances = {
        "measured_on": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "load_average_before_it_ended": round(os.getloadavg()[1], 1),
        "python": platform.python_version(),
    }
    path = RESULTS / f"{name}.json"
    text = json.dumps({**circumstances, **figures}, ensure_ascii=False, indent=2)
    path.write_text(f"{text}\n", encoding="utf-8")
    console.print(f"  stored in docs/measurements/{path.name}")


if __name__ == "__main__":
    cli()
