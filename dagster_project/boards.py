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
from superset_assets.client import SupersetError
from superset_assets.delivery import deliver
from superset_assets.permissions import RoleError
from superset_assets.settings import SettingsError, SupersetLogin
from superset_assets.subscriptions import SubscriptionError
from superset_assets.translation import TranslationError

MARTS = "marts"
DELIVERY_ERRORS = (RoleError, SettingsError, SubscriptionError, SupersetError, TranslationError)


@asset(
    key=AssetKey(["superset", "boards"]),
    deps=sorted(key for key in dbt_models.keys if key.path[0] == MARTS),
    description="Boards, roles, reports and alerts of the repository, brought to Superset.",
    group_name="superset",
    kinds={"superset"},
    owners=OWNERS,
    # Superset may still be starting.
    retry_policy=RetryPolicy(max_retries=2, delay=20),
)
def superset_boards(context: AssetExecutionContext) -> MaterializeResult[None]:
    """Deliver what the files say, in the language of the environment; repeating it is safe."""
    try:
        login = SupersetLogin.from_environment()
        delivery = deliver(login)
    except DELIVERY_ERRORS as error:
        raise Failure(description=f"boards: {error} (see {Section.BOARDS.link})") from error
    report, access, subscriptions = delivery.pushed, delivery.access, delivery.subscriptions
    context.log.info(f"published {report.published} objects, removed {len(report.removed)}")
    return MaterializeResult(
        metadata={
            "published": MetadataValue.int(report.published),
            "removed": MetadataValue.json(report.removed),
            "roles": MetadataValue.json(access.roles if access else []),
            "connections_left_out": MetadataValue.json(access.left_out if access else []),
            "reports_and_alerts": MetadataValue.json(subscriptions.names),
            "url": MetadataValue.url(login.url),
        }
    )
