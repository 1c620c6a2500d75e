{{ config(materialized="view") }}

-- All orders. Flags and amounts stand on those in the goal alone, but for what was
-- ordered, cancelled and returned.
with orders as (select * from {{ ref("int_orders") }})

select
    'order' as event,
    ordered_at as event_at,
    ordered_at as send_at,
    order_id as event_key,
    customer_key,
    brand,
    {{ order_slices("orders") }},
    order_seq,
    order_seq_in_brand,
    product_keys,
    is_goal as is_order,
    toUInt8(order_seq > 0) as is_identified_order,
    toUInt8(order_seq = 1) as is_first_order,
    toUInt8(order_seq_in_brand = 1) as is_first_order_in_brand,
    toUInt8(order_seq > 1) as is_repeat_order,
    toUInt8(order_seq_in_brand > 1) as is_repeat_order_in_brand,
    is_reactivation as is_reactivation_order,
    is_reactivation_in_brand as is_reactivation_order_in_brand,
    toUInt8(is_goal = 1 and contact_point_type = 'online') as is_online_order,
    toUInt8(is_goal = 1 and contact_point_type = 'offline') as is_offline_order,
    amount as order_amount,
    if(order_seq > 0, amount, toDecimal64(0, 4)) as identified_order_amount,
    gross_amount as gross_order_amount,
    cancelled_amount as cancelled_order_amount,
    returned_amount as returned_order_amount,
    units as order_quantity,
    previous_order_date,
    previous_order_date_in_brand,
    next_order_date,
    next_order_date_in_brand,
    first_order_date,
    first_order_date_in_brand,
    days_since_previous,
    days_since_previous_in_brand,
    omni_since_date,
    omni_since_date_in_brand
from orders
