"""The previous period by calendar.

Superset's comparison with "the period before" (`inherit`) steps back by the period's number of
days: from the first half of a year to 4 July – 31 December. Whoever chose whole months means the
same number of whole months before.
"""

from datetime import datetime

from superset.models.helpers import ExploreMixin

MONTHS_A_YEAR = 12


def previous_period_shift(since: datetime, till: datetime) -> str:
    """How far the period before lies, in the words that Superset's date parser takes.

    Args:
        since: the period's first moment, in the project's time zone.
        till: the first moment after it.

    Returns:
        "N months ago" for whole calendar months, otherwise "N days ago".
    """
    if _starts_a_month(since) and _starts_a_month(till) and since < till:
        months = (till.year - since.year) * MONTHS_A_YEAR + till.month - since.month
        return f"{months} months ago"
    return f"{(till - since).days} days ago"


def _starts_a_month(moment: datetime) -> bool:
    return moment == moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def use_calendar_periods() -> None:
    """Make every chart's comparison with the period before step by calendar."""
    shipped = ExploreMixin.get_offset_custom_or_inherit

    def get_offset_custom_or_inherit(
        self: ExploreMixin, offset: str, outer_from_dttm: datetime, outer_to_dttm: datetime
    ) -> str:
        if offset == "inherit":
            return previous_period_shift(outer_from_dttm, outer_to_dttm)
        return str(shipped(self, offset, outer_from_dttm, outer_to_dttm))

    ExploreMixin.get_offset_custom_or_inherit = get_offset_custom_or_inherit
