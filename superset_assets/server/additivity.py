"""Superset's arithmetic on a chart's rows, kept true for figures that do not add up.

Superset offers running totals, moving sums and averages, and shares of a total as arithmetic on the
finished rows. What adds up is left to it. On counts of people and rates that arithmetic is wrong
without an error: customers of two months are not the sum of both. There the figures are asked anew:

- a running total is the metric of all days since the period's beginning;
- a moving sum over N buckets is the metric of the days of these N buckets;
- a moving average of a rate is the rate of these days, the average weighted by its denominator;
- a share of the total is a share of the metric without the grouping.

What has no such figure is refused with the reason.
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from superset.common.query_object import QueryObject
from superset.exceptions import InvalidPostProcessingError, QueryObjectValidationError
from superset.models.helpers import ExploreMixin, QueryResult, QueryStringExtended

from superset_assets.semantics.question import Window
from superset_assets.semantics.trend import mentions_trend
from superset_assets.semantics.windows import Obstacle, is_distinct_count, obstacle
from superset_assets.server.asked import metric_name, metric_sql
from superset_assets.server.questions import catalog, is_composed, over
from superset_assets.server.shares import SHARE, refused_share, share
from superset_assets.server.told import told

RUNNING, MOVING = "cum", "rolling"
SUM, MEAN = "sum", "mean"
ADDITIVE = "additive"
Step = Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """How the arithmetic of a query is done.

    Attributes:
        window: the window that its figures are asked over, None for single buckets.
        steps: what is left to Superset.
    """

    window: Window | None
    steps: tuple[Step, ...]


def keep_arithmetic_true() -> None:
    """Have Superset answer or refuse what its arithmetic would get wrong."""
    answer = ExploreMixin.get_query_result
    write = ExploreMixin.get_query_str_extended
    process = QueryObject.exec_post_processing

    def get_query_result(self: ExploreMixin, query_object: QueryObject) -> QueryResult:
        if not is_composed(self):
            return answer(self, query_object)
        with over(plan(self, query_object.metrics, query_object.post_processing).window):
            return answer(self, query_object)

    def get_query_str_extended(
        self: ExploreMixin, query_obj: Mapping[str, Any], *args: Any, **kwargs: Any
    ) -> QueryStringExtended:
        if not is_composed(self):
            return write(self, query_obj, *args, **kwargs)
        steps = query_obj.get("post_processing")
        with over(plan(self, query_obj.get("metrics"), steps).window):
            return write(self, query_obj, *args, **kwargs)

    def exec_post_processing(self: QueryObject, df: Any) -> Any:
        if not is_composed(self.datasource):
            return process(self, df)
        for step in plan(self.datasource, self.metrics, self.post_processing).steps:
            if step.get("operation") == SHARE and _not_adding_up(self.datasource, step, self):
                df = share(df, step, self)
                continue
            one = copy.copy(self)
            one.post_processing = [step]
            df = process(one, df)
        return df

    ExploreMixin.get_query_result = get_query_result
    ExploreMixin.get_query_str_extended = get_query_str_extended
    QueryObject.exec_post_processing = exec_post_processing


def plan(dataset: Any, metrics: Sequence[Any] | None, steps: Sequence[Step] | None) -> Plan:
    """Decide what is asked over windows and what is left to Superset.

    Args:
        dataset: the dataset «Показатели».
        metrics: the query's metrics.
        steps: its post-processing.

    Raises:
        QueryObjectValidationError: the arithmetic has no meaning; the board shows why.
    """
    arithmetic = _Arithmetic(dataset, list(metrics or []))
    window: Window | None = None
    kept: list[Step] = []
    for step in steps or []:
        if step.get("operation") not in (RUNNING, MOVING):
            kept.append(step)
            continue
        left, asked = arithmetic.of(step)
        if left is not None:
            kept.append(left)
        if asked is not None and window is not None:
            raise QueryObjectValidationError(
                told(
                    "Два скользящих расчёта сразу не имеют смысла: оставьте один.",
                    "Two moving calculations at once have no meaning: keep one.",
                )
            )
        window = window or asked
    return Plan(window, tuple(kept))


class _Arithmetic:
    """What running and moving figures are of the metrics of one query."""

    def __init__(self, dataset: Any, metrics: Sequence[Any]) -> None:
        self._dataset = dataset
        self._labels: Mapping[str, str] = dataset.verbose_map
        self._sql = {metric_name(each): metric_sql(dataset, each) for each in metrics}

    def of(self, step: Step) -> tuple[Step | None, Window | None]:
        """What of a step is left to Superset, and the window that replaces the rest."""
        options = step.get("options") or {}
        touched = [name for name in self._sql if name in _named(options)] or list(self._sql)
        trends = {name for name in touched if mentions_trend(self._sql[name])}
        others = [name for name in touched if name not in trends]
        wrong = [name for name in others if not _adds_up(name)]
        is_mean = step.get("operation") == MOVING and options.get("rolling_type") == MEAN
        if not wrong and (is_mean or not trends):
            # The trend of what is averaged stays the trend of the figures themselves.
            return _without(step, trends), None
        if step.get("operation") == MOVING and options.get("window") == 1:
            return None, None
        self._refuse_other_arithmetic(step, (wrong or others)[:1])
        for name in self._sql:
            self._refuse_obstacle(name)
        if is_mean:
            self._refuse_wrong_mean(others, wrong)
        if len(touched) < len(self._sql):
            self._refuse(
                wrong[0],
                "пересчитываются все показатели графика сразу. Вынесите остальные в другой график.",
                "all metrics of a chart are recomputed together. Move the others elsewhere.",
            )
        buckets = options.get("window") if step.get("operation") == MOVING else None
        return None, Window(buckets)

    def _refuse_other_arithmetic(self, step: Step, names: Iterable[str]) -> None:
        options = step.get("options") or {}
        kind = options.get("operator" if step.get("operation") == RUNNING else "rolling_type")
        is_plain = not options.get("center") and not options.get("win_type")
        has_window = step.get("operation") == RUNNING or int(options.get("window") or 0) > 0
        if kind in (SUM, MEAN) and is_plain and has_window:
            return
        for name in names:
            self._refuse(
                name,
                f"расчёт «{kind}» по нему даст неверные числа. "
                "Выберите «cumsum», «sum» или «mean» с числом периодов.",
                f"“{kind}” of it would be wrong. "
                "Choose “cumsum”, “sum” or “mean” with a number of periods.",
            )

    def _refuse_obstacle(self, name: str) -> None:
        if mentions_trend(self._sql[name]):
            return
        found = obstacle(self._sql[name], catalog())
        if found is Obstacle.IS_A_LEVEL:
            self._refuse(
                name,
                "это состояние на дату, накапливать нечего. Уберите скользящую функцию.",
                "it is a level on a day, there is nothing to accumulate. "
                "Remove the rolling function.",
            )
        if found is Obstacle.HAS_A_BEGINNING:
            self._refuse(
                name,
                "он сравнивает отрезок с тем, что было до него, и по нескольким отрезкам "
                "не считается. Уберите скользящую функцию.",
                "it compares a step with what was before it and has no figure over several. "
                "Remove the rolling function.",
            )
        if found is Obstacle.COMPARES_ROWS:
            self._refuse(
                name,
                "он сравнивает строки между собой. Уберите скользящую функцию.",
                "it compares rows with each other. Remove the rolling function.",
            )

    def _refuse_wrong_mean(self, others: Sequence[str], wrong: Sequence[str]) -> None:
        for name in wrong:
            if is_distinct_count(self._sql[name]):
                self._refuse(
                    name,
                    "среднее разных людей или товаров по отрезкам вводит в заблуждение. Выберите "
                    "«sum»: разные за последние N отрезков.",
                    "a mean of distinct counts misleads. "
                    "Choose “sum”: distinct over the last N steps.",
                )
        if len(wrong) < len(others):
            self._refuse(
                wrong[0],
                "скользящее среднее долей и сумм считается по-разному. Вынесите суммы в другой "
                "график.",
                "moving averages of rates and of sums are computed differently. "
                "Move the sums to another chart.",
            )

    def _refuse(self, name: str, russian: str, english: str) -> None:
        label = self._labels.get(name, name)
        raise QueryObjectValidationError(
            told(
                f"Показатель «{label}» не складывается: {russian}",
                f"The metric “{label}” does not add up: {english}",
            )
        )


def _adds_up(name: str) -> bool:
    """Whether a metric's figures add up; of those that are written in a chart nothing is known."""
    return catalog().additivity.get(name, ADDITIVE) == ADDITIVE


def _not_adding_up(dataset: Any, step: Step, query: QueryObject) -> bool:
    """Whether a share of the total is asked of what does not add up.

    Raises:
        InvalidPostProcessingError: it has no share.
    """
    touched = _named(step.get("options") or {})
    names = {metric_name(each): metric_sql(dataset, each) for each in query.metrics or []}
    wrong = [
        name
        for name in names
        if (not touched or name in touched) and (mentions_trend(names[name]) or not _adds_up(name))
    ]
    for name in wrong:
        reason = refused_share(name, names[name], step, query)
        if reason:
            raise InvalidPostProcessingError(reason)
    return bool(wrong)


def _without(step: Step, names: Iterable[str]) -> Step:
    """The step without some of the columns that it works on."""
    options = dict(step.get("options") or {})
    columns = options.get("columns")
    if isinstance(columns, Mapping):
        options["columns"] = {old: new for old, new in columns.items() if old not in set(names)}
    return {**step, "options": options}


def _named(options: Mapping[str, Any]) -> set[str]:
    columns = options.get("columns") or []
    if isinstance(columns, Mapping):
        return {*columns.keys(), *columns.values()}
    return set(columns)
