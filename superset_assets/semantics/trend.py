"""The linear trend: the least-squares line through what a chart shows of another metric.

Its x is the number of the bucket, so that months weigh the same whatever their length and the slope
is a change per step of the axis. It is fitted to the finished values, by a window over the answer's
rows, so that it is as good for rates and distinct counts as for sums. Buckets that are not over, or
that the period cuts, are left out of the fit; the line is drawn through them all the same.
"""

from collections.abc import Sequence
from datetime import date

from superset_assets.semantics.buckets import Buckets, day_literal
from superset_assets.semantics.calendar import DAY, Period, bucket_start, next_bucket
from superset_assets.semantics.catalog import Catalog
from superset_assets.semantics.intervals import BEGINNING, horizon
from superset_assets.semantics.rows import COUNTED_DATE

TREND, TREND_STEP = "{{ trend() }}", "{{ trend_step() }}"
MODIFIERS = (TREND, TREND_STEP)
FEWEST = 2
"""Through fewer buckets than this goes no line."""


def mentions_trend(sql: str) -> bool:
    """Whether a piece of SQL is about another metric's trend."""
    return any(each in sql for each in MODIFIERS)


def with_trend(sql: str, level: str, step: str) -> str:
    """A metric's SQL with the line's height and slope put in."""
    return sql.replace(TREND, level).replace(TREND_STEP, step)


def line(
    metric: str,
    series: Sequence[str],
    period: Period | None,
    grain: str,
    *,
    catalog: Catalog,
    today: date,
) -> tuple[str, str]:
    """The line's height at a row's bucket, and its change per bucket; NULL without a line.

    Args:
        metric: SQL of the metric that the line is fitted to.
        series: expressions that the answer is grouped by beside the time axis; a line for each.
        period: the days asked for, None for everything there is.
        grain: day, week, month, quarter or year.
        catalog: what there is.
        today: the day that is not over yet, in the project's time zone.
    """
    asked = period or Period(BEGINNING, today)
    buckets = Buckets(asked, grain)
    number = buckets.number(f"min({COUNTED_DATE})")
    until = f"least({day_literal(_whole_until(asked, grain, today))}, {horizon(catalog)})"
    x = f"toFloat64({number})"
    y = f"toFloat64({metric})"
    counts = (
        f"{buckets.first_day(number)} >= {day_literal(_whole_since(asked, grain))}"
        f" and {buckets.last_day(number)} <= {until} and ifNull(isFinite({y}), 0)"
    )
    over = f"over (partition by {', '.join(series)})" if series else "over ()"
    fit = f"simpleLinearRegressionIf({x}, ifNull({y}, 0), {counts}) {over}"
    slope, height = f"tupleElement({fit}, 1)", f"tupleElement({fit}, 2)"
    is_line = f"countIf({counts}) {over} >= {FEWEST}"
    return (
        f"if({is_line}, {slope} * {x} + {height}, null)",
        f"if({is_line}, {slope}, null)",
    )


def _whole_since(period: Period, grain: str) -> date:
    """First day of the first bucket that the period does not cut."""
    if bucket_start(period.since, grain) == period.since:
        return period.since
    return next_bucket(period.since, grain)


def _whole_until(period: Period, grain: str, today: date) -> date:
    """Last day of the last bucket that the period does not cut and that is over."""
    return min(bucket_start(period.till + DAY, grain), bucket_start(today, grain)) - DAY
