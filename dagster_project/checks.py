"""Checks on raw tables that dbt's tests cannot make: is the volume what it usually is?"""

from dataclasses import dataclass

import clickhouse_connect
from dagster import AssetCheckResult, AssetChecksDefinition, AssetCheckSeverity, asset_check

from dagster_project.raw import raw_asset_key
from mindbox_extract.datasets import DATASETS
from mindbox_extract.settings import Settings

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
            window_start,
            argMax(rows, finished_at) / (dateDiff('second', window_start, window_end) / 86400)
                as rows_per_day
        from raw.loads
        where dataset = {dataset:String} and status = 'ok'
        group by window_start, window_end
        order by window_start desc
        limit {windows:UInt32}
    )
select
    argMax(rows_per_day, window_start) as newest,
    quantileExactIf(0.5)(rows_per_day, window_start < (select max(window_start) from windows))
        as usual,
    toUInt32(count()) - 1 as compared
from windows
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


def read_volume(dataset: str, settings: Settings) -> Volume:
    """Read a dataset's volume from the log of loads."""
    client = clickhouse_connect.get_client(
        host=settings.clickhouse_host,
        port=settings.clickhouse_port,
        username=settings.clickhouse_user,
        password=settings.clickhouse_password.get_secret_value(),
        secure=settings.clickhouse_secure,
    )
    parameters = {"dataset": dataset, "windows": COMPARED_WINDOWS + 1}
    newest, usual, compared = client.query(DAILY_RATES, parameters).first_row
    client.close()
    return Volume(newest=newest, usual=usual, compared=compared)


def build_volume_check(dataset: str) -> AssetChecksDefinition:
    """The check that warns when a dataset's newest window is far from the usual."""

    @asset_check(
        asset=raw_asset_key(dataset),
        name="volume",
        description="Строк в день в последнем окне — от 1/10 до 10 медиан предыдущих окон.",
    )
    def volume() -> AssetCheckResult:
        found = read_volume(dataset, Settings.from_environment())
        return AssetCheckResult(
            passed=found.is_usual,
            severity=AssetCheckSeverity.WARN,
            metadata={
                "rows_per_day": found.newest,
                "usual_rows_per_day": found.usual,
                "windows_compared": found.compared,
            },
        )

    return volume


volume_checks = [build_volume_check(dataset) for dataset in DATASETS]
