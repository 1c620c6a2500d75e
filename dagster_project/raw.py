"""Raw assets: one per dataset of Mindbox, partitioned by day; none waits for another."""

from collections.abc import Collection
from datetime import timedelta

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    BackfillPolicy,
    Backoff,
    Failure,
    FreshnessPolicy,
    MaterializeResult,
    MetadataValue,
    RetryPolicy,
    asset,
)

from dagster_project.owners import OWNERS
from dagster_project.partitions import daily
from dagster_project.pools import EXPORT_POOL, PAGES_POOL
from dagster_project.resources import MindboxResource, read_project
from dagster_project.runbook import section_of
from mindbox_extract.datasets import DATASETS
from mindbox_extract.errors import ExtractError
from mindbox_extract.load import LoadReport, Window
from mindbox_extract.progress import OnProgress, Progress, Step
from mindbox_extract.spec import DatasetSpec, Protocol
from mindbox_extract.tables import LOADS

GROUP = "raw"
# A dataset that did not land for so long is late: a day, and half a day for the daily run to pass.
LATE_AFTER = timedelta(hours=36)


def raw_asset_key(dataset: str) -> AssetKey:
    """The key of a dataset's raw table, equal to its dbt source's key."""
    return AssetKey([GROUP, dataset])


def build_raw_asset(dataset: DatasetSpec) -> AssetsDefinition:
    """The asset that loads any range of days of one dataset in a single run."""

    @asset(
        key=raw_asset_key(dataset.name),
        description=dataset.description,
        group_name=GROUP,
        kinds={"python", "clickhouse"},
        owners=OWNERS,
        metadata={"kind": dataset.kind.name.lower(), "protocol": dataset.protocol.name.lower()},
        partitions_def=daily,
        backfill_policy=BackfillPolicy.single_run(),
        pool=EXPORT_POOL if dataset.protocol is Protocol.EXPORT else PAGES_POOL,
        # Transport faults are retried inside the load; this covers a restart of either side.
        retry_policy=RetryPolicy(max_retries=2, delay=30, backoff=Backoff.EXPONENTIAL),
        freshness_policy=FreshnessPolicy.time_window(
            fail_window=LATE_AFTER, warn_window=timedelta(hours=26)
        ),
    )
    def load_days(
        context: AssetExecutionContext, mindbox: MindboxResource
    ) -> MaterializeResult[None]:
        days = context.partition_time_window
        window = Window(since=days.start, till=days.end)
        try:
            report = mindbox.load(dataset.name, window, on_progress=_logged(context))
        except ExtractError as error:
            section = section_of(type(error))
            raise Failure(
                description=f"{dataset.name}, {window}: {error} (see {section.link})",
                allow_retries=error.is_passing,
            ) from error
        return MaterializeResult(metadata=load_metadata(report))

    return load_days


def _logged(context: AssetExecutionContext) -> OnProgress:
    """A listener that logs what was landed, and in detail how the exports fare."""

    def log(progress: Progress) -> None:
        if progress.step is Step.LANDED:
            context.log.info(str(progress))
        elif progress.step is Step.EXPORT:
            context.log.debug(str(progress))

    return log


def load_metadata(report: LoadReport) -> dict[str, MetadataValue]:
    """What a materialization says of its load."""
    return {
        "dagster/partition_row_count": MetadataValue.int(report.rows),
        "bytes": MetadataValue.int(report.bytes),
        "seconds": MetadataValue.float(report.seconds),
        "export_ids": MetadataValue.json(list(report.export_ids)),
        "quarantined_rows": MetadataValue.int(report.quarantined),
        "rows_outside_window": MetadataValue.int(report.outside_window),
        "load_id": MetadataValue.text(report.load_id),
    }


def build_raw_assets(loaded: Collection[str]) -> list[AssetsDefinition | AssetSpec]:
    """An asset per dataset; those outside `loaded` are shown in the lineage and never run."""
    return [
        build_raw_asset(dataset)
        if name in loaded
        else AssetSpec(
            key=raw_asset_key(name),
            description=f"{dataset.description} Not loaded: the project file names no operation.",
            group_name=GROUP,
            kinds={"clickhouse"},
            owners=OWNERS,
        )
        for name, dataset in DATASETS.items()
    ]


# Datasets that the client's project has an operation for.
LOADED = [name for name in DATASETS if name in read_project().operations]
raw_assets = build_raw_assets(LOADED)
load_log = AssetSpec(
    key=raw_asset_key(LOADS),
    description="The log of loads: every window of every dataset, failed ones too.",
    group_name=GROUP,
    kinds={"clickhouse"},
    owners=OWNERS,
)
