"""The boards in Superset as an asset: pushed when what they read has been rebuilt."""

from dagster import (
    AssetExecutionContext,
    AssetKey,
    Failure,
    MaterializeResult,
    MetadataValue,
    RetryPolicy,
    asset,
)

from dagster_project.dbt import dbt_models
from dagster_project.owners import OWNERS
from dagster_project.runbook import Section
from superset_assets.client import SupersetClient, SupersetError
from superset_assets.files import AssetFiles
from superset_assets.permissions import RoleError, apply_roles
from superset_assets.publish import push
from superset_assets.settings import ROOM, SettingsError, SupersetLogin, Warehouse
from superset_assets.sql_lab import publish_connections

MARTS = "marts"


@asset(
    key=AssetKey(["superset", "boards"]),
    deps=sorted(key for key in dbt_models.keys if key.path[0] == MARTS),
    description="Datasets, charts and boards of the repository, brought to Superset as they are.",
    group_name="superset",
    kinds={"superset"},
    owners=OWNERS,
    # Superset may still be starting.
    retry_policy=RetryPolicy(max_retries=2, delay=20),
)
def superset_boards(context: AssetExecutionContext) -> MaterializeResult[None]:
    """Push the versioned assets and apply roles and users; repeating it changes nothing."""
    files = AssetFiles(ROOM)
    try:
        login = SupersetLogin.from_environment()
        client = SupersetClient(login)
        warehouse = Warehouse.from_environment()
        report = push(client, files, warehouse)
        left_out = publish_connections(client, warehouse)
        roles = apply_roles(client, ROOM / "roles", login)
    except (RoleError, SupersetError, SettingsError) as error:
        raise Failure(description=f"boards: {error} (see {Section.BOARDS.link})") from error
    context.log.info(f"published {report.published} objects, removed {len(report.removed)}")
    return MaterializeResult(
        metadata={
            "published": MetadataValue.int(report.published),
            "removed": MetadataValue.json(report.removed),
            "roles": MetadataValue.json(roles),
            "connections_left_out": MetadataValue.json(left_out),
            "url": MetadataValue.url(login.url),
        }
    )
