"""Checks on raw tables that dbt's tests cannot make: is the volume what it usually is?"""

from collections.abc import Iterator
from dataclasses import dataclass

import clickhouse_connect
from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, multi_asset_check

from dagster_project.raw import raw_asset_key
from mindbox_extract.datasets import DATASETS
from mindbox_extract.settings import Settings

VOLUME = "volume"
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


def read_volumes(settings: Settings) -> dict[str, Volume]:
    """Read every dataset's volume from the log of loads; a dataset never loaded is left out."""
    client = clickhouse_connect.get_client(
        host=settings.clickhouse_host,
        port=settings.clickhouse_port,
        username=settings.clickhouse_user,
        password=settings.clickhouse_password.get_secret_value(),
        secure=settings.clickhouse_secure,
    )
    rows = client.query(DAILY_RATES, {"windows": COMPARED_WINDOWS + 1}).result_rows
    client.close()
    return {
        dataset: Volume(newest=newest, usual=usual, compared=compared)
        for dataset, newest, usual, compared in rows
    }


@multi_asset_check(
    specs=[
        AssetCheckSpec(
            name=VOLUME,
            asset=raw_asset_key(dataset),
            description="Строк в день в последнем окне — от 1/10 до 10 медиан предыдущих окон.",
        )
        for dataset in DATASETS
    ]
)
def volume_checks() -> Iterator[AssetCheckResult]:
    """Warn where a dataset's newest window is far from the usual."""
    volumes = read_volumes(Settings.from_environment())
    for dataset in DATASETS:
        found = volumes.get(dataset)
        yield AssetCheckResult(
            asset_key=raw_asset_key(dataset),
            check_name=VOLUME,
            passed=found is not None and found.is_usual,
            severity=AssetCheckSeverity.WARN,
            metadata={
                "rows_per_day": found.newest,
                "usual_rows_per_day": found.usual,
                "windows_compared": found.compared,
            }
            if found
            else {"reason": "the log of loads has no finished window"},
        )
