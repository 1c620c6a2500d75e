"""CSV that a Russian Excel opens by a double click.

`CSV_EXPORT` asks for semicolons, decimal commas and a byte order mark. Superset 6.1 writes decimal
commas for floats alone, while sums of money are decimals, and its answer forgets the mark.
"""

from decimal import Decimal
from typing import Any

import pandas as pd
from flask import current_app
from superset.utils import csv
from superset.views.base import CsvResponse


def write_csv_as_asked() -> None:
    """Have decimals written like other numbers, and the answer in the encoding asked for."""
    shipped_csv, shipped_answer = csv.df_to_escaped_csv, CsvResponse.__init__

    def df_to_escaped_csv(df: pd.DataFrame, **kwargs: Any) -> Any:
        return shipped_csv(_with_floats(df), **kwargs)

    def answer(self: CsvResponse, response: Any = None, *args: Any, **kwargs: Any) -> None:
        if isinstance(response, str):
            response = response.encode(current_app.config["CSV_EXPORT"]["encoding"])
        shipped_answer(self, response, *args, **kwargs)

    csv.df_to_escaped_csv = df_to_escaped_csv
    CsvResponse.__init__ = answer


def _with_floats(df: pd.DataFrame) -> pd.DataFrame:
    decimals = [
        name
        for name, column in df.items()
        if column.dtype == object and column.map(lambda each: isinstance(each, Decimal)).any()
    ]
    return df.astype(dict.fromkeys(decimals, float)) if decimals else df
