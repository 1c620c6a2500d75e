{%- set repurchase_days = 90 -%}
{{ config(materialized="view") }}

-- All orders. Flags and amounts stand on those in the goal alone, but for what was
-- ordered, cancelled and returned.
with
    orders as (select * from {{ ref("int_orders") }}),

    order_visits as (select * from {{ ref("int_order_visits") }}),

    horizon as (select * from {{ ref("int_horizon") }}),

    registrations as (
        select *
        from {{ ref("int_customer_registrations") }}
        where is_registration_known = 1
    ),

    registered as (
        select customer_key as registered_key, registered_on
        from registrations
        where brand = '{{ all_brands() }}'
    ),

    registered_in_brand as (
        select
            customer_key as registered_in_brand_key,
            brand as registration_brand,
            registered_on as registered_in_brand_on
        from registrations
        where brand != '{{ all_brands() }}'
    ),

    -- An order before the registration came at once, as far as anybody can tell.
    placed as (
        select
            orders.*,
            if(
                order_seq = 1 and registered_key != 0,
                toFloat64(greatest(order_date - registered_on, 0)),
                null
            ) as days_to_first_order,
            if(
                order_seq_in_brand = 1 and registered_in_brand_key != 0,
                toFloat64(greatest(order_date - registered_in_brand_on, 0)),
                null
            ) as days_to_first_order_in_brand
        from orders
        left join registered on orders.customer_key = registered.registered_key
        left join
            registered_in_brand
            on orders.customer_key = registered_in_brand.registered_in_brand_key
            and {{ open_label("orders.brand") }}
            = registered_in_brand.registration_brand
    )

select
    'order' as event,
    ordered_at as event_at,
    ordered_at as send_at,
    placed.order_id as event_key,
    customer_key,
    brand,
    {{ order_slices("placed", "order_visits") }},
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
    toUInt8(
        order_seq > 0
        and order_date + {{ repurchase_days }}
        <= assumeNotNull((select last_day from horizon))
    ) as is_mature_order,
    toUInt8(
        is_mature_order = 1
        and coalesce(next_order_date <= order_date + {{ repurchase_days }}, 0)
    ) as is_repurchased_order,
    toUInt8(
        is_mature_order = 1
        and coalesce(next_order_date_in_brand <= order_date + {{ repurchase_days }}, 0)
    ) as is_repurchased_order_in_brand,
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
    days_to_first_order,
    days_to_first_order_in_brand,
    omni_since_date,
    omni_since_date_in_brand
from placed
left join order_visits on placed.order_id = order_visits.order_id
