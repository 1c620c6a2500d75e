"""The dataset «Показатели»: every query of it is composed from what it asks.

Superset asks for metrics by slices; which rows that takes is the business of `semantics`. Its own
way to write SQL by the question, Jinja, does not tell a template which metrics a chart sorts by and
which conditions it adds, and reads filters from the first of a chart's queries only. So the
question is taken where Superset writes the query, and the dataset's SQL, `{{ facts() }}`, gives its
rows.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import cache
from typing import Any, TypeVar

from superset import security_manager
from superset.exceptions import QueryObjectValidationError
from superset.models.helpers import ExploreMixin, SqlaQuery, ValidationResultDict

from superset_assets.dataset_builder import (
    ATTRIBUTION_MODEL,
    BY_EVENT_DATE,
    COMPARED_METRIC,
    DATE_BASIS,
    METRICS,
)
from superset_assets.semantics.calendar import DAY, GRAINS, Period
from superset_assets.semantics.catalog import Catalog
from superset_assets.semantics.comparison import (
    COMPARED,
    DEFAULT,
    OTHERS,
    with_compared,
)
from superset_assets.semantics.compose import compose
from superset_assets.semantics.conditions import NOT_APPLICABLE, listed, literal
from superset_assets.semantics.intervals import BEGINNING
from superset_assets.semantics.listing import no_rows, with_calculated
from superset_assets.semantics.measures import named_in
from superset_assets.semantics.question import (
    EVENT,
    SEND,
    Question,
    QuestionError,
    Window,
    filters_of,
    period_of,
)
from superset_assets.semantics.rows import COUNTED_DATE
from superset_assets.server.asked import columns_of
from superset_assets.server.limits import refuse_wrong_windows
from superset_assets.server.trends import trend_line

SWITCHES = (DATE_BASIS, ATTRIBUTION_MODEL, COMPARED_METRIC)
Named = tuple[set[str], set[str]]
Given = Mapping[str, Any]
_Held = TypeVar("_Held")
_rows: ContextVar[str] = ContextVar("rows of the question that is being asked")
_compared: ContextVar[str] = ContextVar("SQL of the metric that is compared by")
_trend: ContextVar[tuple[str, str]] = ContextVar("SQL of the trend's height and slope")
_window: ContextVar[Window | None] = ContextVar("window that figures are of", default=None)


@cache
def catalog() -> Catalog:
    """The catalogue of this installation, read once per process."""
    return Catalog.read()


def facts() -> str:
    """The rows of the question that is being asked, for the dataset's SQL.

    Where nothing is asked, as when Superset looks for the columns of the dataset, there are none.
    """
    return _rows.get(None) or no_rows(catalog())


def compared() -> str:
    """The SQL of the metric that the question compares campaigns by, for metrics about it."""
    return with_compared(COMPARED, _compared.get())


def others() -> str:
    """The same metric of all other rows together."""
    return with_compared(OTHERS, _compared.get())


def trend() -> str:
    """The height of the line through the first other metric of the query."""
    return _trend.get()[0]


def trend_step() -> str:
    """Its change per bucket of the time axis."""
    return _trend.get()[1]


@contextmanager
def over(window: Window | None) -> Iterator[None]:
    """Have the questions put meanwhile answered over windows.

    Args:
        window: the window; None leaves the one that holds already.
    """
    with _holding(_window, window or _window.get()):
        yield


def compose_questions() -> None:
    """Have Superset compose the rows of the dataset «Показатели» by the question."""
    write_query, list_values = ExploreMixin.get_sqla_query, ExploreMixin.values_for_column
    validate = ExploreMixin.validate_expression

    def get_sqla_query(self: ExploreMixin, **asked: Any) -> SqlaQuery:
        if not is_composed(self):
            return write_query(self, **asked)
        own, others = _own_filters(asked.get("filter") or [])
        with _asking(self, asked):
            ordered = {"orderby": _by_the_axis(asked)} if asked.get("orderby") else {}
            written = write_query(self, **{**asked, "filter": others, **ordered})
        applied = [*written.applied_filter_columns, *(each["col"] for each in own)]
        return written._replace(applied_filter_columns=applied)

    def values_for_column(self: ExploreMixin, column_name: str, *args: Any, **kwargs: Any) -> Any:
        if not is_composed(self):
            return list_values(self, column_name, *args, **kwargs)
        with _asking(self, {"columns": [column_name], "metrics": []}):
            return list_values(self, column_name, *args, **kwargs)

    def validate_expression(
        self: ExploreMixin, expression: str, *args: Any, **kwargs: Any
    ) -> ValidationResultDict:
        if not is_composed(self):
            return validate(self, expression, *args, **kwargs)
        with _asking(self, {"metrics": [{"sqlExpression": expression}]}):
            return validate(self, expression, *args, **kwargs)

    ExploreMixin.get_sqla_query = get_sqla_query
    ExploreMixin.values_for_column = values_for_column
    ExploreMixin.validate_expression = validate_expression


def is_composed(dataset: Any) -> bool:
    """Whether a dataset is the one whose rows are composed."""
    return getattr(dataset, "table_name", None) == METRICS and "facts()" in (dataset.sql or "")


def question(dataset: Any, asked: Mapping[str, Any], today: date) -> Question:
    """What a query asks, from the arguments that Superset writes it by."""
    reader = _Reader(dataset)
    own, others = _own_filters(asked.get("filter") or [])
    columns = columns_of(asked)
    metrics = [*(asked.get("metrics") or []), asked.get("series_limit_metric")]
    metrics += [asked.get("timeseries_limit_metric")]
    metrics += [each[0] for each in asked.get("orderby") or []]
    metrics += [each["col"] for each in others]
    extras = asked.get("extras") or {}
    measures, mentioned = reader.of_metrics(each for each in metrics if each)
    for condition in (extras.get("where"), extras.get("having"), *_brand_rules(dataset)):
        more_measures, more_slices = reader.of_sql(condition or "")
        measures |= more_measures
        mentioned |= more_slices
    grouped: dict[str, None] = {}
    # The rows behind a number have no measures; a column made of some cannot apply to them.
    is_detailed = asked.get("metrics") is None and not asked.get("groupby")
    for column in columns:
        more_measures, more_slices = reader.of_column(column)
        measures |= more_measures & {COUNTED_DATE} if is_detailed else more_measures
        grouped |= dict.fromkeys(sorted(more_slices))
    filters = filters_of(own)
    # Whoever cuts by models compares them; otherwise one model speaks.
    switches = [name for name in SWITCHES if name not in grouped]
    chosen = {each.slice: listed(each) for each in filters if each.slice in switches}
    models = chosen.get(ATTRIBUTION_MODEL) or [None]
    return Question(
        measures=frozenset(measures),
        grouped=tuple(grouped),
        mentioned=tuple(sorted(mentioned - grouped.keys())),
        filters=tuple(each for each in filters if each.slice not in switches),
        period=_period(asked, today),
        grain=_grain(columns, asked),
        basis=EVENT if BY_EVENT_DATE in chosen.get(DATE_BASIS, []) else SEND,
        attribution_model=models[0],
        restricted_to_brands=any("brand" in rule for rule in _brand_rules(dataset)),
        is_detailed=is_detailed,
        window=_window.get(),
    )


def _of_slices(dataset: Any, asked: Mapping[str, Any]) -> dict[str, str | None]:
    """Calculated columns as rows without measures have them: those asked for, and the date."""
    wanted = {"date", *(each for each in columns_of(asked) if isinstance(each, str))}
    columns = {
        each.column_name: each.expression for each in dataset.columns if each.column_name in wanted
    }
    measured = {
        name
        for name, expression in columns.items()
        if named_in(expression or "", catalog())[0] - {COUNTED_DATE}
    }
    return columns | dict.fromkeys(measured, literal(NOT_APPLICABLE))


class _Reader:
    """Finds the measures and slices that parts of a query name."""

    def __init__(self, dataset: Any) -> None:
        self._metrics = {each.metric_name: each.expression for each in dataset.metrics}
        self._columns = {each.column_name: each.expression for each in dataset.columns}

    def of_sql(self, sql: str) -> Named:
        """What a piece of SQL names, calculated columns taken apart."""
        if COMPARED in sql or OTHERS in sql:
            sql = with_compared(sql, _compared.get())
        measures, slices = named_in(sql, catalog())
        for name, expression in self._columns.items():
            if expression and name in sql:
                more_measures, more_slices = named_in(expression, catalog())
                measures |= more_measures
                slices |= more_slices
        return measures, slices

    def of_column(self, column: Any) -> Named:
        """What a column of the query names: a column of the dataset, or SQL."""
        if isinstance(column, Mapping):
            return self.of_sql(str(column.get("sqlExpression", "")))
        return self.of_sql(self._columns.get(column) or column)

    def of_metrics(self, metrics: Iterable[Any]) -> Named:
        """What metrics name, saved ones and those written in a chart."""
        measures: set[str] = set()
        slices: set[str] = set()
        for metric in metrics:
            more_measures, more_slices = self.of_sql(self._sql(metric))
            measures |= more_measures
            slices |= more_slices
        return measures, slices

    def _sql(self, metric: Any) -> str:
        if isinstance(metric, Mapping):
            column = metric.get("column") or {}
            return str(metric.get("sqlExpression") or column.get("column_name") or "")
        return str(self._metrics.get(metric) or self._columns.get(metric) or metric)


def _own_filters(given: Iterable[Given]) -> tuple[list[Given], list[Given]]:
    """Filters that are answered in the rows, and those that Superset writes around them."""
    own: list[Given] = []
    others: list[Given] = []
    for each in given:
        name = each["col"]
        is_own = isinstance(name, str) and (name in catalog().slices or name in SWITCHES)
        (own if is_own else others).append(each)
    return own, others


def _brand_rules(dataset: Any) -> list[str]:
    """The row-level rules that hold for the asker."""
    return [str(rule.clause) for rule in security_manager.get_rls_filters(dataset)]


def _grain(columns: Iterable[Any], asked: Mapping[str, Any]) -> str | None:
    """The grain of the time axis, None where the query has none."""
    for column in columns:
        if column == "date":
            return "day"
        if not isinstance(column, Mapping) or column.get("columnType") != "BASE_AXIS":
            continue
        # A bar chart writes its axis of words in the same way, with the board's time step.
        if column.get("sqlExpression") == "date":
            return GRAINS.get(str(column.get("timeGrain")), "day")
    if asked.get("is_timeseries") and asked.get("granularity"):
        return GRAINS.get(str((asked.get("extras") or {}).get("time_grain_sqla")), "day")
    return None


def _by_the_axis(asked: Mapping[str, Any]) -> list[tuple[Any, bool]]:
    """The query's order; where it is by time, by the buckets, whose dates alone are grouped by."""
    if _grain(columns_of(asked), asked) is None:
        return list(asked["orderby"])
    bucket = {"expressionType": "SQL", "label": "date", "sqlExpression": "date"}
    return [(bucket if by == "date" else by, ascending) for by, ascending in asked["orderby"]]


def _period(asked: Mapping[str, Any], today: date) -> Period | None:
    """The days asked for; a period open at one end reaches as far as there can be data."""
    since, till = asked.get("from_dttm"), asked.get("to_dttm")
    if since is None and till is None:
        return None
    return period_of(
        since.isoformat() if since else BEGINNING.isoformat(),
        till.isoformat() if till else (today + DAY).isoformat(),
    )


def _chosen_to_compare(dataset: Any, given: Iterable[Given]) -> str:
    """The SQL of the metric chosen by its label, of the default one without a choice.

    Raises:
        QuestionError: what is chosen is none of the choices.
    """
    own, _ = _own_filters(given)
    labels = [
        label for each in filters_of(own) if each.slice == COMPARED_METRIC for label in listed(each)
    ]
    chosen = catalog().compared.get(labels[0]) if labels else DEFAULT
    if chosen is None:
        raise QuestionError(f"campaigns cannot be compared by {labels[0]}")
    by_name = {each.metric_name: each for each in dataset.metrics}
    return str(by_name[chosen].expression)


@contextmanager
def _asking(dataset: Any, asked: Mapping[str, Any]) -> Iterator[None]:
    """Have the rows of a question at hand while Superset writes its query.

    Raises:
        QueryObjectValidationError: the question cannot be put; the board shows why.
    """
    # The process keeps the project's time (see the configuration).
    today = datetime.now().astimezone().date()
    try:
        chosen = _chosen_to_compare(dataset, asked.get("filter") or [])
        with _holding(_compared, chosen):
            put = question(dataset, asked, today)
        refuse_wrong_windows(put, asked)
        line = trend_line(dataset, asked, put, compared=chosen, catalog=catalog(), today=today)
        rows = compose(put, catalog(), today)
        if put.is_detailed:
            # Superset takes calculated columns for real ones there.
            rows = with_calculated(rows, _of_slices(dataset, asked))
    except QuestionError as error:
        raise QueryObjectValidationError(str(error)) from error
    with _holding(_compared, chosen), _holding(_trend, line), _holding(_rows, rows):
        yield


@contextmanager
def _holding(variable: ContextVar[_Held], value: _Held) -> Iterator[None]:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)
