"""Loading through the API, beside ClickHouse's own INSERT of the same bytes.

The same rows lie in a file twice: as the parts that an export hands out, and as the array that
ClickHouse reads by itself. Ours downloads, checks, reduces, hashes and lands them; the peer stores
the same fields as they come, in the same partitions.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import clickhouse_connect

from mindbox_extract.load import Window, load
from mindbox_extract.project import Project
from mindbox_extract.settings import PROJECT_FILE, Settings
from sandbox.bench.timing import Spread, in_turns, ratio_of_pairs
from sandbox.clickhouse.process import ClickHouseProcess
from sandbox.mindbox.api.settings import Gzip
from sandbox.mindbox.process import MindboxProcess, Serving
from sandbox.mindbox.serving.source import Source
from sandbox.mindbox.world import World, WorldSettings

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_CHUNK_ROWS = 50_000
_SECRET = "a secret of the measurement only"  # noqa: S105 (hides ids of an invented world)
_ID = "Tuple(ids Tuple(mindboxId Nullable(String)))"
_NAMED = "Tuple(ids Tuple(systemName Nullable(String)))"
_PROMOTIONS = (
    "Array(Tuple(type Nullable(String), amount Nullable(Decimal(18, 4)), "
    "promotion Tuple(ids Tuple(externalId Nullable(String), mindboxId Nullable(String)), "
    "name Nullable(String)), coupon Tuple(ids Tuple(code Nullable(String)), "
    "pool Tuple(ids Tuple(externalId Nullable(String))))))"
)


@dataclass(frozen=True)
class Peer:
    """The table that ClickHouse's own INSERT fills.

    Attributes:
        root: root array of the export.
        columns: the fields that our raw table is made of, typed as they come.
        partition: partition key, the raw table's own.
    """

    root: str
    columns: str
    partition: str = ""


PEERS = {
    "message_statuses": Peer(
        root="customerMessageStatuses",
        columns=(
            "dateTimeUtc DateTime64(3, 'UTC'), ids Tuple(id String), "
            "customerMessage Tuple(ids Tuple(id String), dateTimeUtc DateTime64(3, 'UTC')), "
            f"mailing Tuple(ids Tuple(id String), variantNum UInt8, brand {_NAMED}, "
            f"channel {_NAMED}, link Nullable(String), notSentReason Nullable(String), "
            "notDeliveredReason Nullable(String)), "
            "mailingSource Tuple(entityType Nullable(String), entityId Nullable(String), "
            f"entityName Nullable(String)), mailingStatus {_NAMED}, customer {_ID}"
        ),
        partition="toDate(dateTimeUtc)",
    ),
    "customer_actions": Peer(
        root="customerActions",
        columns=(
            "ids Tuple(mindboxId String), actionTemplate "
            f"{_NAMED}, dateTimeUtc DateTime64(3, 'UTC'), "
            f"creationDateTimeUtc DateTime64(3, 'UTC'), brand {_NAMED}, "
            "channel Tuple(ids Tuple(mindboxId Nullable(String), externalId Nullable(String), "
            "systemName Nullable(String)), name Nullable(String), utmSource Nullable(String), "
            "utmMedium Nullable(String), utmCampaign Nullable(String), "
            "utmContent Nullable(String), utmTerm Nullable(String)), "
            f"customer {_ID}, products Array(Tuple(ids Tuple(website Nullable(String)), "
            "count Nullable(Decimal(18, 4)), price Nullable(Decimal(18, 4)))), "
            "productCategories Array(Tuple(ids Tuple(website Nullable(String)))), "
            "productView Tuple(price Nullable(Decimal(18, 4))), "
            f"customerBalanceChanges Array(Tuple(balanceType {_NAMED}, "
            "changeAmount Nullable(Decimal(18, 4)), availableFromDateTimeUtc Nullable(String), "
            "expirationDateTimeUtc Nullable(String), balanceChangeKind Nullable(String))), "
            f'"order" {_ID}, customFields Tuple(npsScore Nullable(String))'
        ),
        partition="toDate(creationDateTimeUtc)",
    ),
    "orders": Peer(
        root="orders",
        columns=(
            "ids Tuple(mindboxId String), firstAction Tuple(dateTimeUtc DateTime64(3, 'UTC'), "
            "channel Tuple(ids Tuple(mindboxId Nullable(String), externalId Nullable(String)), "
            f"name Nullable(String)), brand {_NAMED}), totalPrice Nullable(Decimal(18, 4)), "
            f"deliveryCost Nullable(Decimal(18, 4)), customer {_ID}, "
            "area Tuple(name Nullable(String)), lines Array(Tuple(id Nullable(String), "
            "number UInt32, quantity Decimal(18, 4), basePricePerItem Nullable(Decimal(18, 4)), "
            "priceOfLine Decimal(18, 4), product Tuple(ids Tuple(website Nullable(String)), "
            "name Nullable(String)), status Tuple(ids Tuple(externalId Nullable(String))), "
            f"appliedPromotions {_PROMOTIONS})), appliedPromotions {_PROMOTIONS}, "
            f"bonusPointsInfoPerBalanceType Array(Tuple(balanceType {_NAMED}, "
            "spentAmount Nullable(Decimal(18, 4)), earnedAmount Nullable(Decimal(18, 4)))), "
            "payments Array(Tuple(type Nullable(String), amount Nullable(Decimal(18, 4)))), "
            "attributedCampaigns Array(Tuple(ids Tuple(id Nullable(String)), "
            "type Nullable(String), actionType Nullable(String)))"
        ),
    ),
}


@dataclass(frozen=True)
class Throughput:
    """What a measurement gave.

    Attributes:
        rows: rows of the dataset in the measured month.
        megabytes: of their JSON.
        ours: seconds of fetch, decode and insert.
        peer: seconds of ClickHouse's own INSERT.
    """

    dataset: str
    rows: int
    megabytes: float
    ours: Spread
    peer: Spread

    @property
    def ratio(self) -> Spread:
        """How many times as long as the peer's run beside it."""
        return ratio_of_pairs(self.ours, self.peer)

    def as_json(self) -> dict[str, Any]:
        """Figures for the stored result."""
        return {
            "rows": self.rows,
            "megabytes": round(self.megabytes, 1),
            "load_seconds": self.ours.as_json(),
            "clickhouse_insert_seconds": self.peer.as_json(),
            "ratio": self.ratio.as_json(),
        }


def measure(dataset: str, *, customers: int, times: int) -> Throughput:
    """Load one month of a dataset so many times, each beside ClickHouse's own INSERT.

    Args:
        dataset: a name in `PEERS`.
        customers: people of the world that the month is taken from.
        times: runs of each.

    Raises:
        RuntimeError: the two did not store the same number of rows, so nothing was compared.
    """
    peer = PEERS[dataset]
    world = WorldSettings(customers=customers, months=1)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        rows = write_rows(world, peer.root, folder)
        with (
            MindboxProcess(folder=folder, serving=Serving(gzip=Gzip.NONE)) as mindbox,
            ClickHouseProcess(folder / "clickhouse") as clickhouse,
        ):
            measurement = _Measurement(dataset, mindbox, clickhouse, folder=folder, world=world)
            return measurement.run(rows, times)


def together(measured: dict[str, dict[str, Any]]) -> dict[str, float]:
    """The medians of all datasets added up: what a month costs as a whole."""
    ours, peer = (
        sum(figures[kind]["median"] for figures in measured.values())
        for kind in ("load_seconds", "clickhouse_insert_seconds")
    )
    return {
        "load_seconds": round(ours, 3),
        "clickhouse_insert_seconds": round(peer, 3),
        "ratio": round(ours / peer, 3),
    }


def write_rows(settings: WorldSettings, root: str, folder: Path) -> int:
    """Write a world's rows as NDJSON and, for the peer, as one array; return how many."""
    exported = Source.of_world(World.generate(settings), edge_duplicates=False).rows[root]
    selected = exported.select(settings.since_ms, settings.until_ms)
    with (folder / f"{root}.ndjson").open("wb") as lines, _array(folder).open("wb") as array:
        for first in range(0, len(selected), _CHUNK_ROWS):
            texts = exported.render(selected[first : first + _CHUNK_ROWS]).to_pylist()
            lines.write("".join(f"{text}\n" for text in texts).encode())
            array.write((",\n" if first else "[").encode() + ",\n".join(texts).encode())
        array.write(b"]")
    return len(selected)


class _Measurement:
    def __init__(
        self,
        dataset: str,
        mindbox: MindboxProcess,
        clickhouse: ClickHouseProcess,
        *,
        folder: Path,
        world: WorldSettings,
    ) -> None:
        self._dataset = dataset
        self._peer = PEERS[dataset]
        self._array = _array(folder)
        self._settings = Settings.from_environment(
            {
                "CLICKHOUSE_HOST": clickhouse.host,
                "CLICKHOUSE_PORT": str(clickhouse.port),
                "CLICKHOUSE_PASSWORD": clickhouse.passwords["etl"],
                "MINDBOX_URL": mindbox.url,
                "MINDBOX_ENDPOINT_ID": mindbox.endpoint_id,
                "MINDBOX_SECRET_KEY": mindbox.secret_key,
                "MINDBOX_FILE_HOSTS": "127.0.0.1",
                "MINDBOX_CUSTOMER_KEY_SECRET": _SECRET,
            }
        )
        self._client: Client = clickhouse_connect.get_client(
            host=clickhouse.host,
            port=clickhouse.port,
            username="etl",
            password=clickhouse.passwords["etl"],
        )
        since = datetime.fromtimestamp(world.since_ms / 1000, UTC)
        first = since.replace(hour=0, minute=0, second=0, microsecond=0)
        self._window = Window(first, first + timedelta(days=32))
        # One unit, as a backfill of a whole month is one.
        project = Project.read(PROJECT_FILE)
        windows = project.windows.model_copy(update={"export_days": {dataset: 92}})
        self._project = project.model_copy(update={"windows": windows})

    def run(self, rows: int, times: int) -> Throughput:
        seconds = in_turns(
            {"load": self._load, "clickhouse": self._insert}, times, between=self._empty
        )
        # One more of each, to see that both did the same work.
        self._empty()
        self._load()
        self._insert()
        found = self._client.query(
            "SELECT database, total_rows FROM system.tables WHERE (database, name) IN "
            "(('raw', {dataset:String}), ('bench', 'peer'))",
            {"dataset": self._dataset},
        ).result_rows
        self._client.close()
        if {int(stored) for _, stored in found} != {rows} or len(found) != len(("ours", "peer")):
            raise RuntimeError(f"{self._dataset}: {rows} rows were made, but there are {found}")
        return Throughput(
            dataset=self._dataset,
            rows=rows,
            megabytes=self._array.stat().st_size / 1e6,
            ours=seconds["load"],
            peer=seconds["clickhouse"],
        )

    def _empty(self) -> None:
        self._client.command("DROP DATABASE IF EXISTS raw")
        self._client.command("DROP DATABASE IF EXISTS bench")
        self._client.command("CREATE DATABASE bench")
        partition = f"PARTITION BY {self._peer.partition} " if self._peer.partition else ""
        key = "ids.id" if self._dataset == "message_statuses" else "ids.mindboxId"
        self._client.command(
            f"CREATE TABLE bench.peer ({self._peer.columns}) ENGINE = MergeTree {partition}"
            f"ORDER BY {key}"
        )

    def _load(self) -> None:
        load(self._dataset, self._window, settings=self._settings, project=self._project)

    def _insert(self) -> None:
        with self._array.open("rb") as array:
            self._client.raw_insert(
                "bench.peer",
                insert_block=array,
                fmt="JSONEachRow",
                settings={
                    "input_format_skip_unknown_fields": 1,
                    "date_time_input_format": "best_effort",
                    "max_partitions_per_insert_block": 0,
                },
            )


def _array(folder: Path) -> Path:
    return folder / "array.json"
