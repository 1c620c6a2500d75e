{{ config(materialized="view") }}

-- Orders in the goal.
with orders as (select * from {{ ref("int_orders") }} where is_goal = 1)

select
    'order' as event,
    ordered_at as event_at,
    ordered_at as send_at,
    order_id as event_key,
    customer_key,
    brand,
    order_id,
    order_channel,
    order_region,
    order_seq,
    toUInt8(1) as is_order,
    toUInt8(customer_key != 0) as is_identified_order,
    toUInt8(order_seq = 1) as is_first_order,
    toUInt8(order_seq > 1) as is_repeat_order,
    amount as order_amount,
    if(customer_key != 0, amount, toDecimal64(0, 4)) as identified_order_amount
from orders
