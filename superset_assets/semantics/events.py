"""Rows of `wide_events`: which kinds of events a question needs, and what slices do to them.

Most questions are one scan of the table. Two kinds of slices are no columns of an event and reach
it another way: a product reaches an order through its lines and a visit through its actions, a
mailing reaches an order through the messages that are credited with it. An order then stands once
under each value asked for, with the part of its money that belongs there.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from superset_assets.semantics.catalog import (
    CUSTOMERS,
    EVENTS,
    LINES,
    VISIT_ACTIONS,
    Catalog,
)
from superset_assets.semantics.conditions import (
    NOT_APPLICABLE,
    admits_not_applicable,
    array_values,
    condition,
    literal,
)
from superset_assets.semantics.dated import bucketed, within
from superset_assets.semantics.intervals import buckets_of
from superset_assets.semantics.question import SEND, Filter, Question, QuestionError
from superset_assets.semantics.rows import Rows
from superset_assets.semantics.slicing import join_customers

WITHOUT_MODEL = "Не указано"
IN_BRAND = "_in_brand"


@dataclass(frozen=True)
class Family:
    """Kinds of events that are cut by the same slices.

    Attributes:
        kinds: values of `event`.
        groups: groups of slices that are columns of these events.
        others: single slices of further groups that are.
        details: mart whose rows are the parts that a product slice picks.
        is_credited: mailings reach these events through attributed orders.
    """

    kinds: tuple[str, ...]
    groups: str
    others: frozenset[str] = field(default_factory=frozenset)
    details: str = ""
    is_credited: bool = False


FAMILIES: Mapping[str, Family] = {
    "messages": Family(
        ("message", "open", "click", "click_event", "unsubscribe", "spam_report"), "TCMX"
    ),
    "orders": Family(("order",), "TCOX", details=LINES, is_credited=True),
    "credits": Family(("attributed_order",), "TCOMAX", details=LINES),
    "visits": Family(("visit", "site_action"), "TCMWX", details=VISIT_ACTIONS),
    "lifecycle": Family(
        (
            *("registered", "contact_added", "became_active", "churned", "subscribed"),
            *("unsubscribed", "merged", "deleted"),
        ),
        "TC",
        others=frozenset({"mailing_channel", "loss_reason"}),
    ),
}
GOAL_QUANTITY = "if(parts.is_goal_line = 1, parts.quantity, 0)"
PART_AMOUNTS = {
    "order_amount": "parts.line_amount",
    "identified_order_amount": "if(facts.customer_key != 0, parts.line_amount, 0)",
    "gross_amount": "parts.line_gross",
    "cancelled_amount": "parts.line_cancelled",
    "returned_amount": "parts.line_returned",
    "order_quantity": GOAL_QUANTITY,
    "attributed_amount": "parts.line_amount * facts.attributed_orders",
    "attributed_quantity": f"{GOAL_QUANTITY} * facts.attributed_orders",
}
"""What is left of an order's amounts when some of its lines are asked for."""
VISIT_PARTS: dict[str, str] = {}
"""What a visit and its actions come to when some of the actions are asked for."""
WEIGHTS = frozenset({"attributed_orders"})


class Events:
    """The events that a question needs, as rows."""

    def __init__(self, question: Question, catalog: Catalog, today: date) -> None:
        """Take the question apart.

        Args:
            question: what is asked.
            catalog: what there is.
            today: where the buckets of a question without a period end.
        """
        self._question = question
        self._buckets = buckets_of(question, today)
        self._catalog = catalog
        self._columns = catalog.tables[EVENTS]
        self._by_brand = question.restricted_to_brands or "brand" in question.slices
        self._date = "send_date" if question.basis == SEND else "event_date"

    def families_of(self, measures: Iterable[str]) -> dict[str, set[str]]:
        """The measures by the family of events that they stand on.

        A column of several families says nothing of its own about which events are meant, unless
        no other column does.
        """
        own: dict[str, set[str]] = {}
        shared: set[str] = set()
        for name in measures:
            families = self._columns[name].families
            if len(families) == 1:
                own.setdefault(families[0], set()).add(name)
            elif families:
                shared.add(name)
        if not own:
            for name in shared:
                for family in self._columns[name].families:
                    own.setdefault(family, set()).add(name)
        return own

    def applies(self, family: Family) -> bool:
        """Whether all filters can be asked of these events."""
        return all(
            self._reach(family, each.slice) or admits_not_applicable(each)
            for each in self._question.filters
        )

    def rows(self, families: Mapping[str, set[str]], measures: Iterable[str]) -> Iterator[Rows]:
        """Rows of the families; measures that no family has are left out of them."""
        names = [name for name in measures if name in self._columns]
        plain: list[Family] = []
        for key in families:
            family = FAMILIES[key]
            reaches = {self._reach(family, each) for each in self._question.slices}
            if "parts" in reaches or "credits" in reaches:
                yield self._parted(family, names, reaches)
            elif None in {self._reach(family, each.slice) for each in self._question.filters}:
                yield self._plain([family], names)
            else:
                plain.append(family)
        if plain:
            yield self._plain(plain, names)

    def value(self, family: Family, name: str) -> str | None:
        """The expression of a slice on events of a family, None where it cannot apply."""
        reach = self._reach(family, name)
        if reach is None:
            return None
        prefix = {"parts": "parts.", "credits": "credits."}.get(reach, "facts.")
        table, column_name = self._home(name)
        if table == CUSTOMERS:
            prefix = "customers."
        elif reach == "parts":
            table = family.details
        column = self._catalog.tables[table][column_name]
        expression = f"{prefix}{self._on_basis(column_name)}"
        if column.is_array:
            given = [each for each in self._question.filters if each.slice == name]
            return array_values(expression, given)
        return expression

    def conditions(self, family: Family) -> tuple[str, ...]:
        """All filters that can be asked of a family, as conditions."""
        return tuple(
            self._condition(family, each)
            for each in self._question.filters
            if self._reach(family, each.slice)
        )

    def model(self, prefix: str) -> str:
        """The condition that lets one attribution model through, and all events without one."""
        words = [word for word in self._columns["attribution_model"].words if word != WITHOUT_MODEL]
        chosen = self._question.attribution_model or words[0]
        if chosen not in words:
            raise QuestionError(f"there is no attribution model {chosen}")
        return f"{prefix}attribution_model in ({literal(WITHOUT_MODEL)}, {literal(chosen)})"

    def _source(self) -> str:
        """The table of events, joined with customers as known today where a slice needs them."""
        table = f"{self._catalog.table(EVENTS)} as facts"
        if self._needs_customers:
            return join_customers(table, "facts", self._catalog)
        return table

    def _plain(self, families: list[Family], measures: list[str]) -> Rows:
        kinds = [kind for family in families for kind in family.kinds]
        values = bucketed(f"facts.{self._date}", self._buckets)
        for name in self._question.slices:
            value = self._shared_value(families, name)
            if value is not None:
                values[name] = value
        values |= {name: f"facts.{self._twin(name)}" for name in measures}
        return Rows(
            self._source(),
            values,
            (
                f"facts.event in ({', '.join(map(literal, kinds))})",
                *within(f"facts.{self._date}", self._question),
                *self._models(),
                *self.conditions(families[0]),
            ),
        )

    def _models(self) -> tuple[str, ...]:
        if "attribution_model" in self._question.grouped:
            return ()
        return (self.model("facts."),)

    def _shared_value(self, families: list[Family], name: str) -> str | None:
        """A slice in one scan of several families, some of which may not know it."""
        knowing = [family for family in families if self._reach(family, name)]
        if not knowing:
            return None
        value = self.value(knowing[0], name)
        if len(knowing) == len(families):
            return value
        kinds = ", ".join(literal(kind) for family in knowing for kind in family.kinds)
        return f"if(facts.event in ({kinds}), toString({value}), '{NOT_APPLICABLE}')"

    def _parted(self, family: Family, measures: list[str], reaches: set[str | None]) -> Rows:
        """Events cut into parts, collapsed to one row per event and value asked for."""
        by_parts, by_credits = "parts" in reaches, "credits" in reaches
        key = "session_key" if family.details == VISIT_ACTIONS else "order_key"
        source = self._source()
        where = [
            f"facts.event in ({', '.join(map(literal, family.kinds))})",
            *within(f"facts.{self._date}", self._question),
            *self.conditions(family),
        ]
        if "attribution_model" not in self._question.grouped:
            where.append(self.model("credits." if by_credits else "facts."))
        if by_parts:
            source += (
                f"\ninner join {self._catalog.table(family.details)} as parts"
                f" on facts.{key} = parts.{key}"
            )
        if by_credits:
            source += (
                f"\ninner join {self._catalog.table(EVENTS)} as credits"
                f" on facts.{key} = credits.{key}"
            )
            where.append("credits.event = 'attributed_order' and credits.attributed_orders > 0")
        values = bucketed(f"facts.{self._date}", self._buckets)
        for name in self._question.slices:
            value = self.value(family, name)
            if value is not None:
                values[name] = value
        aggregates = {}
        for name in measures:
            aggregate = self._part_of(family, name, by_parts=by_parts, by_credits=by_credits)
            if aggregate is None:
                values[name] = f"facts.{self._twin(name)}"
            else:
                aggregates[name] = aggregate
        # Two orders may be alike in all that is asked for: the key keeps them apart.
        values |= {"event_key": "facts.event_key", **aggregates}
        return Rows(source, values, tuple(where), frozenset(aggregates))

    def _part_of(
        self, family: Family, name: str, *, by_parts: bool, by_credits: bool
    ) -> str | None:
        """A measure of an event as an aggregate over its parts; None for what is no sum."""
        weight = " * credits.attributed_orders" if by_credits else ""
        if family.details == VISIT_ACTIONS:
            return VISIT_PARTS.get(name)
        if name in PART_AMOUNTS:
            if by_parts:
                return f"sum({PART_AMOUNTS[name]}{weight})"
            return f"sum(facts.{name}{weight})"
        if name in WEIGHTS or name.startswith("is_"):
            own = f"facts.{self._twin(name)}"
            return f"max({own} * parts.is_goal_line)" if by_parts else f"max({own})"
        return None

    def _twin(self, name: str) -> str:
        """The column that says the same within the brand, when brands are told apart."""
        twin = f"{name}{IN_BRAND}"
        return twin if self._by_brand and twin in self._columns else name

    def _on_basis(self, name: str) -> str:
        twin = f"send_{name}"
        if self._question.basis == SEND and name in ("hour", "weekday"):
            return twin
        return self._twin(name)

    @property
    def _needs_customers(self) -> bool:
        return any(self._home(name)[0] == CUSTOMERS for name in self._question.slices)

    def _home(self, name: str) -> tuple[str, str]:
        """The mart and the column of a slice, the events themselves first.

        Raises:
            QuestionError: there is no such slice.
        """
        for table in (EVENTS, CUSTOMERS, LINES, *self._catalog.tables):
            column_name = self._catalog.column_of(table, name)
            if column_name is not None:
                return table, column_name
        raise QuestionError(f"there is no slice {name}")

    def _reach(self, family: Family, name: str) -> str | None:
        """How a slice reaches events: `own` column, `parts`, `credits`, or not at all."""
        table, column_name = self._home(name)
        group = self._catalog.tables[table][column_name].group
        if table == CUSTOMERS or (
            table == EVENTS and (group in family.groups or name in family.others)
        ):
            return "own"
        if group in "MA" and family.is_credited and table == EVENTS:
            return "credits"
        details = self._catalog.tables.get(family.details, {})
        return "parts" if column_name in details else None

    def _condition(self, family: Family, given: Filter) -> str:
        table, column_name = self._home(given.slice)
        reach = self._reach(family, given.slice)
        prefix = {"parts": "parts.", "credits": "credits."}.get(str(reach), "facts.")
        if table == CUSTOMERS:
            prefix = "customers."
        column = self._catalog.tables[table][column_name]
        return condition(f"{prefix}{self._on_basis(column_name)}", column, given)
