"""Asking Superset for numbers as a chart on a board does."""

import json
from dataclasses import dataclass
from typing import Any

from superset_assets.client import SupersetClient, SupersetError
from superset_assets.dataset_builder import dataset_uuid
from tests.superset.stack import Stack

Row = dict[str, Any]
Where = tuple[tuple[str, list[Any]], ...]


def query(
    metrics: list[str],
    period: tuple[str, str],
    *,
    grain: str | None = None,
    columns: tuple[str, ...] = (),
    where: Where = (),
    compare: str | None = None,
    **more: Any,
) -> Row:
    """A query as a chart writes it; `more` are further fields of Superset's query object."""
    axis = {
        "timeGrain": grain,
        "columnType": "BASE_AXIS",
        "sqlExpression": "date",
        "label": "date",
        "expressionType": "SQL",
    }
    return {
        "columns": [*([axis] if grain else []), *columns],
        "metrics": metrics,
        "filters": [
            *({"col": name, "op": "IN", "val": values} for name, values in where),
            {"col": "date", "op": "TEMPORAL_RANGE", "val": " : ".join(period)},
            *more.pop("filters", []),
        ],
        "extras": {"time_grain_sqla": grain} if grain else {},
        "time_offsets": [compare] if compare else [],
        "row_limit": 50_000,
        **more,
    }


@dataclass(frozen=True)
class ChartData:
    """One dataset behind the endpoint of charts."""

    client: SupersetClient
    dataset_id: int

    @classmethod
    def of(cls, stack: Stack, dataset: str) -> "ChartData":
        found = stack.client.by_uuid("dataset", dataset_uuid(dataset))
        assert found is not None
        return cls(stack.client, found["id"])

    def results(self, *queries: Row, result_type: str = "full", force: bool = True) -> list[Row]:
        """The answers to the queries of one request."""
        body = {
            "datasource": {"id": self.dataset_id, "type": "table"},
            "force": force,
            "queries": list(queries),
            "result_format": "json",
            "result_type": result_type,
        }
        found: list[Row] = self.client.post("chart/data", json=body)["result"]
        return found

    def answer(self, *args: Any, **kwargs: Any) -> Row:
        """The answer to one query."""
        (result,) = self.results(query(*args, **kwargs))
        assert result["rejected_filters"] == []
        return result

    def rows(self, *args: Any, **kwargs: Any) -> list[Row]:
        """The rows of the answer to one query."""
        data: list[Row] = self.answer(*args, **kwargs)["data"]
        return data


def reason(refused: SupersetError) -> str:
    """What Superset says to whoever asked."""
    message: str = json.loads("{" + str(refused).partition("{")[2])["message"]
    return message
