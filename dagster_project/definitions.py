"""Everything Dagster knows."""

from dagster import Definitions, multiprocess_executor

from dagster_project.boards import superset_boards
from dagster_project.building import build_when_landed
from dagster_project.checks import raw_checks
from dagster_project.dbt import dbt_models
from dagster_project.failures import report_failure
from dagster_project.jobs import (
    build_job,
    daily_load,
    fit_job,
    hourly_load,
    load_job,
    monthly_fit,
)
from dagster_project.purchases import purchase_models
from dagster_project.raw import load_log, raw_assets
from dagster_project.resources import MindboxResource, dbt_resource

# Steps run in processes of their own: a raw table's load holds the embedded engine, and its memory
# goes with the process. They are forked from one that has the slow imports done; the engine is not
# among those, since it starts threads when it is imported and does not survive a fork.
executor = multiprocess_executor.configured(
    {
        # Pools hold the loads to what Mindbox bears; a place is left for a dataset without exports.
        "max_concurrent": 3,
        "start_method": {"forkserver": {"preload_modules": ["dagster", "dagster_dbt"]}},
    }
)

definitions = Definitions(
    assets=[*raw_assets, load_log, dbt_models, purchase_models, superset_boards],
    asset_checks=[raw_checks],
    executor=executor,
    jobs=[load_job, build_job, fit_job],
    schedules=[daily_load, hourly_load, monthly_fit],
    sensors=[build_when_landed, report_failure],
    resources={"mindbox": MindboxResource(), "dbt": dbt_resource},
)
