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
    RFM,
    RFM_AT_START,
    STATES,
    VISIT_ACTIONS,
    Catalog,
)
from superset_assets.semantics.conditions import (
    NOT_APPLICABLE,
    UNKNOWN,
    admits_not_applicable,
    array_values,
    condition,
    literal,
)
from superset_assets.semantics.dated import bucketed, within
from superset_assets.semantics.intervals import brands_of, buckets_of
from superset_assets.semantics.question import SEND, Filter, Question, QuestionError
from superset_assets.semantics.rows import Rows
from superset_assets.semantics.slicing import join_customers, of_customers, todays
from superset_assets.semantics.starts import join_starts, segment_at_start

IN_BRAND, IN_CHANNEL = "_in_brand", "_in_channel"


@dataclass(frozen=True)
class Family:
    """Kinds of events that are cut by the same slices.

    Attributes:
        kinds: values of `event`.
        groups: groups of slices that are columns of these events.
        others: single slices of further groups that are.
        details: mart whose rows are the parts that a product slice picks.
        keys: columns of the event and of the mart by which they belong together.
        is_credited: mailings reach these events through attributed orders.
        lacks: slices of its groups that these events do not have all the same.
    """

    kinds: tuple[str, ...]
    groups: str
    others: frozenset[str] = field(default_factory=frozenset)
    details: str = ""
    keys: tuple[str, str] = ("order_key", "order_key")
    is_credited: bool = False
    lacks: frozenset[str] = field(default_factory=frozenset)


FAMILIES: Mapping[str, Family] = {
    "messages": Family(("message", "open", "click", "click_event", "unsubscribe"), "TCMX"),
    # Known by the day and by the mailing, as the report tells them.
    "complaints": Family(("spam_report",), "TM", lacks=frozenset({"hour"})),
    "orders": Family(("order",), "TCOWX", details=LINES, is_credited=True),
    "credits": Family(("attributed_order",), "TCOMAWX", details=LINES),
    "touches": Family(("touched_order",), "TCOMWX", details=LINES),
    "visits": Family(
        ("visit",),
        "TCMWX",
        others=frozenset({"order_seq_group"}),
        details=VISIT_ACTIONS,
        keys=("session_key", "session_key"),
    ),
    "actions": Family(
        ("site_action",),
        "TCMWX",
        others=frozenset({"order_seq_group"}),
        details=VISIT_ACTIONS,
        keys=("event_key", "action_key"),
    ),
    # Known by the day, these and the next.
    "lifecycle": Family(
        ("registered", "contact_added", "became_active", "churned", "merged", "deleted"),
        "TCX",
        lacks=frozenset({"hour"}),
    ),
    "subscriptions": Family(
        ("subscribed", "unsubscribed"),
        "TCX",
        others=frozenset({"mailing_channel", "loss_reason"}),
        lacks=frozenset({"hour"}),
    ),
}
GOAL = "parts.is_goal_line"
WEIGHT = "facts.attributed_orders"
PARTS_OF_ORDERS: Mapping[str, str] = {
    "order_amount": "sum(parts.line_amount)",
    "identified_order_amount": "sum(if(facts.customer_key != 0, parts.line_amount, 0))",
    "gross_order_amount": "sum(parts.line_gross)",
    "cancelled_order_amount": "sum(parts.line_cancelled)",
    "returned_order_amount": "sum(parts.line_returned)",
    "order_quantity": f"sum(if({GOAL} = 1, parts.quantity, 0))",
    "product_keys": f"groupUniqArrayIf(parts.product_key, {GOAL} = 1 and parts.is_delivery = 0)",
    "attributed_orders": f"max({WEIGHT} * {GOAL})",
    "flow_attributed_orders": f"max(facts.flow_attributed_orders * {GOAL})",
    "attributed_amount": f"sum(parts.line_amount * {WEIGHT})",
    "attributed_quantity": f"sum(if({GOAL} = 1, parts.quantity, 0) * {WEIGHT})",
}
"""What an order comes to when some of its lines are asked for; flags need a line in the goal."""
SHARED_AMOUNTS = (
    *("order_amount", "identified_order_amount", "gross_order_amount"),
    *("cancelled_order_amount", "returned_order_amount", "order_quantity"),
)
"""Amounts of an order of which a mailing gets the part that is credited to it."""
PARTS_OF_VISITS: Mapping[str, str] = {
    "is_visit": "max(facts.is_visit)",
    "visit_with_category": "max(parts.is_category_view)",
    "visit_with_product": "max(parts.is_product_view)",
    "visit_with_cart": "max(parts.is_cart_add)",
    "visit_with_checkout": "max(parts.is_checkout_start)",
    "visit_with_order": "max(parts.visit_with_order)",
    "visit_with_category_and_product": "max(parts.is_category_view) * max(parts.is_product_view)",
    "visit_with_product_and_cart": "max(parts.is_product_view) * max(parts.is_cart_add)",
    "visit_with_cart_and_checkout": "max(parts.is_cart_add) * max(parts.is_checkout_start)",
    "visit_with_cart_and_order": "max(parts.is_cart_add) * max(parts.visit_with_order)",
    "visit_with_checkout_and_order": "max(parts.is_checkout_start) * max(parts.visit_with_order)",
    "visit_order_amount": "sum(parts.visit_order_amount)",
    "visit_view_mature": "max(parts.visit_view_mature)",
    "visit_view_bought": "max(parts.visit_view_bought)",
    "visit_cart_mature": "max(parts.visit_cart_mature)",
    "visit_cart_abandoned": "max(parts.visit_cart_abandoned)",
    "abandoned_cart_amount": "sum(parts.abandoned_cart_amount)",
    **{
        f"visit_reached_{step}": "cast(null, 'Nullable(UInt8)')"
        for step in ("category", "product", "cart", "checkout", "order")
    },
}
"""What a visit comes to when some of its actions are asked for.

In which order steps were taken is known of the whole visit only.
"""
OF_SUBSCRIPTIONS = frozenset({"is_new_subscriber", "is_lost_subscriber", "loss_reason"})
PARTS_OF_ACTIONS: Mapping[str, str] = {
    name: f"max(parts.{name})"
    for name in ("is_category_view", "is_product_view", "is_cart_add", "is_checkout_start")
}


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
        self._by_brand = question.is_by_brand
        self._by_channel = "mailing_channel" in question.slices
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

    def knows(self, measures: Iterable[str], name: str) -> bool:
        """Whether a slice can be asked of all events that measures stand on."""
        families = self.families_of(measures)
        return all(self._reach(FAMILIES[family], name) is not None for family in families)

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
        if name == RFM_AT_START:
            return segment_at_start(self._catalog)
        prefix = {"parts": "parts.", "credits": "credits."}.get(reach, "facts.")
        table, column_name = self._home(name)
        if reach == "parts":
            table = family.details
        column = self._catalog.tables[table][column_name]
        expression = f"{prefix}{self._on_basis(column_name)}"
        if table == CUSTOMERS:
            expression = todays(column_name, column)
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
        words = [word for word in self._columns["attribution_model"].words if word != UNKNOWN]
        chosen = self._question.attribution_model or words[0]
        if chosen not in words:
            raise QuestionError(f"there is no attribution model {chosen}")
        return f"{prefix}attribution_model in ({literal(UNKNOWN)}, {literal(chosen)})"

    def _source(self) -> str:
        """The table of events, joined with customers as known today where a slice needs them."""
        table = join_starts(
            f"{self._catalog.table(EVENTS)} as facts",
            customer="facts.customer_key",
            bucket=self._buckets.number(f"facts.{self._date}"),
            slices=self._question.slices,
            catalog=self._catalog,
            buckets=self._buckets,
            brand="toString(facts.brand)" if self._by_brand else "",
            brands=brands_of(self._question),
        )
        if self._needs_customers:
            return join_customers(table, "facts", self._catalog)
        return table

    def _plain(self, families: list[Family], measures: list[str]) -> Rows:
        kinds = [kind for family in families for kind in family.kinds]
        values = bucketed(f"facts.{self._date}", self._buckets)
        for name in self._question.shown:
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
        if self._catalog.slices[name].is_number:
            return f"if(facts.event in ({kinds}), {value}, null)"
        return f"if(facts.event in ({kinds}), toString({value}), '{NOT_APPLICABLE}')"

    def _parted(self, family: Family, measures: list[str], reaches: set[str | None]) -> Rows:
        """Events cut into parts, collapsed to one row per event and value asked for."""
        by_parts, by_credits = "parts" in reaches, "credits" in reaches
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
                f" on facts.{family.keys[0]} = parts.{family.keys[1]}"
            )
        if by_credits:
            source += (
                f"\ninner join {self._catalog.table(EVENTS)} as credits"
                " on facts.order_key = credits.order_key"
            )
            where.append("credits.event = 'attributed_order' and credits.attributed_orders > 0")
        values = bucketed(f"facts.{self._date}", self._buckets)
        for name in self._question.shown:
            value = self.value(family, name)
            if value is not None:
                values[name] = value
        aggregates = {}
        for name in measures:
            aggregate = None
            # What these events do not measure is nothing on them, though their parts would have it.
            if family in [FAMILIES[key] for key in self._columns[name].families]:
                aggregate = self._part_of(family, name, by_parts=by_parts, by_credits=by_credits)
            if aggregate is None:
                values[name] = f"facts.{self._twin(name)}"
            else:
                aggregates[name] = aggregate
        # Two orders of one message may be alike in all that is asked for: keys keep them apart.
        values |= {"event_key": "facts.event_key", "order_key": "facts.order_key", **aggregates}
        return Rows(source, values, tuple(where), frozenset(aggregates))

    def _part_of(
        self, family: Family, name: str, *, by_parts: bool, by_credits: bool
    ) -> str | None:
        """A measure of an event as an aggregate over its parts; None for what is no sum."""
        if by_parts and family.details == VISIT_ACTIONS:
            return {**PARTS_OF_VISITS, **PARTS_OF_ACTIONS}.get(name)
        if by_parts and name in PARTS_OF_ORDERS:
            part = PARTS_OF_ORDERS[name]
            if by_credits and name in SHARED_AMOUNTS:
                return f"{part[:-1]} * credits.attributed_orders)"
            return part
        if by_credits and name in SHARED_AMOUNTS:
            return f"sum(facts.{name} * credits.attributed_orders)"
        if name.startswith("is_"):
            own = f"facts.{self._twin(name)}"
            return f"max({own} * {GOAL})" if by_parts else f"max({own})"
        return None

    def _twin(self, name: str) -> str:
        """The column that says the same within the channel or brand, when they are told apart."""
        for tells_apart, ending in ((self._by_channel, IN_CHANNEL), (self._by_brand, IN_BRAND)):
            if tells_apart and f"{name}{ending}" in self._columns:
                name = f"{name}{ending}"
        return name

    def _on_basis(self, name: str) -> str:
        twin = f"send_{name}"
        if self._question.basis == SEND and name in ("hour", "weekday"):
            return twin
        return self._twin(name)

    @property
    def _needs_customers(self) -> bool:
        return any(self._home(name)[0] == CUSTOMERS for name in self._question.shown)

    def _home(self, name: str) -> tuple[str, str]:
        """The mart and the column of a slice, the events themselves first.

        Raises:
            QuestionError: there is no such slice.
        """
        if name == RFM_AT_START:
            return STATES, RFM
        for table in (EVENTS, CUSTOMERS, LINES, *self._catalog.tables):
            column_name = self._catalog.column_of(table, name)
            if column_name is not None:
                return table, column_name
        raise QuestionError(f"there is no slice {name}")

    def _reach(self, family: Family, name: str) -> str | None:
        """How a slice reaches events: `own` column, `parts`, `credits`, or not at all."""
        if name == RFM_AT_START:
            return "own"
        if name in family.lacks:
            return None
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
        column = self._catalog.tables[table][column_name]
        if given.slice == RFM_AT_START:
            return condition(segment_at_start(self._catalog), column, given)
        if table == CUSTOMERS:
            return of_customers("facts.customer_key", column_name, given, self._catalog)
        return condition(f"{prefix}{self._on_basis(column_name)}", column, given)
