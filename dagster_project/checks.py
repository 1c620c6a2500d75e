"""Checks on raw tables that dbt's tests cannot make: is a dataset late, is its volume usual?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    Failure,
    multi_asset_check,
)

from dagster_project.raw import LATE_AFTER, LOADED, raw_asset_key
from dagster_project.resources import MindboxResource
from dagster_project.runbook import Section, section_of
from dagster_project.warehouse import connected
from mindbox_extract.errors import ExtractError
from mindbox_extract.settings import Settings

VOLUME = "volume"
LATENESS = "lateness"
# A window is compared with up to so many before it; with fewer than the least there is no usual.
COMPARED_WINDOWS = 28
FEWEST_WINDOWS = 5
# Seasons and sales double or halve a shop's day; a tenfold change is a broken source.
USUAL_RANGE = (0.1, 10.0)

# Rows per day of the newest loaded window, beside the median of those before it. A window that is
# not over yet (today's) holds its whole rate too, since it is divided by the time it covers.
DAILY_RATES = """
with
    windows as (
        select
            dataset,
            window_start,
            argMax(rows, finished_at) / (dateDiff('second', window_start, window_end) / 86400)
                as rows_per_day,
            row_number() over (partition by dataset order by window_start desc) as age
        from raw.loads
        where status = 'ok'
        group by dataset, window_start, window_end
    )
select
    dataset,
    anyIf(rows_per_day, age = 1) as newest,
    quantileExactIf(0.5)(rows_per_day, age > 1) as usual,
    toUInt32(count()) - 1 as compared
from windows
where age <= {windows:UInt32}
group by dataset
"""

# How far each dataset is loaded, and what its newest load said if it failed.
PROGRESS = """
select
    dataset,
    maxIf(window_end, status = 'ok') as loaded_till,
    if(argMax(status, finished_at) = 'ok', '', argMax(message, finished_at)) as failure
from raw.loads
group by dataset
"""


@dataclass(frozen=True)
class Volume:
    """Rows per day of a dataset's newest window and of those before it.

    Attributes:
        newest: of the newest window.
        usual: median over the windows before.
        compared: how many windows that median is of.
    """

    newest: float
    usual: float
    compared: int

    @property
    def is_usual(self) -> bool:
        """Whether the newest window is within the usual range, or nothing can be said."""
        if self.compared < FEWEST_WINDOWS or not self.usual:
            return True
        lowest, highest = USUAL_RANGE
        return lowest * self.usual <= self.newest <= highest * self.usual


@dataclass(frozen=True)
class Position:
    """How far a dataset is loaded.

    Attributes:
        loaded_till: right edge (UTC) of its latest loaded window; the epoch where there is none.
        failure: what its newest load said, empty where that succeeded.
    """

    loaded_till: datetime
    failure: str

    def is_late(self, foremost: datetime) -> bool:
        """Whether it is behind the dataset that is loaded furthest.

        Compared with the others and not with the clock: a history that ended years ago is not late.
        """
        return foremost - self.loaded_till > LATE_AFTER


@dataclass(frozen=True)
class LoadLog:
    """What the log of loads says, by dataset; one never loaded is in neither."""

    volumes: dict[str, Volume]
    positions: dict[str, Position]


def read_log(settings: Settings) -> LoadLog:
    """Read the log of loads.

    Raises:
        clickhouse_connect.driver.exceptions.ClickHouseError: the warehouse refuses.
    """
    with connected(settings) as client:
        rates = client.query(DAILY_RATES, {"windows": COMPARED_WINDOWS + 1}).result_rows
        progress = client.query(PROGRESS).result_rows
    return LoadLog(
        volumes={
            dataset: Volume(newest=newest, usual=usual, compared=compared)
            for dataset, newest, usual, compared in rates
        },
        positions={
            dataset: Position(loaded_till=till, failure=failure)
            for dataset, till, failure in progress
        },
    )


@multi_asset_check(
    specs=[
        AssetCheckSpec(name=name, asset=raw_asset_key(dataset), description=description)
        for dataset in LOADED
        for name, description in (
            (VOLUME, "Строк в день в последнем окне — от 1/10 до 10 медиан предыдущих окон."),
            (LATENESS, "Набор загружен не дальше чем на 36 часов позади самого свежего."),
        )
    ],
    # A person who loads one dataset by hand gets its checks alone.
    can_subset=True,
)
def raw_checks(
    context: AssetCheckExecutionContext, mindbox: MindboxResource
) -> Iterator[AssetCheckResult]:
    """Warn where a dataset is late, or its newest window far from the usual."""
    try:
        mindbox.prepare_tables()
    except ExtractError as error:
        raise Failure(
            description=f"checks: {error} (see {section_of(type(error)).link})"
        ) from error
    log = read_log(Settings.from_environment())
    for key in sorted(context.selected_asset_check_keys):
        dataset = key.asset_key.path[-1]
        if key.name == VOLUME:
            yield _volume(dataset, log.volumes.get(dataset))
        else:
            yield _lateness(dataset, log.positions)


def _volume(dataset: str, found: Volume | None) -> AssetCheckResult:
    return AssetCheckResult(
        asset_key=raw_asset_key(dataset),
        check_name=VOLUME,
        passed=found is not None and found.is_usual,
        severity=AssetCheckSeverity.WARN,
        metadata={
            "rows_per_day": found.newest,
            "usual_rows_per_day": found.usual,
            "windows_compared": found.compared,
            "runbook": Section.VOLUME.link,
        }
        if found
        else {"reason": "the log of loads has no finished window", "runbook": Section.VOLUME.link},
    )


def _lateness(dataset: str, positions: dict[str, Position]) -> AssetCheckResult:
    own = positions.get(dataset)
    foremost = max((position.loaded_till for position in positions.values()), default=None)
    return AssetCheckResult(
        asset_key=raw_asset_key(dataset),
        check_name=LATENESS,
        passed=own is not None and foremost is not None and not own.is_late(foremost),
        severity=AssetCheckSeverity.WARN,
        metadata={
            "loaded_till": own.loaded_till.isoformat() if own else "never loaded",
            "foremost_loaded_till": foremost.isoformat() if foremost else "nothing is loaded",
            "last_failure": own.failure if own else "",
            "runbook": Section.LATE.link,
        },
    )
