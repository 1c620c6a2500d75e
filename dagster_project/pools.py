"""Set the limits of Dagster's pools that differ from the default in dagster.yaml."""

from dagster import DagsterInstance

# Mindbox builds at most two exports at once for a project: the default limit of dagster.yaml, which
# holds across runs. Pages are no exports, so they do not queue for a place among them.
EXPORT_POOL = "mindbox_export"
PAGES_POOL = "mindbox_pages"
# Two builds of the same models would write the same tables.
WAREHOUSE_POOL = "warehouse_build"


def set_limits(instance: DagsterInstance) -> None:
    """Write the limits into the instance; repeating it changes nothing."""
    instance.event_log_storage.set_concurrency_slots(WAREHOUSE_POOL, 1)


if __name__ == "__main__":
    set_limits(DagsterInstance.get())
