"""A small shop, brought the whole way: from the stand-in's API to the marts."""

import json
from collections.abc import Iterator, Sequence
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
from sandbox.mindbox.world import World, WorldSettings, segments
from sandbox.mindbox.world.segments import OUT, SEGMENTATIONS, SEGMENTS, Memberships
from tests.dbt.build import Dbt

# Flows are older than history: the longest-lived was created this long before it.
BEFORE_HISTORY = timedelta(days=220)
DAY = timedelta(days=1)
REPORTS = {"mailing_report_summary", "mailing_report_dynamics"}
# What says how things stand when it is asked for, and not what happened in a window.
AS_OF_NOW = {*REPORTS, "customers"}

# Segmentations tell how things stand, so they are looked at several times: people move in between.
SEEN_BEFORE = (timedelta(days=200), timedelta(days=90), timedelta(days=25))


@dataclass(frozen=True)
class Chain:
    """A world, the warehouse that holds it and dbt to build it with.

    `segment_loads` tells when segmentations were loaded, and what they said then.
    """

    world: World
    segment_loads: Sequence[tuple[datetime, Memberships]]
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
        assert mindbox.world is not None
        shipped = Project.read(PROJECT_FILE)
        polling = {"first_wait_seconds": 0.02, "longest_wait_seconds": 0.2}
        project = shipped.model_copy(update={"polling": shipped.polling.model_copy(update=polling)})
        since = datetime.fromtimestamp(settings.since_ms / 1000, UTC)
        midnight = since.replace(hour=0, minute=0, second=0, microsecond=0)
        # Asked for in the world's now; the rest a day later, so that all of it is there.
        now = settings.until + FRESHNESS_LAG
        seen = []
        for before in SEEN_BEFORE:
            moment = settings.until - before
            found = segments.of(mindbox.world, int(moment.timestamp() * 1000))
            past = folder / f"{before.days} days before"
            _write_segments(past, mindbox.world, found)
            with MindboxProcess(folder=past) as then:
                load(
                    "segment_changes",
                    Window(midnight, moment),
                    settings=installation.model_copy(update={"mindbox_url": then.url}),
                    project=project,
                    clock=lambda moment=moment: moment + FRESHNESS_LAG,
                )
            seen.append((moment, found))
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
        seen.append((settings.until + DAY, mindbox.world.truth.segments))
        yield Chain(mindbox.world, seen, client, Dbt(clickhouse, folder))
        client.close()


def _write_segments(folder: Path, world: World, found: Memberships) -> None:
    """Write where customers stood as a folder that the stand-in serves."""
    folder.mkdir()
    rows = []
    for n in range(len(found)):
        number, segment = int(found.segmentation[n]), int(found.segment[n])
        customer = int(world.customers.mindbox_id[int(found.customer[n])])
        name = None if segment == OUT else SEGMENTS[number][segment][0]
        row = {
            "segmentation": SEGMENTATIONS[number][0],
            "customer": {"ids": {"mindboxId": customer}},
            "inSegmentation": name is not None,
            "segment": name and {"ids": {"externalId": name}},
        }
        rows.append(json.dumps(row))
    (folder / "customerSegments.ndjson").write_text("\n".join(rows), encoding="utf-8")
