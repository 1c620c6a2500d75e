"""Reading relative dates one at a time.

Superset reads «the last twelve months» with pyparsing, whose memory of what it has parsed already
is shared between threads: of the many charts of a board, asked at once, one now and then fails with
"Expected ',', found 'MONTH'". Each reading takes about a millisecond, so they queue.
"""

from threading import Lock
from typing import Any

from superset.utils import date_parser


def read_dates_one_at_a_time() -> None:
    """Put a lock around Superset's parser of relative dates."""
    shipped, lock = date_parser.datetime_eval, Lock()

    def datetime_eval(datetime_expression: str | None = None) -> Any:
        with lock:
            return shipped(datetime_expression)

    date_parser.datetime_eval = datetime_eval
