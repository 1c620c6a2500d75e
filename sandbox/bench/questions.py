"""What the six boards ask: their main metrics as a number, by months and by a slice.

Each is asked as the board opens and with one slice more. The SQL is the one that Superset would
send: the rows are composed by `superset_assets/semantics`, the metric's own SQL stands around them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from superset_assets.metric_sql import MetricSql
from superset_assets.semantics import question as asked
from superset_assets.semantics.compose import compose
from superset_assets.semantics.measures import named_in
from superset_assets.semantics.rows import COUNTED_DATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from superset_assets.manifest import Manifest
    from superset_assets.semantics.calendar import Period
    from superset_assets.semantics.catalog import Catalog

NUMBER, BEFORE, MONTHS = "number", "number of the year before", "months"
AS_OPENED = "as opened"
SLICES: Mapping[str, str] = {
    "customer": "gender",
    "customer today": "gender_now",
    "origin": "acq_channel",
    "product": "category",
    "mailing": "mailing_channel",
    "brand": "brand",
}
"""The slice that is added to a board, by what it is a slice of."""


@dataclass(frozen=True)
class Board:
    """What is measured of a board.

    Attributes:
        metrics: names of its main metrics.
        breakdown: the slice that its tables and bars are by.
    """

    metrics: tuple[str, ...]
    breakdown: str


BOARDS: Mapping[str, Board] = {
    "mailings": Board(
        ("sent", "open_rate", "click_rate", "unsubscribe_rate", "recipients", "mail_revenue"),
        "mailing_channel",
    ),
    "crm": Board(
        ("revenue", "buyers", "aov", "active_customers", "retention_rate", "mail_revenue_share"),
        "region",
    ),
    "customer_base": Board(
        ("contacts", "reachability", "base_net_growth", "new_subscribers", "reach_share"),
        "age_band",
    ),
    "campaign_comparison": Board(
        ("delivered", "click_rate", "mail_revenue", "mail_order_conversion"), "mailing"
    ),
    "mailing_orders": Board(
        ("mail_orders", "mail_revenue", "mail_units", "mail_buyers"), "category"
    ),
    "sales_funnel": Board(
        ("site_visits", "product_view_sessions", "cr_visit_order", "visitors", "cart_abandon_rate"),
        "traffic_source",
    ),
}


@dataclass(frozen=True)
class BoardQuestion:
    """One query of a board.

    Attributes:
        board: section it belongs to.
        metric: name of the metric.
        shape: a number, by months, or the slice that it is broken down by.
        added: what is filtered by beside the period: a key of `SLICES`, or as opened.
        statement: the SQL.
    """

    board: str
    metric: str
    shape: str
    added: str
    statement: str

    @property
    def name(self) -> str:
        """How the results name it."""
        return f"{self.board}: {self.metric}, {self.shape}, {self.added}"


class Asking:
    """Writes the questions of the boards over a year of a warehouse."""

    def __init__(
        self,
        manifest: Manifest,
        catalog: Catalog,
        *,
        year: Period,
        values: Mapping[str, str],
        today: date,
    ) -> None:
        """Take what there is to ask of.

        Args:
            manifest: dbt's manifest, with the metrics' SQL.
            catalog: the marts.
            year: the period of the boards; numbers are asked for the one before it, too.
            values: a frequent value by slice, for all of `SLICES`.
            today: where periods without an end would end.
        """
        self._manifest = manifest
        self._catalog = catalog
        self._year = year
        self._values = values
        self._today = today

    def questions(self) -> Iterator[BoardQuestion]:
        """All questions of all boards."""
        for section, board in BOARDS.items():
            for metric in board.metrics:
                yield from self._of_metric(section, metric, board.breakdown)

    def _of_metric(self, section: str, metric: str, breakdown: str) -> Iterator[BoardQuestion]:
        for added in (AS_OPENED, *SLICES):
            chosen = SLICES.get(added)
            if not self._is_offered(metric, chosen):
                continue
            filters = {chosen: self._values[chosen]} if chosen else {}
            of_shapes = {
                NUMBER: self._statement(metric, self._year, filters),
                MONTHS: self._statement(metric, self._year, filters, grain="month"),
            }
            if not filters:
                of_shapes[BEFORE] = self._statement(metric, self._year.before, filters)
            if self._is_offered(metric, breakdown):
                of_shapes[f"by {breakdown}"] = self._statement(
                    metric, self._year, filters, group=breakdown
                )
            for shape, statement in of_shapes.items():
                yield BoardQuestion(section, metric, shape, added, statement)

    def _is_offered(self, metric: str, name: str | None) -> bool:
        """Whether a metric is meant to be cut by a slice; brands and dates are for all of them."""
        if name is None:
            return True
        group = self._catalog.slices[name].group
        return group == "T" or group in self._manifest.metrics[metric].meta["slices"]

    def _statement(
        self,
        metric: str,
        period: Period,
        filters: Mapping[str, str],
        *,
        grain: str | None = None,
        group: str | None = None,
    ) -> str:
        expression = MetricSql(self._manifest).expression(metric)
        measures, mentioned = named_in(expression, self._catalog)
        grouped = (group,) if group else ()
        rows = compose(
            asked.Question(
                measures=frozenset(measures),
                grouped=grouped,
                mentioned=tuple(sorted(mentioned - set(grouped))),
                filters=tuple(asked.Filter(name, "IN", [word]) for name, word in filters.items()),
                period=period,
                grain=grain,
            ),
            self._catalog,
            self._today,
        )
        keys = [f"toStartOfMonth({COUNTED_DATE}) as bucket"] if grain else []
        keys += [f"toString({name}) as {name}_word" for name in grouped]
        numbers = ", ".join(str(number + 1) for number in range(len(keys)))
        return (
            f"select {', '.join([*keys, f'{expression} as metric'])}\nfrom ({rows}) as facts\n"
            f"where {COUNTED_DATE} >= toDate('{period.since}')"
            f" and {COUNTED_DATE} <= toDate('{period.till}')"
            f"{f' group by {numbers}' if keys else ''}"
        )
