"""A store for Dagster's events on one machine that takes two years of days at once.

Dagster writes an event per asset and day. Its SQLite store opens the database anew for each of
them, twice, which for eleven datasets and two years takes longer than the load itself (ADR 0009).
Dagster can hand such events over in batches; its PostgreSQL store takes them, its SQLite store
does not.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from dagster import DagsterEventType, EventLogEntry
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData


class BatchedSqliteEventLog(SqliteEventLogStorage):
    """Dagster's SQLite event log that stores a batch of materializations in two transactions."""

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "BatchedSqliteEventLog":
        """Made by Dagster from `dagster.yaml`."""
        return cls(inst_data=inst_data, **config_value)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events of one run, as `store_event` does for each: in its shard and the index."""
        types = {event.get_dagster_event().event_type for event in events}
        if types != {DagsterEventType.ASSET_MATERIALIZATION}:
            super().store_event_batch(events)
            return
        with self.run_connection(events[0].run_id) as connection:
            connection.execute(self.prepare_insert_event_batch(events))
        with self.index_transaction() as connection:
            ids = [
                connection.execute(self.prepare_insert_event(event)).inserted_primary_key[0]
                for event in events
            ]
            self._store_asset_event_tags(connection, events, ids)
            self._store_asset_event(connection, events[-1], ids[-1])
