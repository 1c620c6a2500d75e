"""The metric that campaigns are compared by, chosen on the board, in the SQL of other metrics."""

import re

DEFAULT = "revenue_per_message"
CHOICES = (
    *(DEFAULT, "mail_revenue", "mail_orders", "mail_order_conversion", "mail_aov"),
    *("revenue_per_click", "open_rate", "click_rate", "ctor", "unsubscribe_rate"),
    *("delivery_rate", "sent", "delivered", "opens", "clicks"),
)
"""Metrics of mailings whose sums over other campaigns can be had from sums by campaign."""
COMPARED, OTHERS = "{{ compared() }}", "{{ others() }}"
SUM = re.compile(r"\bsum\((\w+)\)")


def with_compared(expression: str, chosen: str) -> str:
    """An expression about the chosen metric, given that metric's own SQL.

    Args:
        expression: SQL in which `{{ compared() }}` stands for a row's metric and `{{ others() }}`
            for the same metric of all other rows together, a ratio of their sums.
        chosen: SQL of the metric chosen, made of `sum(column)` alone.
    """
    return expression.replace(COMPARED, f"({chosen})").replace(OTHERS, f"({of_others(chosen)})")


def of_others(chosen: str) -> str:
    """The metric of all other rows of the answer, pooled."""
    return SUM.sub(r"(sum(sum(\1)) over () - sum(\1))", chosen)
