"""The boards in Superset as an asset: pushed when what they read has been rebuilt."""

from dagster import AssetExecutionContext, AssetKey, Failure, MaterializeResult, MetadataValue, asset

from dagster_project.dbt import dbt_models
from superset_assets.errors import AssetError
from superset_assets.push import push

MARTS = "marts"


@asset(
    key=AssetKey(["superset", "boards"]),
    deps=[key for key in sorted(dbt_models.keys) if key.path[0] == MARTS],
    description="Datasets, charts and boards of the repository, brought to Superset as they are.",
    group_name="superset",
    kinds={"superset"},
)
def superset_boards(context: AssetExecutionContext) -> MaterializeResult[None]:
    """Push the versioned assets; repeating it changes nothing."""
    try:
        report = push()
    except AssetError as error:
        raise Failure(description=str(error)) from error
    context.log.info(str(report))
    return MaterializeResult(
        metadata={
            "datasets": MetadataValue.int(report.datasets),
            "charts": MetadataValue.int(report.charts),
            "dashboards": MetadataValue.int(report.dashboards),
            "url": MetadataValue.url(report.url),
        }
    )
