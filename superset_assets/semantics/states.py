"""The state of the base: who is what at the first and the last day of every bucket.

`closing_` reads a state on a bucket's last day, `opening_` on the day before its first, `base_` on
the last day too, heeding no slice that customers do not have: the denominator of a conversion whose
numerator alone can be cut by orders.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from superset_assets.semantics.catalog import CHANNEL_STATES, STATES, Catalog
from superset_assets.semantics.intervals import Intervals, brands_of, buckets_of
from superset_assets.semantics.predictions import PREDICTIONS, join_models, prediction
from superset_assets.semantics.question import Question
from superset_assets.semantics.rows import COUNTED_DATE, PERIOD_END, PERIOD_START, Rows
from superset_assets.semantics.slicing import Slicing

CLOSING, OPENING, BASE = "closing_", "opening_", "base_"
RETAINED = "is_retained"
CLOSING_DAY = f"{CLOSING}day"
"""The day that a closing state is read on: the bucket's last, or the last loaded one."""
CLOSING_POINTS = f"{CLOSING}engagement_points"
"""What the deeds of the days up to then are worth on that day."""
CHANNEL = "mailing_channel"
ALIAS = "states"


class States:
    """The states that a question needs, as rows."""

    def __init__(self, question: Question, catalog: Catalog, today: date) -> None:
        """Take the question apart.

        Args:
            question: what is asked.
            catalog: what there is.
            today: where the buckets of a question without a period end.
        """
        table = CHANNEL_STATES if CHANNEL in question.slices else STATES
        buckets = buckets_of(question, today)
        self._intervals = Intervals(catalog, buckets, table, ALIAS)
        self.slicing = Slicing(question, catalog, table, ALIAS, buckets, self._intervals.bucket)
        self._brands = brands_of(question)

    @staticmethod
    def state_of(measure: str) -> str | None:
        """The state that a measure reads, None if it reads none."""
        for prefix in (CLOSING, OPENING, BASE):
            if measure.startswith(prefix):
                return measure.removeprefix(prefix)
        return None

    def has(self, measure: str) -> bool:
        """Whether a state is known at all: of a single channel only contacts are."""
        columns = self.slicing.catalog.tables[self.slicing.table]
        if self.state_of(measure) == RETAINED:
            return "is_active" in columns
        if measure == CLOSING_POINTS:
            return "deeds" in columns
        if self.state_of(measure) in PREDICTIONS:
            return self.slicing.table == STATES
        return measure == CLOSING_DAY or self.state_of(measure) in columns

    def rows(self, measures: Iterable[str]) -> Iterator[Rows]:
        """Closing and opening rows, one per customer and bucket."""
        named = list(measures)
        for prefix in (CLOSING, OPENING):
            own = [name for name in named if name.startswith(prefix)]
            if own:
                yield self._at(prefix, own)

    def base(self, measures: Sequence[str]) -> Rows:
        """Sums of closing states per bucket, whatever is asked of slices customers do not have."""
        rows = self._at(CLOSING, [])
        kept = {COUNTED_DATE, PERIOD_START, PERIOD_END, *self.slicing.question.shown}
        values = {name: value for name, value in rows.values.items() if name in kept}
        sums = {name: f"sum({self._state(name)})" for name in measures}
        return Rows(rows.source, values | sums, rows.where, frozenset(sums))

    def _at(self, prefix: str, measures: Sequence[str]) -> Rows:
        """States at one end of every bucket."""
        source = self._intervals.source(opening=prefix == OPENING, where=self._brands)
        values = {
            **self._intervals.dates(),
            "customer_key": f"{ALIAS}.customer_key",
            **self.slicing.values(),
            **{name: self._state(name) for name in measures},
        }
        conditions = (self._intervals.begun(), *self.slicing.conditions())
        predicted = [name for name in PREDICTIONS if f"{prefix}{name}" in measures]
        source = join_models(
            self.slicing.joined(source),
            predicted,
            catalog=self.slicing.catalog,
            states=ALIAS,
            day=self._intervals.last_day,
        )
        return Rows(source, values, conditions)

    def _state(self, measure: str) -> str:
        state = self.state_of(measure)
        if measure == CLOSING_DAY:
            return self._intervals.last_day
        if measure == CLOSING_POINTS:
            return self._points()
        if state in PREDICTIONS:
            return prediction(str(state), ALIAS, self._intervals.last_day)
        if state != RETAINED:
            return f"{ALIAS}.{state}"
        till = self._intervals.last_day
        return (
            f"toUInt8({ALIAS}.is_active = 1 and ({ALIAS}.active_till > {till}"
            f" or arrayExists((again_from, again_till) -> again_from <= {till}"
            f" and again_till > {till},"
            f" {ALIAS}.later_active_from, {ALIAS}.later_active_till)))"
        )

    def _points(self) -> str:
        """A deed's points halve with every half-life, and are gone with the window."""
        # A scalar subquery may be NULL in ClickHouse's eyes, and a sum over an array may not.
        till = f"assumeNotNull({self._intervals.last_day})"
        return (
            f"arraySum(deed -> if(deed.1 <= {till}"
            f" and deed.1 + {ALIAS}.engagement_window_days > {till},"
            f" toFloat64(deed.2)"
            f" * exp2((deed.1 - {till}) / {ALIAS}.engagement_half_life_days), 0),"
            f" {ALIAS}.deeds)"
        )
