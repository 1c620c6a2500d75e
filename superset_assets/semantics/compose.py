"""The table behind a question: rows of every source that its metrics need, under one heading."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date

from superset_assets.semantics.buckets import day_literal
from superset_assets.semantics.calendar import Period
from superset_assets.semantics.catalog import RFM_AT_START, Catalog, Column
from superset_assets.semantics.dated import (
    DATED_MARTS,
    MEMBER,
    dated_mart_of,
    dated_rows,
    segment_rows,
)
from superset_assets.semantics.events import FAMILIES, Events
from superset_assets.semantics.intervals import buckets_of
from superset_assets.semantics.listing import listed_rows
from superset_assets.semantics.measures import (
    ALL,
    EVERYBODYS,
    ON_ORDER_DATE,
    PREVIOUS,
    Kind,
    measure,
)
from superset_assets.semantics.question import EVENT, Question, QuestionError
from superset_assets.semantics.rows import (
    COUNTED_DATE,
    PERIOD_END,
    PERIOD_START,
    Output,
    Rows,
    renamed,
    union,
)
from superset_assets.semantics.states import CHANNEL, States
from superset_assets.semantics.windows import Windows

LINK, CLICKS_OF_ALL_LINKS = "link", "all_is_click_event"
"""A link has its share of the clicks in the same mailings, not of those in all mailings."""


def compose(question: Question, catalog: Catalog, today: date) -> str:
    """The SELECT whose rows, aggregated by the metrics' own SQL, answer the question.

    Filters of the question are applied inside. The rows carry `counted_date`, the slices that are
    grouped by or mentioned, and the measures.

    Raises:
        QuestionError: a measure or a slice does not exist.
    """
    return _Composition(question, catalog, today).sql()


class _Composition:
    def __init__(self, question: Question, catalog: Catalog, today: date) -> None:
        self._question = question
        self._catalog = catalog
        self._today = today
        self._measures: dict[Kind, set[str]] = {kind: set() for kind in Kind}
        self._columns: dict[str, Column] = {}
        self._missing: set[str] = set()
        self._states = States(question, catalog, today)
        self._windows = Windows(question, catalog, today)
        self._reading = self._windows.reading
        for name in sorted(question.measures):
            self._sort(name)

    def sql(self) -> str:
        """Write the SELECT."""
        if not self._columns:
            rows = listed_rows(self._question, self._catalog, self._today)
            return union(rows, self._outputs())
        facts = [
            *self._event_rows(),
            *self._previous_rows(),
            *self._rows_on_order_date(),
            *self._state_rows(),
            *self._other_rows(),
        ]
        return union([*facts, *self._wholes(facts)], self._outputs())

    def _sort(self, name: str) -> None:
        """Find out where a measure is read."""
        found = measure(name, self._catalog)
        if found is None:
            raise QuestionError(f"no source has the column {name}")
        kind, column = found
        if kind is not Kind.DATE:
            self._columns[name] = column
        self._measures[kind].add(name)

    def _outputs(self) -> list[Output]:
        outputs = [Output(COUNTED_DATE, Column("Date"))]
        outputs += [
            Output(name, Column("Date"))
            for name in (PERIOD_START, PERIOD_END)
            if name in self._question.measures
        ]
        for name in self._question.shown:
            if name not in self._catalog.slices:
                raise QuestionError(f"there is no slice {name}")
            outputs.append(Output(name, self._catalog.slices[name]))
        outputs += [
            Output(name, replace(column, group=""), is_missing=name in self._missing)
            for name, column in self._columns.items()
        ]
        return outputs

    def _event_rows(self) -> list[Rows]:
        if not self._measures[Kind.EVENT]:
            return []
        events = Events(self._reading, self._catalog, self._today)
        asked = {}
        for key, own in events.families_of(self._measures[Kind.EVENT]).items():
            if events.applies(FAMILIES[key]):
                asked[key] = own
            else:
                self._missing |= own
        present = self._measures[Kind.EVENT] - self._missing
        return self._reached(events.rows(asked, sorted(present | self._measures[Kind.CUSTOMER])))

    def _reached(self, rows: Iterable[Rows]) -> list[Rows]:
        """Rows of facts, under all buckets that they count in."""
        slices = {name: self._catalog.slices[name] for name in self._question.shown}
        measures = {name: replace(column, group="") for name, column in self._columns.items()}
        return self._windows.spread(list(rows), slices | measures)

    def _previous_rows(self) -> list[Rows]:
        """Events of the bucket before, on the dates of the bucket itself."""
        measures = {
            name.removeprefix(PREVIOUS): name for name in self._measures[Kind.PREVIOUS_EVENT]
        }
        if not measures:
            return []
        if RFM_AT_START in self._question.slices:
            # The start of which bucket? That of the one before is not what is asked for.
            self._missing |= self._measures[Kind.PREVIOUS_EVENT]
            return []
        buckets = buckets_of(self._question, self._today).period.buckets(self._question.grain)
        before = [each.before for each in buckets]
        earlier = replace(
            self._question,
            period=Period(min(each.since for each in before), max(each.till for each in before)),
            grain=None,
        )
        events = Events(earlier, self._catalog, self._today)
        families = events.families_of(measures)
        if not all(events.applies(FAMILIES[key]) for key in families):
            self._missing |= self._measures[Kind.PREVIOUS_EVENT]
            return []
        matches = ", ".join(
            f"({day_literal(bucket.since)}, {day_literal(bucket.till)},"
            f" {day_literal(period.since)}, {day_literal(period.till)})"
            for bucket, period in zip(buckets, before, strict=True)
        )
        found = []
        for rows in events.rows(families, sorted({*measures, *self._measures[Kind.CUSTOMER]})):
            day = rows.values[COUNTED_DATE]
            follower = (
                f"arrayJoin(arrayFilter(each -> {day} >= tupleElement(each, 3)"
                f" and {day} <= tupleElement(each, 4), [{matches}]))"
            )
            begins, ends = (f"tupleElement({follower}, {place})" for place in (1, 2))
            dates = {COUNTED_DATE: begins, PERIOD_START: begins, PERIOD_END: ends}
            found.append(renamed(replace(rows, values={**rows.values, **dates}), measures))
        return found

    def _rows_on_order_date(self) -> list[Rows]:
        """Events by their own date, whichever date the question counts by."""
        names = self._measures[Kind.ON_ORDER_DATE]
        measures = {name.removeprefix(ON_ORDER_DATE): name for name in names}
        if not measures:
            return []
        question = replace(self._reading, basis=EVENT)
        events = Events(question, self._catalog, self._today)
        families = events.families_of(measures)
        if not all(events.applies(FAMILIES[key]) for key in families):
            self._missing |= names
            return []
        wanted = sorted({*measures, *self._measures[Kind.CUSTOMER]})
        return self._reached(renamed(rows, measures) for rows in events.rows(families, wanted))

    def _state_rows(self) -> list[Rows]:
        if not self._measures[Kind.STATE]:
            return []
        if not self._states.slicing.applies():
            self._missing |= self._measures[Kind.STATE]
            return []
        known = {name for name in self._measures[Kind.STATE] if self._states.has(name)}
        self._missing |= self._measures[Kind.STATE] - known
        return list(self._states.rows(sorted(known)))

    def _other_rows(self) -> list[Rows]:
        found: list[Rows] = []
        for mart in DATED_MARTS:
            names = {
                name
                for name in self._measures[Kind.DATED]
                if dated_mart_of(name, self._catalog) is mart
            }
            if not names:
                continue
            rows = dated_rows(mart, sorted(names), self._reading, self._catalog, self._today)
            if rows is None:
                self._missing |= names
            else:
                found += self._reached([rows])
        return [*found, *self._segment_rows()]

    def _segment_rows(self) -> list[Rows]:
        """Members on a bucket's last day, and who came or went."""
        members = self._measures[Kind.SEGMENT] & {MEMBER}
        flows = self._measures[Kind.SEGMENT] - members
        found: list[Rows] = []
        for names, question in ((members, self._question), (flows, self._reading)):
            if not names:
                continue
            rows = list(segment_rows(sorted(names), question, self._catalog, self._today))
            if not rows:
                self._missing |= names
            found += rows if question is self._question else self._reached(rows)
        return found

    def _wholes(self, facts: Sequence[Rows]) -> list[Rows]:
        """Denominators: what is cut only by the slices that it has."""
        found = []
        # Of a channel, contacts are known; what else a customer is, is so in every channel.
        of_channels = {name for name in self._measures[Kind.BASE] if self._states.has(name)}
        found += self._base(of_channels, lambda _: True, facts)
        found += self._base(
            self._measures[Kind.BASE] - of_channels, lambda name: name != CHANNEL, facts
        )
        of_links = self._measures[Kind.ALL_EVENTS] & {CLICKS_OF_ALL_LINKS}
        of_mailings = self._measures[Kind.ALL_EVENTS] - of_links
        found += self._whole_events(of_links, lambda name: name != LINK, facts)
        found += self._whole_events(
            self._measures[Kind.EVERYBODYS_EVENT],
            lambda name: name != RFM_AT_START and self._catalog.slices[name].group not in "MA",
            facts,
        )
        found += self._whole_events(
            of_mailings, lambda name: self._catalog.slices[name].group not in "MA", facts
        )
        return found

    def _base(
        self, measures: set[str], knows: Callable[[str], bool], facts: Sequence[Rows]
    ) -> list[Rows]:
        """States under the slices that customers, or their channels, have."""
        if not measures:
            return []
        people = States(_without(self._question, knows), self._catalog, self._today)
        question = _without(self._question, lambda name: knows(name) and people.slicing.knows(name))
        states = States(question, self._catalog, self._today)
        return [self._spread([states.base(sorted(measures))], question, facts)]

    def _whole_events(
        self, measures: set[str], knows: Callable[[str], bool], facts: Sequence[Rows]
    ) -> list[Rows]:
        """Events under the slices that their whole knows."""
        if not measures:
            return []
        names = {name.removeprefix(ALL).removeprefix(EVERYBODYS): name for name in measures}
        events = Events(_without(self._reading, knows), self._catalog, self._today)
        families = events.families_of(names)
        if not all(events.applies(FAMILIES[key]) for key in families):
            self._missing |= measures
            return []
        rows = [renamed(each, names) for each in events.rows(families, sorted(names))]
        return [self._spread(self._reached(rows), _without(self._question, knows), facts)]

    def _spread(self, rows: Sequence[Rows], known: Question, facts: Sequence[Rows]) -> Rows:
        """Sums per bucket and known slice, under every value of the others that facts have."""
        buckets = buckets_of(self._question, self._today)
        slices = {name: self._catalog.slices[name] for name in self._question.grouped}
        # What a condition outside names has to be there too, or the condition would drop the rows.
        own = {
            name: self._catalog.slices[name]
            for name in dict.fromkeys((*known.grouped, *known.mentioned))
        }
        sums = {name for each in rows for name in each.values if name in self._columns}
        columns = {**own, **{name: replace(self._columns[name], group="") for name in sums}}
        outputs = [Output(COUNTED_DATE, Column("Date"))]
        outputs += [Output(name, column) for name, column in columns.items()]
        source = f"({union(rows, outputs, keeps_types=False)}) as wholes"
        number = buckets.number(f"wholes.{COUNTED_DATE}")
        values = {COUNTED_DATE: buckets.first_day(number)}
        values |= {name: f"wholes.{name}" for name in own}
        if not slices.keys() <= own.keys() and facts:
            cells = [Output(COUNTED_DATE, Column("Date"))]
            cells += [Output(name, column) for name, column in slices.items()]
            listed = union(facts, cells, keeps_types=False)
            shared = [name for name in own if name in slices]
            on = [f"{number} = cells.bucket", *(f"wholes.{name} = cells.{name}" for name in shared)]
            source += (
                f"\ninner join (select distinct {buckets.number(COUNTED_DATE)} as bucket,"
                f" {', '.join(slices)} from ({listed})) as cells on {' and '.join(on)}"
            )
            values |= {name: f"cells.{name}" for name in slices if name not in own}
        values |= {name: f"sum(wholes.{name})" for name in sums}
        return Rows(source, values, (), frozenset(sums))


def _without(asked: Question, knows: Callable[[str], bool]) -> Question:
    """The question without the slices that a denominator does not know."""
    return replace(
        asked,
        grouped=tuple(name for name in asked.grouped if knows(name)),
        mentioned=tuple(name for name in asked.mentioned if knows(name)),
        filters=tuple(each for each in asked.filters if knows(each.slice)),
    )
