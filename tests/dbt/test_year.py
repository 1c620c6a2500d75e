# ruff: noqa: S608 (statements are put together by the tests)
"""A year of daily loads and of builds between them ends as one load and one build do."""

import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client
from pydantic import SecretStr

from mindbox_extract.project import Project
from mindbox_extract.settings import PROJECT_FILE, Settings
from sandbox.bulk.shop import fill
from sandbox.clickhouse.process import ClickHouseProcess
from sandbox.mindbox.world import WorldSettings
from tests.dbt.build import Dbt
from tests.dbt.replay import Replay

pytestmark = [pytest.mark.verify, pytest.mark.timeout(2 * 3600)]
SHOP = WorldSettings(customers=150, months=13, seed=5, until=datetime(2025, 2, 1, tzinfo=UTC))
SINCE = datetime(2024, 1, 1, tzinfo=UTC)
# After it nothing more comes, not even what was late.
LAST = datetime(2025, 4, 1, tzinfo=UTC)
SETTING_CHANGES = datetime(2024, 8, 1, tzinfo=UTC)
BUILD_DIES = datetime(2024, 10, 1, tzinfo=UTC)
MODELS = ("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
LAYERS = ("staging", "intermediate", "marts")
# What counts up to the moment at which a row was received, so that another way of loading tells it
# otherwise.
OF_LOADS = {
    "intermediate.int_points_balances",
    "intermediate.int_report_snapshots",
    "marts.mart_mailing_reconciliation",
}
# Alike by being empty is no proof.
ALWAYS_FILLED = (
    "intermediate.int_attribution",
    "intermediate.int_experiment_participants",
    "intermediate.int_lifecycle_events",
    "intermediate.int_messages",
    "intermediate.int_visits",
    "marts.mart_channel_states",
    "marts.mart_customer_states",
    "marts.mart_order_lines",
    "marts.mart_segment_memberships",
    "marts.mart_visit_actions",
    "marts.wide_events",
)
Fingerprints = dict[str, tuple[int, int]]


class Shop:
    """A replayed history and the models built of it."""

    def __init__(self, client: Client, dbt: Dbt) -> None:
        self.client = client
        self.dbt = dbt
        self.replay = Replay(client, SINCE)
        self.settings: dict[str, object] = {}

    def build(self) -> None:
        """Build all models."""
        self.dbt(*MODELS, **self.settings)

    def goal_orders(self) -> set[str]:
        """The orders that count now."""
        query = "SELECT order_id FROM intermediate.int_orders WHERE is_goal = 1"
        return {order_id for (order_id,) in self.client.query(query).result_rows}

    def fingerprints(self) -> Fingerprints:
        """Rows and order-independent hash of all columns, by table that holds rows."""
        tables = self.client.query(
            "SELECT concat(database, '.', name) FROM system.tables "
            "WHERE database IN {layers:Array(String)} AND engine LIKE '%MergeTree'",
            {"layers": list(LAYERS)},
        ).result_rows
        found = {}
        for (table,) in tables:
            query = f"SELECT count(), sum(cityHash64(toString(tuple(*)))) FROM {table}"
            (found[table],) = self.client.query(query).result_rows
        return found

    def forget_models(self) -> None:
        """Drop whatever builds have left."""
        for layer in LAYERS:
            self.client.command(f"DROP DATABASE {layer} SYNC")
            self.client.command(f"CREATE DATABASE {layer}")

    def kill_a_build(self) -> None:
        """Start a build and kill it when some tables are new and others old."""
        process = self.dbt.start(*MODELS, **self.settings)
        before = self._identity("int_messages")
        deadline = time.monotonic() + 300
        while self._identity("int_messages") == before:
            assert process.poll() is None, "the build ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def _identity(self, table: str) -> str:
        query = f"SELECT uuid FROM system.tables WHERE name = '{table}'"
        return str(self.client.command(query))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop of which nothing is loaded yet, in a warehouse of its own."""
    with ClickHouseProcess(tmp_path / "clickhouse") as clickhouse:
        settings = Settings(
            clickhouse_host=clickhouse.host,
            clickhouse_port=clickhouse.port,
            clickhouse_user="etl",
            clickhouse_password=SecretStr(clickhouse.passwords["etl"]),
            mindbox_url="http://127.0.0.1:1",
            mindbox_endpoint_id="of each slice instead",
            mindbox_secret_key=SecretStr("of each slice instead"),
            mindbox_file_hosts="127.0.0.1",
            customer_key_secret=SecretStr("a secret of this test alone"),
        )
        fill(SHOP, settings, Project.read(PROJECT_FILE))
        client = clickhouse_connect.get_client(
            host=clickhouse.host,
            port=clickhouse.port,
            username="etl",
            password=clickhouse.passwords["etl"],
        )
        yield Shop(client, Dbt(clickhouse, tmp_path))
        client.close()


def test_a_year_of_daily_loads_ends_as_one_load_does(shop: Shop) -> None:
    """With facts that come late, merges, cancellations, a changed setting and a killed build."""
    counted: set[str] = set()
    day = SINCE
    while day < LAST:
        day += timedelta(days=1)
        shop.replay.load_till(day)
        if day == SETTING_CHANGES:
            shop.settings["attribution_window_days"] = 14
        if day == BUILD_DIES:
            shop.kill_a_build()
        if day.day == 1:
            shop.build()
            counted |= shop.goal_orders()
    by_increments = shop.fingerprints()
    assert all(by_increments[table][0] for table in ALWAYS_FILLED)
    assert shop.client.command("SELECT count() FROM raw.customer_merges") > 0
    assert counted - shop.goal_orders(), "no order was taken out of the goal"

    shop.forget_models()
    shop.build()
    assert differing(by_increments, shop.fingerprints()) == {}

    shop.forget_models()
    shop.replay.begin_again()
    shop.replay.load_till(LAST)
    shop.build()
    of_facts = {
        table: seen
        for table, seen in shop.fingerprints().items()
        if not table.startswith("staging.") and table not in OF_LOADS
    }
    assert len(of_facts) > 20
    assert differing({table: by_increments[table] for table in of_facts}, of_facts) == {}


def differing(one: Fingerprints, other: Fingerprints) -> dict[str, object]:
    """Tables that are not the same, with rows and hash on both sides."""
    return {
        table: (one.get(table), other.get(table))
        for table in sorted(one.keys() | other.keys())
        if one.get(table) != other.get(table)
    }
