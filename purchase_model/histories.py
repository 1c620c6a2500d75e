"""Customers' orders as they stood at the end of a day, read from `marts.mart_customer_states`."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from clickhouse_connect.driver.client import Client

from purchase_model.likelihood import Numbers

# Parameters of so many customers are known to a percent; more only take longer.
MOST_CUSTOMERS = 100_000

_LAST_DAY = "select max(date_day) from marts.dim_date"

_OVERVIEWS = """
select
    brand,
    count() as buyers,
    countIf(orders_to_date >= {frequent:UInt32}) as frequent_buyers,
    max(orders_to_date) as most_orders,
    min(first_order_date) as first_day
from marts.mart_customer_states
where is_buyer = 1 and valid_from <= {day:Date} and valid_till > {day:Date}
group by brand
order by brand
"""

# Whoever is in the sample is decided by the key: the same customers every time.
_HISTORIES = """
with
    sample as (
        select customer_key, orders_to_date, amount_to_date, first_order_date, last_order_date
        from marts.mart_customer_states
        where
            brand = {brand:String}
            and is_buyer = 1
            and valid_from <= {day:Date}
            and valid_till > {day:Date}
        order by cityHash64(customer_key), customer_key
        limit {customers:UInt32}
    ),
    later as (
        select customer_key, orders_to_date
        from marts.mart_customer_states
        where
            brand = {brand:String}
            and is_buyer = 1
            and valid_from <= {until:Date}
            and valid_till > {until:Date}
    )
select
    sample.orders_to_date as orders,
    toFloat64(sample.amount_to_date) as amount,
    sample.last_order_date - sample.first_order_date as recency,
    {day:Date} - sample.first_order_date as age,
    later.orders_to_date - sample.orders_to_date as further_orders
from sample
inner join later on sample.customer_key = later.customer_key
"""


@dataclass(frozen=True)
class Overview:
    """The buyers of a brand at the end of a day.

    Attributes:
        buyers: how many there are.
        frequent_buyers: with at least as many orders as asked for.
        most_orders: of one buyer.
        first_day: of the first order.
    """

    buyers: int
    frequent_buyers: int
    most_orders: int
    first_day: date


@dataclass(frozen=True)
class Histories:
    """Orders of the customers of a brand, at most `MOST_CUSTOMERS` of them, by columns.

    Attributes:
        orders: made by the end of the day.
        amount: rubles paid for them.
        recency: days from the first order to the last.
        age: days from the first order to the day.
        further_orders: made from then to the later day that was asked for.
    """

    orders: Numbers
    amount: Numbers
    recency: Numbers
    age: Numbers
    further_orders: Numbers

    @property
    def repeats(self) -> Numbers:
        """Orders after the first."""
        return self.orders - 1

    @property
    def mean_value(self) -> Numbers:
        """Rubles an order."""
        return self.amount / self.orders


def last_day(client: Client) -> date:
    """The last loaded day; 1970-01-01 where nothing is loaded."""
    found: date = client.query(_LAST_DAY).first_row[0]
    return found


def overviews(client: Client, day: date, *, frequent: int) -> dict[str, Overview]:
    """The buyers of each brand, and of all brands together, at the end of a day.

    Args:
        client: a connection that may read the marts.
        day: whose end counts.
        frequent: from how many orders on a buyer is frequent.
    """
    rows = client.query(_OVERVIEWS, {"day": day, "frequent": frequent}).result_rows
    return {brand: Overview(*counted) for brand, *counted in rows}


def histories(client: Client, brand: str, day: date, *, until: date) -> Histories:
    """Customers' orders by the end of a day, and how many they made from then until a later one."""
    parameters = {"brand": brand, "day": day, "until": until, "customers": MOST_CUSTOMERS}
    columns = client.query(_HISTORIES, parameters, column_oriented=True).result_columns
    if not columns:
        columns = [()] * 5
    return Histories(*(np.asarray(column, dtype=np.float64) for column in columns))
