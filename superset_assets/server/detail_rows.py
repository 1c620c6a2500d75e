"""Rows beneath a figure, for whoever has the right to them.

Superset asks for that right where its own page fetches rows, but hands them to everybody who may
read the dataset when a chart's query asks for them by type.
"""

from functools import wraps
from inspect import signature
from typing import Any

from superset.common.chart_data import ChartDataResultType
from superset.common.query_context import QueryContext
from superset.errors import ErrorLevel, SupersetError, SupersetErrorType
from superset.exceptions import SupersetSecurityException
from superset.security import SupersetSecurityManager

from superset_assets.server.told import told

RIGHT = ("can_samples", "Datasource")
ROWS = {ChartDataResultType.SAMPLES, ChartDataResultType.DRILL_DETAIL}


def guard_detail_rows() -> None:
    """Have a chart's query refused that asks for rows which the asker may not see."""
    shipped = SupersetSecurityManager.raise_for_access
    asks = signature(shipped)

    @wraps(shipped)
    def raise_for_access(self: SupersetSecurityManager, *args: Any, **more: Any) -> None:
        asked = asks.bind(self, *args, **more).arguments.get("query_context")
        if asked is not None and _asks_for_rows(asked) and not self.can_access(*RIGHT):
            raise SupersetSecurityException(
                SupersetError(
                    message=told(
                        "Строки под диаграммой доступны роли «Аналитик».",
                        "Rows beneath a chart are for the role «Аналитик».",
                    ),
                    error_type=SupersetErrorType.DATASOURCE_SECURITY_ACCESS_ERROR,
                    level=ErrorLevel.ERROR,
                )
            )
        shipped(self, *args, **more)

    SupersetSecurityManager.raise_for_access = raise_for_access


def _asks_for_rows(asked: QueryContext) -> bool:
    types = [asked.result_type, *(query.result_type for query in asked.queries)]
    return any(each in ROWS for each in types)
