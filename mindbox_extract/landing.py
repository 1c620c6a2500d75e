"""Lands a checked stage table in its raw table, by the rules of the dataset's kind."""

from collections.abc import Callable

from .errors import ShrinkError
from .planning import Unit
from .progress import Step
from .spec import DatasetSpec, Filter, Kind
from .warehouse import Partition, Warehouse

# A day that comes back with less than this share of its rows was not refetched but lost: Mindbox
# deletes old raw facts, and our history outlives them.
SHRINK_SHARE = 0.8

_DAYS_NAMED = 5
# Days that one statement swaps: it costs a round trip, whatever the number.
_SWAPPED_AT_ONCE = 6

OnStep = Callable[[Step, str], None]


def land(
    warehouse: Warehouse,
    spec: DatasetSpec,
    unit: Unit,
    stage: str,
    *,
    allow_shrink: bool,
    on_step: OnStep,
) -> tuple[str, ...]:
    """Bring a stage table's rows into the raw table and return the partitions that changed.

    Every step is atomic, and a repeated landing of the same rows gives the same table, so a load
    that is killed between two steps needs nothing but to be run again.

    Raises:
        ShrinkError: rows would be lost and `allow_shrink` is not set; nothing was changed.
        WarehouseError: ClickHouse refused a step; the steps before it are done.
    """
    if spec.kind is Kind.ENTITY:
        if spec.filter is Filter.UTC_SINCE:
            # The answer repeats what did not change, and every load would be a version of it.
            warehouse.leave_changes(spec, stage)
        on_step(Step.CHECKED, "")
        on_step(Step.SWAPPING, "all versions")
        warehouse.attach_all(spec, stage)
        on_step(Step.SWAPPED, "all versions")
        return ()
    warehouse.collapse_stage(spec, stage)
    partitions = unit.partitions(spec)
    fresh = warehouse.partition_counts(spec, partitions, stage)
    present = warehouse.partition_counts(spec, partitions)
    if not allow_shrink:
        _refuse_shrinking(spec, fresh, present)
    on_step(Step.CHECKED, "")
    changed = [partition for partition in partitions if fresh[partition] or present[partition]]
    for first in range(0, len(changed), _SWAPPED_AT_ONCE):
        swapped = changed[first : first + _SWAPPED_AT_ONCE]
        names = ", ".join(map(partition_name, swapped))
        on_step(Step.SWAPPING, names)
        # Servers refuse to replace a partition from nothing.
        emptied = [partition for partition in swapped if not fresh[partition]]
        replaced = [partition for partition in swapped if fresh[partition]]
        warehouse.swap_partitions(spec, replaced, emptied, stage)
        on_step(Step.SWAPPED, names)
    return tuple(map(partition_name, changed))


def partition_name(partition: Partition) -> str:
    """ISO dates of a partition, joined by "/"."""
    return "/".join(day.isoformat() for day in partition)


def _refuse_shrinking(
    spec: DatasetSpec, fresh: dict[Partition, int], present: dict[Partition, int]
) -> None:
    shrunk = [
        f"{partition_name(partition)} ({fresh[partition]} rows instead of {rows})"
        for partition, rows in present.items()
        if fresh[partition] < rows * SHRINK_SHARE
    ]
    if shrunk:
        more = f" and {len(shrunk) - _DAYS_NAMED} more" if len(shrunk) > _DAYS_NAMED else ""
        raise ShrinkError(
            f"{spec.name}: the refetch lost rows of {', '.join(shrunk[:_DAYS_NAMED])}{more}; "
            "nothing was replaced. Mindbox may have deleted old facts, or the operation's filter "
            "changed; if the loss is meant, load with --allow-shrink"
        )
