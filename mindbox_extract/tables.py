"""The raw tables: their columns, engines and partitions, written as ClickHouse DDL.

Raw and stage tables live in two databases; only whole partitions travel from one to the other.
"""

from collections.abc import Mapping

from .decoding_sql import LOAD_COLUMNS
from .spec import DatasetSpec, Kind

RAW = "raw"
STAGE = "raw_stage"
QUARANTINE = "quarantine"
LOADS = "loads"

_QUARANTINE_COLUMNS = {
    "dataset": "LowCardinality(String)",
    "row_hash": "UInt64",
    "part": "UInt32",
    "position": "UInt64",
    "field": "LowCardinality(String)",
    "reason": "String",
    **LOAD_COLUMNS,
}

_LOADS_COLUMNS = {
    "load_id": "String",
    "dataset": "LowCardinality(String)",
    "window_start": "DateTime64(3, 'UTC')",
    "window_end": "DateTime64(3, 'UTC')",
    "export_ids": "Array(String)",
    "status": "LowCardinality(String)",
    "rows": "UInt64",
    "quarantined": "UInt64",
    "outside_window": "UInt64",
    "bytes": "UInt64",
    "seconds": "Float64",
    "started_at": "DateTime64(3, 'UTC')",
    "finished_at": "DateTime64(3, 'UTC')",
    "message": "String",
    # Names of fields that came and are not read, and of those that should have come and did not.
    "unread": "Array(String)",
    "absent": "Array(String)",
}


SERVICE_COLUMNS: Mapping[str, dict[str, str]] = {
    QUARANTINE: _QUARANTINE_COLUMNS,
    LOADS: _LOADS_COLUMNS,
}


def quoted(name: str) -> str:
    """An identifier as ClickHouse reads it, whatever is in it."""
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


def table_columns(spec: DatasetSpec) -> dict[str, str]:
    """All columns of the dataset's raw table and their types."""
    return {**spec.columns, **LOAD_COLUMNS}


def sorting_key(spec: DatasetSpec) -> tuple[str, ...]:
    """Columns of the sorting key; an entity keeps each of its versions."""
    versions = ("_version_at", "_content_hash") if spec.kind is Kind.ENTITY else ()
    return (*spec.key, *versions)


def create_raw_table(spec: DatasetSpec) -> str:
    """DDL of the dataset's raw table; a refetched row replaces its equal at the next merge."""
    return _create(
        RAW,
        spec.name,
        table_columns(spec),
        "ReplacingMergeTree(_extracted_at)",
        order_by=sorting_key(spec),
        partition_by=spec.partition,
        comment=spec.description,
    )


def create_stage_table(spec: DatasetSpec, name: str) -> str:
    """DDL of a load's stage table: the raw table's partitions, but nothing collapses unseen."""
    return _create(
        STAGE,
        name,
        table_columns(spec),
        "MergeTree",
        order_by=sorting_key(spec),
        partition_by=spec.partition,
        comment=f"stage of one load of {spec.name}",
    )


def create_service_tables() -> list[str]:
    """DDL of the databases, the quarantine and the log of loads."""
    return [
        f"CREATE DATABASE IF NOT EXISTS {quoted(RAW)}",
        f"CREATE DATABASE IF NOT EXISTS {quoted(STAGE)}",
        _create(
            RAW,
            QUARANTINE,
            _QUARANTINE_COLUMNS,
            "ReplacingMergeTree(_extracted_at)",
            order_by=("dataset", "row_hash"),
            comment="Rows that could not be read: where and why, never what was in them.",
        ),
        _create(
            RAW,
            LOADS,
            _LOADS_COLUMNS,
            "MergeTree",
            order_by=("dataset", "window_start", "started_at"),
            comment="Every load of every window, failed ones too.",
        ),
    ]


def _create(
    database: str,
    name: str,
    columns: dict[str, str],
    engine: str,
    *,
    order_by: tuple[str, ...],
    partition_by: tuple[str, ...] = (),
    comment: str,
) -> str:
    body = ", ".join(f"{quoted(column)} {type_}" for column, type_ in columns.items())
    partition = f" PARTITION BY ({', '.join(partition_by)})" if partition_by else ""
    escaped = comment.replace("\\", "\\\\").replace("'", "\\'")
    return (
        f"CREATE TABLE IF NOT EXISTS {quoted(database)}.{quoted(name)} ({body}) ENGINE = {engine}"
        f"{partition} ORDER BY ({', '.join(map(quoted, order_by))}) COMMENT '{escaped}'"
    )
