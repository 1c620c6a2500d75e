"""A small shop, brought the whole way: from the stand-in's API to the marts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from mindbox_extract.datasets import DATASETS
from mindbox_extract.load import Window, load
from mindbox_extract.project import Project
from mindbox_extract.settings import PROJECT_FILE, Settings
from mindbox_extract.window import FRESHNESS_LAG
from sandbox.clickhouse.process import ClickHouseProcess
from sandbox.mindbox.process import MindboxProcess
from sandbox.mindbox.world import World, WorldSettings
from tests.dbt.build import Dbt

# Flows are older than history: the longest-lived was created this long before it.
BEFORE_HISTORY = timedelta(days=220)
DAY = timedelta(days=1)
REPORTS = {"mailing_report_summary", "mailing_report_dynamics"}
# What says how things stand when it is asked for, and not what happened in a window.
AS_OF_NOW = {*REPORTS, "customers"}


@dataclass(frozen=True)
class Chain:
    """A world, the warehouse that holds it and dbt to build it with."""

    world: World
    client: Client
    dbt: Dbt

    @property
    def until(self) -> datetime:
        """The world's now."""
        return self.world.settings.until


@contextmanager
def loaded(settings: WorldSettings, folder: Path) -> Iterator[Chain]:
    """Extract all history of a world into the raw tables of a new warehouse."""
    with (
        ClickHouseProcess(folder / "clickhouse") as clickhouse,
        MindboxProcess(settings) as mindbox,
    ):
        installation = Settings(
            clickhouse_host=clickhouse.host,
            clickhouse_port=clickhouse.port,
            clickhouse_user="etl",
            clickhouse_password=clickhouse.passwords["etl"],
            mindbox_url=mindbox.url,
            mindbox_endpoint_id=mindbox.endpoint_id,
            mindbox_secret_key=mindbox.secret_key,
            mindbox_file_hosts="127.0.0.1",
            customer_key_secret="a secret of the tests, long enough",
        )
        shipped = Project.read(PROJECT_FILE)
        polling = {"first_wait_seconds": 0.02, "longest_wait_seconds": 0.2}
        project = shipped.model_copy(update={"polling": shipped.polling.model_copy(update=polling)})
        since = datetime.fromtimestamp(settings.since_ms / 1000, UTC)
        midnight = since.replace(hour=0, minute=0, second=0, microsecond=0)
        # Asked for in the world's now; the rest a day later, so that all of it is there.
        now = settings.until + FRESHNESS_LAG
        for dataset in DATASETS:
            begin = midnight - BEFORE_HISTORY if dataset == "mailings" else midnight
            # The world's first midnight is local: in UTC it lies in the month before.
            begin += DAY if dataset in REPORTS else timedelta()
            asked_at = now if dataset in AS_OF_NOW else now + DAY
            load(
                dataset,
                Window(begin, asked_at - FRESHNESS_LAG),
                settings=installation,
                project=project,
                clock=lambda moment=asked_at: moment,
            )
        client = clickhouse_connect.get_client(
            host=clickhouse.host,
            port=clickhouse.port,
            username="etl",
            password=clickhouse.passwords["etl"],
        )
        assert mindbox.world is not None
        yield Chain(mindbox.world, client, Dbt(clickhouse, folder))
        client.close()
