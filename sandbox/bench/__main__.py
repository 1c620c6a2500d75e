"""Command line of the measurements."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from dotenv import load_dotenv
from rich.console import Console
from rich.table import Table

from sandbox.bench import answering, boards, generator, request_path, throughput
from sandbox.bench.warehouse import Shop, prepared
from superset_assets.manifest import Manifest
from superset_assets.settings import SettingsError, Warehouse

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs" / "measurements"
MOST_RATIO = 2.0
SLOWEST_NAMED = 20

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


@cli.command("questions")
@click.option("--customers", default=140_000, show_default=True, help="People of the shop.")
@click.option("--times", default=3, show_default=True, help="Warm runs of each question.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=ROOT / ".local" / "bench" / "questions",
    help="Where the warehouse is kept; a second run takes it as it is.",
)
@click.option("--every", default=1, show_default=True, help="Ask one question of so many.")
@click.option("--rebuild", is_flag=True, help="Build the models again over the raw tables.")
def questions_command(customers: int, times: int, folder: Path, every: int, rebuild: bool) -> None:
    """The main metrics of the six boards over millions of events, beside DuckDB."""
    with prepared(Shop(customers), folder, rebuild=rebuild, say=_say) as warehouse:
        manifest = Manifest.read(folder / "target" / "manifest.json")
        asking = boards.asking_of(manifest, warehouse.client("etl"))
        measured = boards.measured(
            list(asking.questions())[::every],
            connect=warehouse.client,
            folder=folder,
            built=warehouse.figures["marts"]["built_at"],
            times=times,
            say=_say,
        )
        figures = warehouse.figures
    events = figures["marts"]["tables"]["wide_events"]["rows"]
    summaries = answering.summaries(measured)
    console.print(_board_table(summaries, events))
    slowest = sorted(measured, key=lambda each: -each.ours.median)[:SLOWEST_NAMED]
    console.print(_slowest_table(slowest))
    for reason, number in answering.left_out(measured).items():
        console.print(f"  DuckDB was not asked {number} questions: {reason}")
    by_board: dict[str, Any] = {}
    for each in summaries:
        by_board.setdefault(each.board, {})[each.added] = each.as_json()
    store(
        "questions",
        {
            "events": events,
            **figures,
            "asked_one_of": every,
            "questions": len(measured),
            "boards": by_board,
            "slowest": [each.as_json() for each in slowest],
            "duckdb_left_out": dict(answering.left_out(measured)),
        },
    )


def _board_table(summaries: list[answering.Summary], events: int) -> Table:
    table = Table(title=f"Medians of questions over {_spaced(events)} events, in seconds")
    heads = ("board", "with", "questions", "cold", "warm", "longest", "DuckDB", "ours/DuckDB")
    for head in heads:
        table.add_column(head, justify="left" if head in ("board", "with") else "right")
    for each in summaries:
        table.add_row(
            each.board,
            each.added,
            str(len(each.measured)),
            f"{each.cold:.3f}",
            f"{each.ours:.3f}",
            f"{each.longest:.3f}",
            *_beside(each.peer, each.ratio),
        )
    return table


def _slowest_table(slowest: list[answering.Measured]) -> Table:
    table = Table(title="The slowest questions, in seconds")
    for head in ("question", "cold", "warm", "DuckDB", "ours/DuckDB"):
        table.add_column(head, justify="left" if head == "question" else "right")
    for each in slowest:
        table.add_row(
            each.question.name,
            f"{each.cold:.3f}",
            f"{each.ours.median:.3f}",
            *_beside(each.peer.median if each.peer else None, each.ratio),
        )
    return table


def _beside(peer: float | None, ratio: float | None) -> tuple[str, str]:
    """The peer's cells of a row."""
    if peer is None or ratio is None:
        return "–", "–"
    return f"{peer:.3f}", f"[{'green' if ratio <= 1 else 'red'}]{ratio:.2f}[/]"


@cli.command("requests")
@click.option("--board", default="mailings", show_default=True, help="Slug of the board.")
@click.option("--rounds", default=6, show_default=True, help="Rounds of each.")
def requests_command(board: str, rounds: int) -> None:
    """A board's charts through our request path, beside Superset's own, over the warehouse of .env.

    CLICKHOUSE_HOST and the like name the warehouse; it is read only.
    """
    load_dotenv(ROOT / ".env")
    try:
        events = request_path.events_of(Warehouse.from_environment())
    except (SettingsError, request_path.NoWarehouseError) as error:
        raise click.ClickException(str(error)) from error
    asked, found = request_path.measure(board, rounds=rounds, say=_say)
    console.print(_requests_table(found, f"{len(asked)} charts over {_spaced(events)} events"))
    store(
        "requests",
        {
            "events": events,
            "board": board,
            "charts": len(asked),
            "rounds": rounds,
            "asked_at_once": request_path.AT_ONCE,
            **found.as_json(),
        },
    )


def _requests_table(found: request_path.Comparison, asked: str) -> Table:
    table = Table(title=f"Requests of {asked}, medians of the rounds")
    heads = ("", "Superset's own", "ours", "times better")
    for head in heads:
        table.add_column(head, justify="right" if head else "left")
    before, after = request_path.BEFORE, request_path.AFTER
    for name, figure in (("one after another, ms", "median"), ("at once: p95, ms", "p95")):
        table.add_row(
            name,
            f"{found.spread(before, figure).median * 1000:.0f}",
            f"{found.spread(after, figure).median * 1000:.0f}",
            f"{found.ratio(figure).median:.2f}",
        )
    table.add_row(
        "at once: requests per second",
        f"{found.per_second(before):.1f}",
        f"{found.per_second(after):.1f}",
        f"{found.ratio('together').median:.2f}",
    )
    table.add_row(
        "rows in `logs` per request",
        f"{found.log_rows(before):.2f}",
        f"{found.log_rows(after):.2f}",
        "",
    )
    return table


@cli.command("all")
@click.pass_context
def all_command(context: click.Context) -> None:
    """Every measurement, with its default size."""
    context.invoke(throughput_command)
    context.invoke(generator_command)
    context.invoke(questions_command)
    # The last, since it alone needs a warehouse that runs already.
    context.invoke(requests_command)


def _say(what: str) -> None:
    """A line of progress."""
    console.print(what)


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
