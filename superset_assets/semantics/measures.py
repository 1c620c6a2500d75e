"""Columns that metrics are made of, and where each of them is read."""

import re
from enum import Enum, auto

from superset_assets.semantics.catalog import CHANNEL_STATES, EVENTS, STATES, Catalog, Column
from superset_assets.semantics.dated import ENTRY, EXIT, MEMBER, dated_mart_of
from superset_assets.semantics.predictions import PREDICTIONS, TYPE
from superset_assets.semantics.rows import COUNTED_DATE, PERIOD_END, PERIOD_START
from superset_assets.semantics.states import (
    BASE,
    CLOSING,
    CLOSING_DAY,
    CLOSING_POINTS,
    RETAINED,
    States,
)

ALL, EVERYBODYS = "all_", "everybodys_"
PREVIOUS, ON_ORDER_DATE = "previous_", "on_order_date_"
FLAG = Column("UInt8")
CALCULATED = {CLOSING_DAY: Column("Date"), CLOSING_POINTS: Column("Float64")}
SEGMENT_MEASURES = (MEMBER, ENTRY, EXIT)
DATES = (COUNTED_DATE, PERIOD_START, PERIOD_END)
WORD = re.compile(r"[a-z_][a-z0-9_]*")


class Kind(Enum):
    """Where a measure is read."""

    DATE = auto()
    """The row's own date, or an end of its bucket."""
    CUSTOMER = auto()
    """The customer's key, which every source has."""
    EVENT = auto()
    """Events of the period."""
    ALL_EVENTS = auto()
    """The same, whatever mailing is asked for: the whole that mailings have a share of."""
    ON_ORDER_DATE = auto()
    """Events by their own date, whichever date the board counts by."""
    EVERYBODYS_EVENT = auto()
    """Events of everybody, whatever segment at the start is asked for."""
    PREVIOUS_EVENT = auto()
    """Events of the bucket before."""
    STATE = auto()
    """States of customers at an end of the bucket."""
    BASE = auto()
    """States, whatever is asked of slices that customers do not have."""
    DATED = auto()
    """A mart with a date of its own."""
    SEGMENT = auto()
    """Membership of segments."""


EVENT_PREFIXES = {
    "": Kind.EVENT,
    ALL: Kind.ALL_EVENTS,
    EVERYBODYS: Kind.EVERYBODYS_EVENT,
    PREVIOUS: Kind.PREVIOUS_EVENT,
    ON_ORDER_DATE: Kind.ON_ORDER_DATE,
}


def measure(name: str, catalog: Catalog) -> tuple[Kind, Column] | None:
    """Where a column is read and what it is, None if it is no measure."""
    plain = {
        **dict.fromkeys(DATES, (Kind.DATE, Column("Date"))),
        **dict.fromkeys(SEGMENT_MEASURES, (Kind.SEGMENT, FLAG)),
        "customer_key": (Kind.CUSTOMER, Column("UInt64")),
    }
    return (
        plain.get(name) or _dated(name, catalog) or _state(name, catalog) or _event(name, catalog)
    )


def named_in(sql: str, catalog: Catalog) -> tuple[set[str], set[str]]:
    """The measures and the slices that a piece of SQL names."""
    words = set(WORD.findall(sql))
    slices = {word for word in words if word in catalog.slices}
    return {word for word in words - slices if measure(word, catalog)}, slices


def _dated(name: str, catalog: Catalog) -> tuple[Kind, Column] | None:
    mart = dated_mart_of(name, catalog)
    return (Kind.DATED, catalog.tables[mart.table][name]) if mart else None


def _state(name: str, catalog: Catalog) -> tuple[Kind, Column] | None:
    state = States.state_of(name)
    if state is None:
        return None
    kind = Kind.BASE if name.startswith(BASE) else Kind.STATE
    if state == RETAINED:
        return kind, FLAG
    if name in CALCULATED:
        return kind, CALCULATED[name]
    if state in PREDICTIONS:
        return (kind, Column(TYPE)) if name.startswith(CLOSING) else None
    for table in (STATES, CHANNEL_STATES):
        column = catalog.tables.get(table, {}).get(state)
        if column is not None and not column.group:
            return kind, column
    return None


def _event(name: str, catalog: Catalog) -> tuple[Kind, Column] | None:
    for prefix, kind in EVENT_PREFIXES.items():
        column = catalog.tables[EVENTS].get(name.removeprefix(prefix))
        if name.startswith(prefix) and column is not None and not column.group:
            return kind, column
    return None
