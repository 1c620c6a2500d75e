"""Checks a client's project before its first load, and changes nothing.

Each operation is asked for a short window; its files are decoded in this process and thrown away.
What is found is told by names and counts, never by a row's content.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import requests

from .costs import COSTS, RARE
from .datasets import DATASETS
from .errors import ConfigurationError, ExtractError, MindboxError, WarehouseError
from .extraction import Extraction, Tally
from .findings import Finding, Level
from .mapping import mapped
from .own_names import named
from .payload import Part
from .planning import plan
from .project import Project
from .samples import Sample
from .schema import additions
from .settings import Settings
from .spec import DatasetSpec, Field, ListField
from .tables import SERVICE_COLUMNS, table_columns
from .warehouse import Warehouse
from .window import Window

# After these no other operation would be answered otherwise.
_HOPELESS = (requests.codes.unauthorized, requests.codes.not_found)
_PROBLEMS_NAMED = 5
_ROWS_THAT_TELL = 50


OnDoing = Callable[[str], None]


def examine(
    settings: Settings,
    project: Project,
    *,
    window: Window,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    on_doing: OnDoing = lambda _doing: None,
) -> Iterator[Finding]:
    """Findings as they are made: warehouse, each dataset, then the project file against the data.

    Args:
        settings: of the installation.
        project: the client's project file.
        window: whole UTC days from which every operation is asked for a sample.
        clock: the present moment, aware.
        on_doing: told what is being done, for whoever waits.
    """
    on_doing("writing to the warehouse")
    yield from _warehouse(settings)
    samples: dict[str, Sample] = {}
    for spec in DATASETS.values():
        on_doing(f"asking Mindbox for {spec.name} of {window}")
        sample = samples[spec.name] = Sample()
        try:
            findings = _asked(spec, settings, project, window=window, clock=clock, sample=sample)
        except ConfigurationError as error:
            yield Finding(Level.WARNING, spec.name, f"not loaded: {error}")
            continue
        except ExtractError as error:
            yield Finding(Level.ERROR, spec.name, str(error))
            if isinstance(error, MindboxError) and error.status in _HOPELESS:
                yield Finding(Level.ERROR, "project", "no other operation was asked, see above")
                return
            continue
        yield from findings
    yield from mapped(project, samples)


def recent_days(days: int, now: datetime) -> Window:
    """The last so many whole UTC days."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Window(midnight - timedelta(days=days), midnight)


def _warehouse(settings: Settings) -> Iterator[Finding]:
    try:
        with closing(Warehouse(settings)) as warehouse:
            version = warehouse.try_out()
            present = warehouse.columns()
    except WarehouseError as error:
        yield Finding(Level.ERROR, "warehouse", str(error))
        return
    yield Finding(
        Level.OK, "warehouse", f"ClickHouse {version}: tables can be made, filled and dropped"
    )
    wanted = {**SERVICE_COLUMNS, **{s.name: table_columns(s) for s in DATASETS.values()}}
    for table in sorted(wanted.keys() & present.keys()):
        try:
            statement = additions(table, present[table], wanted[table])
        except WarehouseError as error:
            yield Finding(Level.ERROR, "warehouse", str(error))
        else:
            if statement:
                message = f"raw.{table} is of an earlier version; the next load will add columns"
                yield Finding(Level.NOTE, "warehouse", message)


def _asked(
    spec: DatasetSpec,
    settings: Settings,
    project: Project,
    *,
    window: Window,
    clock: Callable[[], datetime],
    sample: Sample,
) -> list[Finding]:
    """Ask for the window; the sample is filled on the way."""
    project.operation(spec.name)
    zone = ZoneInfo(project.time_zone)
    visits = frozenset(
        name for name, told in project.action_templates.items() if told.kind == "site_visit"
    )
    own = named(spec, project)
    tally, problems = Tally(), dict[str, int]()

    def look(part: Part, where: str) -> None:
        sample.look(part, own, zone, visits, where)

    with Extraction(spec, settings, project, lambda _id, _state: None, look) as extraction:
        for unit in plan(spec, window, project, clock())[-1:]:
            for batch in extraction.batches(unit, "doctor", clock(), tally):
                for path, reason in zip(
                    batch.bad["field"].to_pylist(), batch.bad["reason"].to_pylist(), strict=True
                ):
                    problem = f"{path} {reason}"
                    problems[problem] = problems.get(problem, 0) + 1
    return [
        _answer(spec, project, window, tally),
        *_unreadable(spec, project, tally, problems),
        *unseen_fields(own, sample, tally.absent),
    ]


def _answer(spec: DatasetSpec, project: Project, window: Window, tally: Tally) -> Finding:
    operation = project.operation(spec.name)
    if not tally.seen:
        return Finding(
            Level.WARNING,
            spec.name,
            f"{operation} answers, but {window} has no rows, so fields could not be checked; look "
            "at other days with --till and --days",
        )
    return Finding(
        Level.OK, spec.name, f"{operation} answers: {tally.seen} rows, {tally.bytes / 1e6:.1f} MB"
    )


def _unreadable(
    spec: DatasetSpec, project: Project, tally: Tally, problems: dict[str, int]
) -> list[Finding]:
    findings = []
    limits = project.quarantine
    if tally.quarantined:
        most = sorted(problems.items(), key=lambda item: -item[1])[:_PROBLEMS_NAMED]
        named_ones = "; ".join(f"{count} x {problem}" for problem, count in most)
        fails = (
            tally.quarantined > limits.max_share * tally.seen
            and tally.quarantined >= limits.min_rows
        )
        findings.append(
            Finding(
                Level.ERROR if fails else Level.WARNING,
                spec.name,
                f"{tally.quarantined} of {tally.seen} rows cannot be read ({named_ones}); a load "
                + ("would fail" if fails else "sets them aside"),
            )
        )
    if tally.absent:
        findings.append(
            Finding(
                Level.WARNING,
                spec.name,
                f"columns that did not come: {', '.join(tally.absent)}; tick them in the "
                "operation's step",
            )
        )
    if tally.unread:
        findings.append(
            Finding(Level.NOTE, spec.name, f"came and are not read: {', '.join(tally.unread)}")
        )
    return findings


def unseen_fields(spec: DatasetSpec, sample: Sample, absent: list[str]) -> Iterator[Finding]:
    """Allow-listed fields that no row of the sample had, each with what that costs.

    Args:
        spec: of the dataset, with the project's own names.
        sample: of its rows; a small one makes notes, not warnings.
        absent: columns that are known not to come, and are told already.
    """
    if not sample.rows:
        return
    for path, column in _never_seen(spec.fields, "", "", sample):
        if path in absent:
            continue
        cost = COSTS.get((spec.name, path), f"{spec.name}.{column} stays empty")
        is_telling = sample.rows >= _ROWS_THAT_TELL and (spec.name, path) not in RARE
        level = Level.WARNING if is_telling else Level.NOTE
        yield Finding(level, spec.name, f"{path} has a value in none of {sample.rows} rows: {cost}")


def _never_seen(
    items: tuple[Field | ListField, ...], prefix: str, column: str, sample: Sample
) -> Iterator[tuple[str, str]]:
    """Paths and columns without any value; a list that never came is named instead of its parts."""
    for item in items:
        place, name = f"{prefix}{item.path}", f"{column}{item.column}"
        if isinstance(item, ListField):
            if any(path.startswith(f"{place}.") for path in sample.paths):
                yield from _never_seen(item.items, f"{place}.", f"{name}.", sample)
            else:
                yield place, name
        elif item.paths and not sample.has(item, prefix):
            yield place, name
