"""Where people's own SQL may run: in SQL Lab's connections, and, checked, in charts.

The boards' connection reads every brand's rows, and its charts are cut by row-level rules around
the dataset. So no SQL of a person reaches it whole, and what is written into a chart of it names
columns and functions alone. Superset has no switch for that.
"""

from collections.abc import Iterator, Mapping
from functools import wraps
from inspect import signature
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from superset import security_manager
from superset.common.query_object import QueryObject
from superset.errors import ErrorLevel, SupersetError, SupersetErrorType
from superset.exceptions import QueryObjectValidationError, SupersetSecurityException
from superset.models.helpers import ExploreMixin
from superset.security import SupersetSecurityManager

from superset_assets.server.told import told

# Whoever may write SQL anywhere may write it in a chart.
RIGHT = ("can_execute_sql_query", "SQLLab")
_TEMPLATE_MARKS = ("{{", "{%", "{#")
# They read other tables, or make rows of what they are told.
_READING = {"in", "notin", "nullin", "notnullin", "file", "catboostevaluate"} | {
    f"global{name}" for name in ("in", "notin", "nullin", "notnullin")
}
_READING_PREFIXES = ("dict", "joinget")


def guard_own_sql() -> None:
    """Have Superset refuse people's SQL where it could read what they may not."""
    _guard_charts()
    _guard_connections()


def _guard_charts() -> None:
    write_query, validate = ExploreMixin.get_sqla_query, ExploreMixin.validate_expression
    sanitize = QueryObject._sanitize_filters  # noqa: SLF001  (no public place comes before it)

    def get_sqla_query(self: ExploreMixin, **asked: Any) -> Any:
        _check(self, list(_own(self, asked)))
        return write_query(self, **asked)

    def _sanitize_filters(self: QueryObject) -> None:
        # Superset renders templates of conditions here, long before it writes the query.
        written = [str(self.extras.get(key) or "") for key in ("where", "having")]
        if any(mark in sql for sql in written for mark in _TEMPLATE_MARKS):
            _check(self.datasource, written)
        sanitize(self)

    def validate_expression(self: ExploreMixin, expression: str, *args: Any, **more: Any) -> Any:
        _check(self, [expression])
        return validate(self, expression, *args, **more)

    ExploreMixin.get_sqla_query = get_sqla_query
    QueryObject._sanitize_filters = _sanitize_filters  # noqa: SLF001
    ExploreMixin.validate_expression = validate_expression


def _own(dataset: Any, asked: Mapping[str, Any]) -> Iterator[str]:
    """The SQL that a query brings along: what is neither a saved metric nor a column."""
    columns = {each.column_name for each in dataset.columns}
    named = [*(asked.get(key) or [] for key in ("metrics", "columns", "groupby"))]
    parts = [part for each in named for part in each]
    parts += [asked.get("series_limit_metric"), asked.get("timeseries_limit_metric")]
    parts += [each[0] for each in asked.get("orderby") or []]
    parts += [each.get("col") for each in asked.get("filter") or []]
    for part in parts:
        sql = part.get("sqlExpression") if isinstance(part, Mapping) else None
        if sql and sql not in columns:
            yield str(sql)
    extras = asked.get("extras") or {}
    yield from (str(extras[key]) for key in ("where", "having") if extras.get(key))


def _check(dataset: Any, written: list[str]) -> None:
    """Refuse what the asker may not write.

    Raises:
        QueryObjectValidationError: it is refused; the chart shows why.
    """
    if not written or security_manager.is_admin():
        return
    if not security_manager.can_access(*RIGHT):
        raise QueryObjectValidationError(
            told(
                "Свой SQL в диаграммах доступен роли «Аналитик»: выберите готовый показатель "
                "или срез из списка.",
                "Own SQL in charts is for the role «Аналитик»: choose a saved metric or slice.",
            )
        )
    if dataset.database.expose_in_sqllab:
        # Its rows are cut by ClickHouse itself.
        return
    for sql in written:
        if any(mark in sql for mark in _TEMPLATE_MARKS) or not reads_columns_alone(sql):
            raise QueryObjectValidationError(
                told(
                    "Свой SQL в диаграмме может называть столбцы и функции, но не другие таблицы "
                    "и не шаблоны: для этого есть SQL Lab.",
                    "Own SQL in a chart may name columns and functions, neither other tables nor "
                    "templates: SQL Lab is for those.",
                )
            )


def reads_columns_alone(sql: str) -> bool:
    """Whether an expression reads columns of its own rows and nothing else.

    ClickHouse reads a table not only in a subquery: `x IN name` and some functions do too.
    """
    try:
        (tree,) = sqlglot.parse(f"SELECT {sql}", read="clickhouse")
    except (SqlglotError, ValueError):
        return False
    return (
        isinstance(tree, exp.Select)
        and len(tree.expressions) == 1
        and not any(_reads_elsewhere(node) for node in tree.walk() if node is not tree)
    )


def _reads_elsewhere(node: Any) -> bool:
    if isinstance(node, exp.Query | exp.Table | exp.From | exp.Command):
        return True
    if isinstance(node, exp.Column):
        return bool(node.table)
    if isinstance(node, exp.In):
        listed = node.args.get("field")
        return not (listed is None or isinstance(listed, exp.Array | exp.Struct)) or any(
            isinstance(each, exp.Column | exp.Identifier | exp.Dot) for each in node.expressions
        )
    if isinstance(node, exp.Func):
        name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
        called = str(name).lower()
        return called in _READING or called.startswith(_READING_PREFIXES)
    return False


def _guard_connections() -> None:
    """Keep SQL of people away from connections that are not for it.

    Superset looks for the tables of a query and lets a query pass in which it sees none.
    """
    shipped = SupersetSecurityManager.raise_for_access
    asks = signature(shipped)

    @wraps(shipped)
    def raise_for_access(self: SupersetSecurityManager, *args: Any, **more: Any) -> None:
        asked = asks.bind(self, *args, **more).arguments
        if not self.is_admin() and _misuses_the_boards(self, asked):
            raise SupersetSecurityException(
                SupersetError(
                    message=told(
                        "Это подключение служит доскам. Для своих запросов есть другие.",
                        "This connection serves the boards. There are others for own queries.",
                    ),
                    error_type=SupersetErrorType.DATABASE_SECURITY_ACCESS_ERROR,
                    level=ErrorLevel.ERROR,
                )
            )
        shipped(self, *args, **more)

    SupersetSecurityManager.raise_for_access = raise_for_access


def _misuses_the_boards(manager: SupersetSecurityManager, asked: Mapping[str, Any]) -> bool:
    """Whether SQL, or a dataset that nobody was given, goes through the boards' connection.

    Whoever makes a dataset owns it, and Superset lets owners read it.
    """
    query = asked.get("query")
    database = getattr(query, "database", None) or asked.get("database")
    if (query or asked.get("sql")) and database is not None:
        return not database.expose_in_sqllab
    asking = asked.get("query_context") or asked.get("viz")
    dataset = asked.get("datasource") or getattr(asking, "datasource", None)
    database = getattr(dataset, "database", None)
    if database is None or database.expose_in_sqllab:
        return False
    return not manager.can_access("datasource_access", getattr(dataset, "perm", None) or "")
