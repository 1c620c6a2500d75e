"""dbt's models as assets, its tests as asset checks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dagster import AssetExecutionContext, AssetKey, Failure
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    dbt_assets,
)

from dagster_project.dbt_project import prepare_manifest, vars_argument
from dagster_project.owners import OWNERS
from dagster_project.pools import WAREHOUSE_POOL
from dagster_project.raw import raw_asset_key
from dagster_project.resources import MindboxResource, read_project
from dagster_project.runbook import section_of
from mindbox_extract.errors import ExtractError


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

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str]:  # noqa: ARG002
        """The same for every model."""
        return OWNERS


@dbt_assets(
    manifest=prepare_manifest(read_project().dbt_vars()),
    dagster_dbt_translator=Translator(
        settings=DagsterDbtTranslatorSettings(enable_asset_checks=True)
    ),
    name="dbt",
    pool=WAREHOUSE_POOL,
)
def dbt_models(
    context: AssetExecutionContext, dbt: DbtCliResource, mindbox: MindboxResource
) -> Iterator[Any]:
    """Build and test every model that the run selects, with what is loaded.

    A dataset that never landed has an empty table: it holds back nobody.
    """
    try:
        mindbox.prepare_tables()
    except ExtractError as error:
        raise Failure(
            description=f"before the models: {error} (see {section_of(type(error)).link})"
        ) from error
    # Examples of the models prove the project, not the data: they run with its tests.
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    arguments += vars_argument(read_project().dbt_vars())
    yield from dbt.cli(arguments, context=context).stream()
