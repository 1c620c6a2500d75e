{{ config(order_by=["brand", "customer_key", "active_from"]) }}

-- Unbroken activity: orders that follow each other within churn_days, over all brands
-- and in each brand of the customer's.
with
    orders as (
        select * from {{ ref("int_orders") }} where is_goal = 1 and is_identified = 1
    ),

    order_days as (
        select
            customer_key,
            toLowCardinality(
                arrayJoin([{{ open_label("brand") }}, '{{ all_brands() }}'])
            ) as counted_brand,
            order_date,
            argMin({{ open_label("brand") }}, (ordered_at, order_id)) as first_brand,
            argMax({{ open_label("brand") }}, (ordered_at, order_id)) as last_brand
        from orders
        group by customer_key, counted_brand, order_date
    ),

    spaced as (
        select
            *,
            {{ lifecycle_threshold("churn_days", "counted_brand") }} as churn_days,
            lagInFrame(order_date) over (
                partition by customer_key, counted_brand order by order_date
            ) as previous_order_date
        from order_days
    ),

    numbered as (
        select
            *,
            sum(order_date - previous_order_date > churn_days) over (
                partition by customer_key, counted_brand order by order_date
            ) as interval_number
        from spaced
    )

select
    customer_key,
    counted_brand as brand,
    toUInt32(interval_number) as interval_number,
    min(order_date) as active_from,
    max(order_date) as last_order_date,
    last_order_date + any(churn_days) + 1 as active_till,
    argMin(first_brand, order_date) as first_brand,
    argMax(last_brand, order_date) as last_brand
from numbered
group by customer_key, brand, interval_number
