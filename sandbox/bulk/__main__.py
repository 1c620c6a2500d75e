"""Command line: python -m sandbox.bulk --customers 170000 [--months 24]."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.progress import Progress

from mindbox_extract.project import Project
from mindbox_extract.settings import Settings
from sandbox.bulk.shop import fill
from sandbox.mindbox.world import WorldSettings


@click.command()
@click.option("--customers", default=170_000, show_default=True, help="People of the shop.")
@click.option("--months", default=24, show_default=True, help="Months of history.")
@click.option("--brands", default=2, show_default=True, help="Brands of the shop.")
@click.option("--seed", default=1, show_default=True, help="Seed of the world.")
@click.option("--until", default="2026-01-01", show_default=True, help="End of history, a UTC day.")
def main(customers: int, months: int, brands: int, seed: int, until: str) -> None:
    """Fill the empty raw tables of the warehouse that CLICKHOUSE_* names."""
    settings = Settings.from_environment()
    console = Console(highlight=False)
    shop = WorldSettings(
        customers=customers,
        months=months,
        brands=brands,
        seed=seed,
        until=datetime.fromisoformat(until).replace(tzinfo=UTC),
    )
    started = time.monotonic()
    with Progress(console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("slices")
        filled = fill(
            shop,
            settings,
            Project.read(settings.project_file),
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    for dataset, rows in filled.rows.items():
        console.print(f"  raw.{dataset}: {rows:,}".replace(",", " "))
    total = f"{sum(filled.rows.values()):,}".replace(",", " ")
    console.print(f"{total} rows in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
