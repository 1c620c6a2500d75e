"""What a chart asks beside its metrics does not change them."""

import pytest

from tests.superset.chart_data import ChartData, query
from tests.superset.test_numbers import PERIOD

NAMES = ["customers_total", "active_customers", "reachable_contacts", "retention_rate", "orders"]


@pytest.mark.parametrize("column", ["brand", "gender", "region"])
def test_bars_show_what_a_table_shows(metrics: ChartData, column: str) -> None:
    axis = {
        "columnType": "BASE_AXIS",
        "expressionType": "SQL",
        "isColumnReference": True,
        "label": column,
        "sqlExpression": column,
        "timeGrain": "P1M",
    }
    asked = query(NAMES, PERIOD)
    asked = {**asked, "columns": [axis], "extras": {"time_grain_sqla": "P1M"}}
    bars = {row[column]: row for row in metrics.results(asked)[0]["data"]}
    table = {row[column]: row for row in metrics.rows(NAMES, PERIOD, columns=(column,))}
    assert bars == table
    assert sum(row["customers_total"] for row in table.values()) > 0


def test_a_time_axis_is_ordered_by_its_buckets(metrics: ChartData) -> None:
    for ascending in (True, False):
        rows = metrics.rows(["customers_total"], PERIOD, grain="P1M", orderby=[["date", ascending]])
        dates = [row["date"] for row in rows]
        assert len(set(dates)) == len(dates) > 1
        assert dates == sorted(dates, reverse=not ascending)


def test_a_metric_is_the_same_in_whatever_company_it_is_asked(metrics: ChartData) -> None:
    names = ["lifetime_expected", "clv_simple", "period_retention_rate"]
    (together,) = metrics.rows(names, PERIOD)
    alone = {name: metrics.rows([name], PERIOD)[0][name] for name in names}
    assert together == pytest.approx(alone)
    assert all(alone.values())
