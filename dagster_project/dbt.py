"""dbt's models as assets, its tests as asset checks."""

from collections.abc import Iterator, Mapping
from typing import Any

from dagster import AssetExecutionContext, AssetKey
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    dbt_assets,
)

from dagster_project.dbt_project import prepare_manifest, vars_argument
from dagster_project.pools import WAREHOUSE_POOL
from dagster_project.raw import raw_asset_key
from dagster_project.resources import read_project


class Translator(DagsterDbtTranslator):
    """Names dbt's nodes: schema and table, so that lineage reads like the warehouse."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> AssetKey:
        """The key of a model or source."""
        if dbt_resource_props["resource_type"] == "source":
            return raw_asset_key(dbt_resource_props["identifier"])
        return AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The layer: staging, intermediate or marts."""
        return str(dbt_resource_props["schema"])


@dbt_assets(
    manifest=prepare_manifest(read_project().dbt_vars()),
    dagster_dbt_translator=Translator(
        settings=DagsterDbtTranslatorSettings(enable_asset_checks=True)
    ),
    name="dbt",
    pool=WAREHOUSE_POOL,
)
def dbt_models(context: AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    """Build and test every model that the run selects."""
    arguments = ["build", *vars_argument(read_project().dbt_vars())]
    yield from dbt.cli(arguments, context=context).stream()
