"""Questions that figures over windows cannot answer, told before anything is read."""

from collections.abc import Mapping
from typing import Any

from superset_assets.semantics.catalog import RFM_AT_START
from superset_assets.semantics.question import Question, QuestionError
from superset_assets.server.told import told


def refuse_wrong_windows(put: Question, asked: Mapping[str, Any]) -> None:
    """Refuse what has no figures over windows; a question of single buckets passes.

    Args:
        put: the question.
        asked: the arguments that Superset writes the query by.

    Raises:
        QuestionError: there are no buckets, or something belongs to single ones.
    """
    if put.window is None:
        return
    if put.grain is None:
        raise QuestionError(
            told(
                "Накопить или сгладить показатель, который не складывается, можно только по "
                "времени: поставьте на ось X столбец «Дата».",
                "A metric that does not add up is accumulated or smoothed over time only: "
                "put the column “Date” on the X axis.",
            )
        )
    if RFM_AT_START in put.slices:
        raise QuestionError(
            told(
                "RFM-сегмент на начало у каждого отрезка свой: с накоплением и скользящим окном "
                "его не совместить.",
                "The RFM segment at the start is each step's own: it cannot be combined with "
                "running or moving figures.",
            )
        )
    if asked.get("series_limit") or asked.get("timeseries_limit"):
        raise QuestionError(
            told(
                "Ряды отбирались бы по накопленным значениям. Снимите ограничение числа рядов "
                "и отберите их фильтром.",
                "Series would be limited by accumulated figures. Remove the series limit and "
                "choose series with a filter.",
            )
        )
