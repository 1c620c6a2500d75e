"""The values of slices in English, where the installation is English.

What a query brings is put into English before Superset works on it, and what a filter names is put
into the marts' Russian before the query is written. The warehouse stays one for all languages.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from superset.models.helpers import ExploreMixin, QueryResult, SqlaQuery

from superset_assets.server.asked import columns_of
from superset_assets.slice_values import EnglishValues


def speak_english(values: EnglishValues) -> None:
    """Have Superset show and take the values of slices in English."""
    answer, write = ExploreMixin.query, ExploreMixin.get_sqla_query
    list_values = ExploreMixin.values_for_column

    def query(self: ExploreMixin, query_obj: Mapping[str, Any]) -> QueryResult:
        result = answer(self, query_obj)
        result.df = in_english(result.df, columns_of(query_obj), values)
        return result

    def get_sqla_query(self: ExploreMixin, **asked: Any) -> SqlaQuery:
        given = [values.asked(each) for each in asked.get("filter") or []]
        return write(self, **{**asked, "filter": given})

    def values_for_column(self: ExploreMixin, column_name: str, *args: Any, **kwargs: Any) -> Any:
        found = list_values(self, column_name, *args, **kwargs)
        return [values.english(column_name, each) for each in found]

    ExploreMixin.query = query
    ExploreMixin.get_sqla_query = get_sqla_query
    ExploreMixin.values_for_column = values_for_column


def in_english(rows: pd.DataFrame, columns: list[Any], values: EnglishValues) -> pd.DataFrame:
    """The rows of an answer with the values of its slices in English.

    Args:
        rows: the answer.
        columns: what the query groups by, as Superset writes it.
        values: Russian → English.
    """
    for column in columns:
        label, name = _named(column)
        if label in rows and pd.api.types.is_object_dtype(rows[label]):
            rows[label] = [values.english(name, each) for each in rows[label]]
    return rows


def _named(column: Any) -> tuple[str, str]:
    """What a column is called in the answer, and which column of the dataset it is."""
    if isinstance(column, Mapping):
        name = str(column.get("sqlExpression", ""))
        return str(column.get("label") or name), name
    return column, column
