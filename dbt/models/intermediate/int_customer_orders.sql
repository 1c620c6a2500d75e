{{ config(order_by="customer_key") }}

-- What a customer's goal orders, of all brands together, make of the customer.
with
    orders as (
        select * from {{ ref("int_orders") }} where is_goal = 1 and is_identified = 1
    )

select
    customer_key,
    min(ordered_at) as first_order_at,
    max(ordered_at) as last_order_at,
    min(order_date) as first_order_date,
    max(order_date) as last_order_date,
    count() as orders,
    toDecimal64(sum(amount), 4) as revenue
from orders
group by customer_key
