"""The purchase models as assets: fitted anew once a month to the orders in the marts."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError
from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetSpec,
    Failure,
    MaterializeResult,
    MetadataValue,
    RetryPolicy,
    multi_asset,
)

from dagster_project.owners import OWNERS
from dagster_project.pools import WAREHOUSE_POOL
from dagster_project.raw import raw_asset_key
from dagster_project.runbook import Section
from dagster_project.warehouse import connected
from mindbox_extract.errors import ConfigurationError
from mindbox_extract.settings import Settings
from purchase_model.fitting import Fit, PurchaseModel
from purchase_model.run import run

GROUP = "purchase_model"
STATES = AssetKey(["marts", "mart_customer_states"])
MODELS, EXPECTED_ORDERS = raw_asset_key("purchase_models"), raw_asset_key("expected_orders")


@multi_asset(
    name="purchase_model",
    specs=[
        AssetSpec(
            key=key,
            deps=[STATES],
            description=description,
            group_name=GROUP,
            kinds={"python", "clickhouse"},
            owners=OWNERS,
        )
        for key, description in (
            (MODELS, "Fits of BG/NBD and Gamma-Gamma by brand, with their error on held-out days."),
            (
                EXPECTED_ORDERS,
                "Orders that the newest fits expect within a year of an active buyer.",
            ),
        )
    ],
    # A build swaps tables that the fit reads one after another.
    pool=WAREHOUSE_POOL,
    retry_policy=RetryPolicy(max_retries=1, delay=60),
)
def purchase_models(context: AssetExecutionContext) -> Iterator[MaterializeResult[None]]:
    """Fit the models of all brands and write them; a brand without one does not fail the others."""
    try:
        with connected(Settings.from_environment()) as client:
            found = run(client, now=datetime.now(UTC))
    except (ClickHouseError, ConfigurationError) as error:
        raise Failure(
            description=f"purchase models: {error} (see {Section.PURCHASE_MODELS.link})",
            allow_retries=isinstance(error, OperationalError),
        ) from error
    for fit in found:
        context.log.info(_said(fit))
    yield MaterializeResult(asset_key=EXPECTED_ORDERS)
    yield MaterializeResult(asset_key=MODELS, metadata={"fits": MetadataValue.md(_table(found))})


def _said(fit: Fit) -> str:
    if isinstance(fit.found, str):
        return f"{fit.brand}: no model, {fit.found}"
    return f"{fit.brand}: fitted to {fit.buyers} buyers, {_error(fit.found)} on held-out days"


def _table(found: Sequence[Fit]) -> str:
    """What came of each brand, for Dagster's page."""
    lines = ["| brand | buyers | error on held-out days |", "|:--|--:|:--|"]
    for fit in found:
        said = fit.found if isinstance(fit.found, str) else _error(fit.found)
        lines.append(f"| {fit.brand} | {fit.buyers} | {said} |")
    return "\n".join(lines)


def _error(model: PurchaseModel) -> str:
    return "untested" if model.test_error is None else f"{model.test_error:+.1%}"
