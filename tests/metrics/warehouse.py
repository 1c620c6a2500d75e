# ruff: noqa: S608 (statements are put together by the code under test)
"""Questions put to the warehouse, the way a board puts them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from clickhouse_connect.driver.client import Client

from superset_assets.manifest import Manifest
from superset_assets.metric_sql import MetricSql
from superset_assets.semantic_catalog import write_catalog
from superset_assets.semantics import question as asked
from superset_assets.semantics.calendar import Period
from superset_assets.semantics.catalog import CHANNEL_STATES, EVENTS, RFM_AT_START, Catalog
from superset_assets.semantics.comparison import DEFAULT, with_compared
from superset_assets.semantics.compose import compose
from superset_assets.semantics.events import Events
from superset_assets.semantics.measures import PREVIOUS, named_in
from superset_assets.semantics.rows import COUNTED_DATE
from superset_assets.semantics.states import States
from tests.metrics.reference import Question, Value

STARTS = {
    "day": COUNTED_DATE,
    "week": f"toMonday({COUNTED_DATE})",
    "month": f"toStartOfMonth({COUNTED_DATE})",
    "quarter": f"toStartOfQuarter({COUNTED_DATE})",
    "year": f"toStartOfYear({COUNTED_DATE})",
}
MODEL = "attribution_model"
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Warehouse:
    """The marts of a shop, and the definitions of the metrics."""

    client: Client
    manifest: Manifest
    today: date

    @cached_property
    def catalog(self) -> Catalog:
        """What there is to ask for."""
        return Catalog.of(write_catalog(self.manifest))

    def slices_of(self, metric: str) -> set[str]:
        """The slices that a metric is offered with."""
        catalog = self.catalog
        offered = set(catalog.slices)
        if "P" not in self.manifest.metrics[metric].meta["slices"]:
            offered -= {name for name, column in catalog.slices.items() if column.group == "P"}
        measures, _ = named_in(self.expression(metric), catalog)
        of_channels = catalog.tables[CHANNEL_STATES]
        states = {States.state_of(name) for name in measures} - {None}
        if states - of_channels.keys():
            offered -= {"mailing_channel"}
        if any(name.startswith(PREVIOUS) for name in measures):
            offered -= {RFM_AT_START}
        events = Events(asked.Question(frozenset(measures)), catalog, self.today)
        counted = {name for name in measures if catalog.tables[EVENTS].get(name)}
        return {name for name in offered if events.knows(counted, name)}

    def expression(self, metric: str, compared: str | None = None) -> str:
        """The SQL of a metric, given the one that campaigns are compared by."""
        written = MetricSql(self.manifest)
        return with_compared(written.expression(metric), written.expression(compared or DEFAULT))

    def sql(self, question: Question) -> str:
        """The statement that answers a question."""
        expression = self.expression(question.metric, question.compared)
        catalog = self.catalog
        measures, mentioned = named_in(expression, catalog)
        switched = MODEL in question.filters and MODEL not in question.group
        rows = compose(
            asked.Question(
                measures=frozenset(measures),
                grouped=question.group,
                mentioned=tuple(sorted(mentioned - set(question.group))),
                filters=tuple(
                    asked.Filter(name, "IN", sorted(words))
                    for name, words in question.filters.items()
                    if not (switched and name == MODEL)
                ),
                period=Period(question.since, question.till),
                grain=question.grain,
                basis=question.basis,
                attribution_model=min(question.filters[MODEL]) if switched else None,
            ),
            catalog,
            self.today,
        )
        bucket = STARTS[question.grain] if question.grain else "null"
        keys = [f"{bucket} as bucket", *(f"toString({name})" for name in question.group)]
        numbers = ", ".join(str(n) for n in range(1, len(keys) + 1))
        grouping = f"group by {numbers}" if question.grain or question.group else ""
        return (
            f"select {', '.join(keys)}, toString({expression}) from ({rows}) as facts "
            f"where {COUNTED_DATE} >= '{question.since}' and {COUNTED_DATE} <= '{question.till}' "
            f"{grouping}"
        )

    def answer(self, question: Question) -> dict[Key, Value]:
        """The metric by the bucket's first day (None without an axis) and the sliced words."""
        rows = self.client.query(self.sql(question)).result_rows
        return {
            tuple(keys): None if value in (None, "nan", "inf") else Decimal(value)
            for *keys, value in rows
        }
