"""Slices of one mart, with what is known of its customers today."""

from dataclasses import dataclass, replace

from superset_assets.semantics.buckets import Buckets
from superset_assets.semantics.catalog import (
    CUSTOMERS,
    RFM,
    RFM_AT_START,
    STATES,
    Catalog,
    Column,
)
from superset_assets.semantics.conditions import (
    UNKNOWN,
    admits_not_applicable,
    array_values,
    condition,
)
from superset_assets.semantics.intervals import brands_of
from superset_assets.semantics.question import Filter, Question
from superset_assets.semantics.starts import join_starts, segment_at_start


@dataclass(frozen=True)
class Slicing:
    """How the slices of a question are read from a mart.

    Attributes:
        question: what is asked.
        catalog: what there is.
        table: the mart.
        alias: its name in the SELECT.
        buckets: the buckets of the question.
        bucket: expression of the number of a row's bucket.
    """

    question: Question
    catalog: Catalog
    table: str
    alias: str
    buckets: Buckets
    bucket: str

    def knows(self, name: str) -> bool:
        """Whether the mart, or its customers, have the slice."""
        return self._home(name) is not None

    def applies(self) -> bool:
        """Whether all filters can be asked of the mart."""
        return all(
            self.knows(each.slice) or admits_not_applicable(each) for each in self.question.filters
        )

    def values(self) -> dict[str, str]:
        """Expressions of the slices to be shown that the mart knows."""
        return {name: self._value(name) for name in self.question.shown if self.knows(name)}

    def conditions(self) -> tuple[str, ...]:
        """Filters that can be asked of the mart."""
        return tuple(
            self._condition(each) for each in self.question.filters if self.knows(each.slice)
        )

    def joined(self, source: str) -> str:
        """The mart, with its customers as known today or at the start, where slices need them."""
        source = join_starts(
            source,
            customer=f"{self.alias}.customer_key",
            bucket=self.bucket,
            slices=self.question.slices,
            catalog=self.catalog,
            buckets=self.buckets,
            brand=f"toString({self.alias}.brand)" if self._is_by_brand else "",
            brands=brands_of(self.question),
        )
        homes = (self._home(name) for name in self.question.shown)
        if not any(home is not None and home[0] == CUSTOMERS for home in homes):
            return source
        return join_customers(source, self.alias, self.catalog)

    @property
    def _is_by_brand(self) -> bool:
        return self.question.is_by_brand and "brand" in self.catalog.tables[self.table]

    def _home(self, name: str) -> tuple[str, str] | None:
        has_customers = "customer_key" in self.catalog.tables[self.table]
        if name == RFM_AT_START:
            return (STATES, RFM) if has_customers else None
        for table in (self.table, CUSTOMERS) if has_customers else (self.table,):
            found = self.catalog.column_of(table, name)
            if found is not None:
                return table, found
        return None

    def _column(self, name: str) -> Column:
        table, column_name = self._home(name) or ("", "")
        return self.catalog.tables[table][column_name]

    def _compared(self, name: str) -> Column:
        column = self._column(name)
        return worded(column) if self._home(name) != (self.table, name) else column

    def _condition(self, given: Filter) -> str:
        table, column_name = self._home(given.slice) or ("", "")
        if table == CUSTOMERS:
            key = f"{self.alias}.customer_key"
            return of_customers(key, column_name, given, self.catalog)
        return condition(self._expression(given.slice), self._compared(given.slice), given)

    def _expression(self, name: str) -> str:
        if name == RFM_AT_START:
            return segment_at_start(self.catalog)
        table, column_name = self._home(name) or ("", "")
        if table == CUSTOMERS:
            return todays(column_name, self._column(name))
        return f"{self.alias}.{column_name}"

    def _value(self, name: str) -> str:
        expression = self._expression(name)
        if not self._column(name).is_array:
            return expression
        if self.question.is_detailed:
            return f"arrayStringConcat({expression}, ', ')"
        given = [each for each in self.question.filters if each.slice == name]
        return array_values(expression, given)


def todays(column_name: str, column: Column) -> str:
    """What is known of a customer today; of nobody in particular, nothing is."""
    if column.is_array:
        return f"customers.{column_name}"
    return f"if(customers.customer_key = 0, '{UNKNOWN}', toString(customers.{column_name}))"


def of_customers(key: str, column_name: str, given: Filter, catalog: Catalog) -> str:
    """A filter on what is known of customers today, as a condition on a row's customer.

    A set of keys is looked into faster than customers are joined, and filters are most of what is
    asked of them. Nobody in particular has nothing that is known.

    Args:
        key: expression of a row's customer, 0 for nobody in particular.
        column_name: the column of the customers that the slice is.
        given: the filter.
        catalog: what there is.
    """
    column = catalog.tables[CUSTOMERS][column_name]
    known = f"customers.{column_name}" if column.is_array else f"toString(customers.{column_name})"
    unknown = "cast([], 'Array(String)')" if column.is_array else f"'{UNKNOWN}'"
    return (
        f"({key} in (select customers.customer_key from {catalog.table(CUSTOMERS)} as customers"
        f" where {condition(known, worded(column), given)})"
        f" or {key} = 0 and {condition(unknown, worded(column), given)})"
    )


def worded(column: Column) -> Column:
    """The column as words: of nobody in particular it says one that its closed list lacks."""
    return column if column.is_array else replace(column, type="String")


def join_customers(source: str, alias: str, catalog: Catalog) -> str:
    """A source with what is known today of its customers."""
    return (
        f"{source}\nany left join {catalog.table(CUSTOMERS)} as customers"
        f" on {alias}.customer_key = customers.customer_key"
    )
