"""Metrics of dbt's semantic layer as ClickHouse SQL."""

import re
from dataclasses import dataclass

from jinja2 import Environment, StrictUndefined

from superset_assets.manifest import Manifest, ManifestError, Metric, Node, conditions
from superset_assets.semantics.comparison import COMPARED, OTHERS

MENTION = re.compile(r"@(\w+)")
CHOSEN_ON_THE_BOARD = {"compared": COMPARED, "others": OTHERS}
AGGREGATES = {
    "sum": "sum",
    "min": "min",
    "max": "max",
    "average": "avg",
    "count": "count",
    "count_distinct": "uniqExact",
    "sum_boolean": "sum",
}


@dataclass(frozen=True)
class MetricSql:
    """Writes the SQL of a manifest's metrics."""

    manifest: Manifest

    def expression(self, name: str) -> str:
        """The aggregate expression of a metric over its model's table.

        `config.meta.sql` wins; it says what the grammar of the semantic layer cannot.

        Raises:
            ManifestError: the metric uses something that has no translation here.
        """
        return self._expression(self._metric(name), ())

    def _metric(self, name: str) -> Metric:
        if name not in self.manifest.metrics:
            raise ManifestError(f"there is no metric {name}")
        return self.manifest.metrics[name]

    def _measures(self, metric: Metric) -> set[str]:
        params = metric.type_params
        if metric.kind == "simple":
            return {params["measure"]["name"]}
        if metric.kind == "ratio":
            parts = [params["numerator"]["name"], params["denominator"]["name"]]
        else:
            parts = [part["name"] for part in params["metrics"]]
        return set().union(*(self._measures(self._metric(part)) for part in parts))

    def _expression(self, metric: Metric, where: tuple[str, ...]) -> str:
        if "sql" in metric.meta:
            if where or metric.where:
                raise ManifestError(f"metric {metric.name} has SQL of its own: no filter applies")
            return self._own(metric)
        where = (*metric.where, *where)
        params = metric.type_params
        match metric.kind:
            case "simple":
                measure = params["measure"]
                return self._aggregate(measure["name"], (*conditions(measure["filter"]), *where))
            case "ratio":
                numerator = self._part(params["numerator"], where)
                if self._is_decimal(params["numerator"]["name"]):
                    # A quotient of decimals keeps the scale of the upper one and cuts the rest.
                    numerator = f"toFloat64({numerator})"
                denominator = self._part(params["denominator"], where)
                return f"{_factor(numerator)} / nullIf({denominator}, 0)"
            case "derived":
                return self._derived(metric, where)
        raise ManifestError(f"metric {metric.name}: type {metric.kind} has no translation")

    def _own(self, metric: Metric) -> str:
        """SQL written in the definition; `@name` in it stands for another metric's."""
        written = " ".join(str(metric.meta["sql"]).split())
        return MENTION.sub(lambda match: self._mentioned(match.group(1)), written)

    def _mentioned(self, name: str) -> str:
        # Which metric campaigns are compared by is decided on the board.
        return CHOSEN_ON_THE_BOARD.get(name) or f"({self.expression(name)})"

    def _part(self, reference: Node, where: tuple[str, ...]) -> str:
        own = conditions(reference.get("filter"))
        return self._expression(self._metric(reference["name"]), (*own, *where))

    def _is_decimal(self, metric_name: str) -> bool:
        measures = [
            self.manifest.measures[name] for name in self._measures(self._metric(metric_name))
        ]
        columns = [
            self.manifest.models[measure.model].columns.get(measure.expr) for measure in measures
        ]
        return any(column is not None and "Decimal" in column.type for column in columns)

    def _derived(self, metric: Metric, where: tuple[str, ...]) -> str:
        parts = {}
        for reference in metric.type_params["metrics"]:
            if reference.get("offset_window") or reference.get("offset_to_grain"):
                raise ManifestError(f"metric {metric.name}: offsets have no translation")
            parts[reference.get("alias") or reference["name"]] = self._part(reference, where)
        names = "|".join(sorted(map(re.escape, parts), key=len, reverse=True))
        return re.sub(
            rf"\b(?:{names})\b",
            lambda match: _factor(parts[match.group()]),
            metric.type_params["expr"],
        )

    def _aggregate(self, measure_name: str, where: tuple[str, ...]) -> str:
        measure = self.manifest.measures[measure_name]
        if measure.agg not in AGGREGATES:
            raise ManifestError(f"measure {measure_name}: {measure.agg} has no translation")
        function, expr = AGGREGATES[measure.agg], measure.expr
        if not where:
            return f"{function}({expr})"
        condition = " and ".join(f"({self._condition(each)})" for each in where)
        if len(where) == 1:
            condition = condition[1:-1]
        return f"{function}If({expr}, {condition})"

    def _condition(self, template: str) -> str:
        environment = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701
        environment.globals.update(Dimension=self._dimension, TimeDimension=self._dimension)
        return " ".join(environment.from_string(template).render().split())

    def _dimension(self, path: str, _grain: str | None = None) -> str:
        name = path.rsplit("__", maxsplit=1)[-1]
        if name not in self.manifest.dimensions:
            raise ManifestError(f"there is no dimension {path}")
        return self.manifest.dimensions[name]


ONE_CALL = re.compile(r"\w+\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)")


def _factor(expression: str) -> str:
    """The expression, in brackets unless it is one function call."""
    return expression if ONE_CALL.fullmatch(expression) else f"({expression})"
