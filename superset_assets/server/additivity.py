"""Refusing arithmetic on figures that do not add up.

Superset offers running totals, moving averages and shares of a total as arithmetic on a chart's
rows. On counts of people, states and rates that is wrong without an error: customers of two months
are not the sum of both. Such a chart is answered with the reason instead.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from superset.common.query_object import QueryObject
from superset.exceptions import InvalidPostProcessingError

from superset_assets.server.questions import catalog, is_composed

ADDING = {"cum": "нарастающий итог", "rolling": "скользящее окно", "contribution": "доля итога"}


def refuse_wrong_sums() -> None:
    """Have Superset refuse post-processing that adds up what does not."""
    shipped = QueryObject.exec_post_processing

    def exec_post_processing(self: QueryObject, df: Any) -> Any:
        if is_composed(self.datasource):
            for step in self.post_processing:
                _refuse(step, self.metrics or [], self.datasource.verbose_map)
        return shipped(self, df)

    QueryObject.exec_post_processing = exec_post_processing


def _refuse(step: Mapping[str, Any], metrics: Iterable[Any], labels: Mapping[str, str]) -> None:
    what = ADDING.get(str(step.get("operation")))
    if what is None:
        return
    touched = set(_named(step.get("options") or {}))
    # Of metrics that are written in a chart nothing is known.
    for metric in (each for each in metrics if isinstance(each, str)):
        is_touched = not touched or metric in touched
        if is_touched and catalog().additivity.get(metric, "additive") != "additive":
            raise InvalidPostProcessingError(
                f"Показатель «{labels.get(metric, metric)}» не складывается: "
                f"{what} по нему даст неверные числа."
            )


def _named(options: Mapping[str, Any]) -> list[str]:
    columns = options.get("columns") or []
    return [*columns.keys(), *columns.values()] if isinstance(columns, Mapping) else list(columns)
