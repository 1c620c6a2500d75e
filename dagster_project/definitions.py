"""Everything Dagster knows."""

from dagster import Definitions

from dagster_project.boards import superset_boards
from dagster_project.checks import volume_checks
from dagster_project.dbt import dbt_models
from dagster_project.jobs import daily_refresh, hourly_refresh, refresh_job
from dagster_project.raw import raw_assets
from dagster_project.resources import MindboxResource, dbt_resource

definitions = Definitions(
    assets=[*raw_assets, dbt_models, superset_boards],
    asset_checks=volume_checks,
    jobs=[refresh_job],
    schedules=[daily_refresh, hourly_refresh],
    resources={"mindbox": MindboxResource(), "dbt": dbt_resource},
)
