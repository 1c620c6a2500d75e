"""Asking Superset for numbers as a chart on a board does."""

from dataclasses import dataclass
from typing import Any

from superset_assets.client import SupersetClient
from superset_assets.dataset_builder import dataset_uuid
from tests.superset.stack import Stack

Row = dict[str, Any]


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

    def answer(
        self,
        metrics: list[str],
        period: tuple[str, str],
        *,
        grain: str | None = None,
        columns: tuple[str, ...] = (),
        where: tuple[tuple[str, list[Any]], ...] = (),
        compare: str | None = None,
    ) -> Row:
        filters = [{"col": name, "op": "IN", "val": values} for name, values in where]
        period_filter = {"col": "date", "op": "TEMPORAL_RANGE", "val": " : ".join(period)}
        axis = {
            "timeGrain": grain,
            "columnType": "BASE_AXIS",
            "sqlExpression": "date",
            "label": "date",
            "expressionType": "SQL",
        }
        query = {
            "columns": [*([axis] if grain else []), *columns],
            "metrics": metrics,
            "filters": [*filters, period_filter],
            "extras": {"time_grain_sqla": grain} if grain else {},
            "time_offsets": [compare] if compare else [],
            "row_limit": 50_000,
        }
        body = {
            "datasource": {"id": self.dataset_id, "type": "table"},
            "force": True,
            "queries": [query],
            "result_format": "json",
            "result_type": "full",
        }
        result: Row = self.client.post("chart/data", json=body)["result"][0]
        assert result["rejected_filters"] == []
        return result

    def rows(self, *args: Any, **kwargs: Any) -> list[Row]:
        data: list[Row] = self.answer(*args, **kwargs)["data"]
        return data
