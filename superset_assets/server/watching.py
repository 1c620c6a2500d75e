"""What alerts watch: a metric of the catalogue over the last days, and how old the data are.

Alerts hold SQL. These functions write it when an alert is run, from the metric's one definition and
the days that are over by then.
"""

from datetime import date, datetime, timedelta
from typing import Any

from superset import db
from superset.connectors.sqla.models import SqlaTable

from superset_assets.dataset_builder import METRICS, dataset_uuid

LAST_DAY = "select max(date_day) from marts.dim_date"


class UnknownMetricError(ValueError):
    """An alert watches a metric that is not defined."""


def change_in_percent(metric: str, days: int) -> str:
    """SQL of one number: how a metric changed, in percent of what it was.

    The last `days` whole days of the project's time zone are compared with as many before; counted
    as boards do at first. NULL, which alerts nobody, where there was nothing to compare with.

    Args:
        metric: name of a metric of the catalogue.
        days: length of both periods.

    Raises:
        UnknownMetricError: there is no such metric.
    """
    # The process keeps the project's time (see the configuration).
    today = datetime.now().astimezone().date()
    middle = today - timedelta(days=days)
    now = _value(metric, middle, today)
    before = _value(metric, middle - timedelta(days=days), middle)
    return f"select (toFloat64(({now})) / nullIf(toFloat64(({before})), 0) - 1) * 100 as change"


def days_since_the_last_loaded() -> str:
    """SQL of one number: how many days ago the last day was that any loaded fact speaks of."""
    today = datetime.now().astimezone().date()
    return f"select dateDiff('day', ({LAST_DAY}), toDate('{today}')) as days"


def _value(metric: str, since: date, till: date) -> str:
    """The statement of a metric over days, the last one excluded."""
    dataset = db.session.query(SqlaTable).filter_by(uuid=dataset_uuid(METRICS)).one()
    if metric not in {each.metric_name for each in dataset.metrics}:
        raise UnknownMetricError(f"an alert watches {metric}, which is no metric")
    asked: dict[str, Any] = {
        "columns": [],
        "extras": {},
        "filter": [],
        "from_dttm": datetime.combine(since, datetime.min.time()),
        "granularity": dataset.main_dttm_col,
        "is_timeseries": False,
        "metrics": [metric],
        "to_dttm": datetime.combine(till, datetime.min.time()),
    }
    return str(dataset.get_query_str_extended(asked).sql).strip().rstrip(";")
