"""Raw assets: one per dataset of Mindbox, partitioned by day."""

from datetime import timedelta

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    BackfillPolicy,
    Failure,
    FreshnessPolicy,
    MaterializeResult,
    MetadataValue,
    RetryPolicy,
    asset,
)

from dagster_project.partitions import daily
from dagster_project.resources import MindboxResource
from mindbox_extract.datasets import DATASETS
from mindbox_extract.errors import ExtractError
from mindbox_extract.load import LoadReport, Window
from mindbox_extract.progress import OnProgress, Progress, Step
from mindbox_extract.spec import DatasetSpec

# Mindbox builds at most two exports at once for a project; the pool's limit is set in
# dagster.yaml and holds across runs.
EXPORT_POOL = "mindbox_export"
GROUP = "raw"
# Reconciliation counts our events up to the moment of Mindbox's report, so what is counted is
# loaded after the report.
REPORT = "mailing_report_summary"
COUNTED_IN_REPORT = frozenset({"message_statuses", "orders"})


def raw_asset_key(dataset: str) -> AssetKey:
    """The key of a dataset's raw table, equal to its dbt source's key."""
    return AssetKey([GROUP, dataset])


def build_raw_asset(dataset: DatasetSpec) -> AssetsDefinition:
    """The asset that loads any range of days of one dataset in a single run."""

    @asset(
        key=raw_asset_key(dataset.name),
        deps=[raw_asset_key(REPORT)] if dataset.name in COUNTED_IN_REPORT else [],
        description=dataset.description,
        group_name=GROUP,
        kinds={"python", "clickhouse"},
        metadata={"kind": dataset.kind.name.lower(), "protocol": dataset.protocol.name.lower()},
        partitions_def=daily,
        backfill_policy=BackfillPolicy.single_run(),
        pool=EXPORT_POOL,
        # Transport faults are retried inside the load; this covers a warehouse restart.
        retry_policy=RetryPolicy(max_retries=1, delay=30),
        freshness_policy=FreshnessPolicy.time_window(
            fail_window=timedelta(hours=36), warn_window=timedelta(hours=26)
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
            raise Failure(
                description=f"{dataset.name}, {window}: {error}", allow_retries=error.is_passing
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


raw_assets = [build_raw_asset(dataset) for dataset in DATASETS.values()]
