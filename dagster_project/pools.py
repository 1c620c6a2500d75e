"""Set the limits of Dagster's pools that differ from the default in dagster.yaml."""

from dagster import DagsterInstance

# Two builds of the same models would write the same tables.
WAREHOUSE_POOL = "warehouse_build"


def set_limits(instance: DagsterInstance) -> None:
    """Write the limits into the instance; repeating it changes nothing."""
    instance.event_log_storage.set_concurrency_slots(WAREHOUSE_POOL, 1)


if __name__ == "__main__":
    set_limits(DagsterInstance.get())
