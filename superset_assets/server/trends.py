"""The linear trend of a chart: which metric the line is fitted to, and where it cannot be."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from superset_assets.semantics.catalog import Catalog
from superset_assets.semantics.comparison import with_compared
from superset_assets.semantics.question import Question, QuestionError
from superset_assets.semantics.trend import line, mentions_trend
from superset_assets.semantics.windows import OVER
from superset_assets.server.asked import columns_of, metric_sql, series_sql
from superset_assets.server.told import told


def trend_line(
    dataset: Any,
    asked: Mapping[str, Any],
    put: Question,
    *,
    compared: str,
    catalog: Catalog,
    today: date,
) -> tuple[str, str]:
    """Height and slope of the line through the first other metric of a query, as SQL.

    Where no metric of the query is a trend, two empty words.

    Args:
        dataset: the dataset «Показатели».
        asked: the arguments that Superset writes the query by.
        put: the question that they put.
        compared: SQL of the metric that campaigns are compared by.
        catalog: what there is.
        today: the day that is not over yet.

    Raises:
        QuestionError: the query has no time axis, or nothing that a line could be fitted to.
    """
    metrics = asked.get("metrics") or []
    sorting = [asked.get("series_limit_metric"), asked.get("timeseries_limit_metric")]
    mentioned = [*metrics, *(each[0] for each in asked.get("orderby") or []), *sorting]
    if not any(mentions_trend(metric_sql(dataset, each)) for each in mentioned if each):
        return "", ""
    if put.grain is None:
        raise QuestionError(
            told(
                "Линейному тренду нужна ось времени: поставьте на ось X столбец «Дата».",
                "The linear trend needs a time axis: put the column “Date” on the X axis.",
            )
        )
    others = [sql for each in metrics if not mentions_trend(sql := metric_sql(dataset, each))]
    if not others:
        raise QuestionError(
            told(
                "Линейный тренд проводится по другому показателю: добавьте его в график.",
                "The linear trend is fitted to another metric: add one to the chart.",
            )
        )
    sql = with_compared(others[0], compared)
    if OVER.search(sql):
        raise QuestionError(
            told(
                "Первый показатель графика сам сравнивает строки: тренда по нему нет. "
                "Поставьте первым другой показатель.",
                "The chart's first metric compares rows itself and has no trend. "
                "Put another metric first.",
            )
        )
    _refuse_wrong_limits(dataset, asked)
    series = series_sql(dataset, columns_of(asked))
    return line(sql, series, put.period, put.grain, catalog=catalog, today=today)


def _refuse_wrong_limits(dataset: Any, asked: Mapping[str, Any]) -> None:
    """Series cannot be picked by a trend: it is known once they are drawn.

    Raises:
        QuestionError: they are to be, or the rest of them is to be one series.
    """
    if not (asked.get("series_limit") or asked.get("timeseries_limit")):
        return
    given = asked.get("series_limit_metric") or asked.get("timeseries_limit_metric")
    picked_by = given or (asked.get("metrics") or [""])[0]
    if mentions_trend(metric_sql(dataset, picked_by)):
        raise QuestionError(
            told(
                "Ряды нельзя отобрать по линейному тренду: поставьте его после показателя "
                "и отберите ряды по показателю.",
                "Series cannot be limited by the linear trend: put it after the metric "
                "and limit series by that metric.",
            )
        )
    if asked.get("group_others_when_limit_reached"):
        raise QuestionError(
            told(
                "Линейный тренд не проводится по ряду «Прочие»: не объединяйте остальные ряды.",
                "The linear trend has no line for “Others”: do not group the remaining series.",
            )
        )
