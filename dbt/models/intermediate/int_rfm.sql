{{ config(order_by=["brand", "customer_key", "valid_from"]) }}

-- Scores of a month are made on its 1st of the orders of the 365 days before, and hold
-- for the month. Whoever ordered nothing in them has no row.
with
    orders as (
        select * from {{ ref("int_orders") }} where is_goal = 1 and is_identified = 1
    ),

    horizon as (select * from {{ ref("int_horizon") }}),

    counted as (
        select
            customer_key,
            order_date,
            amount,
            arrayJoin(
                [{{ open_label("brand") }}, '{{ all_brands() }}']
            ) as counted_brand,
            toStartOfMonth(order_date) + toIntervalMonth(1) as first_month,
            least(
                toStartOfMonth(order_date + 365),
                toStartOfMonth(assumeNotNull((select last_day from horizon)))
            ) as last_month
        from orders
    ),

    yearly as (
        select
            toLowCardinality(counted_brand) as brand,
            customer_key,
            first_month + toIntervalMonth(month_number) as valid_from,
            max(order_date) as last_order_date,
            toUInt32(count()) as orders,
            toDecimal64(sum(amount), 4) as revenue
        from counted
        array join
            range(
                toUInt32(greatest(dateDiff('month', first_month, last_month) + 1, 0))
            ) as month_number
        group by brand, customer_key, valid_from
    ),

    scored as (
        select
            brand,
            customer_key,
            valid_from,
            last_order_date,
            orders,
            revenue,
            {{ rfm_score("last_order_date") }} as recency_score,
            {{ rfm_score("orders") }} as frequency_score,
            {{ rfm_score("revenue") }} as monetary_score
        from yearly
    )

select
    brand,
    customer_key,
    valid_from,
    valid_from + toIntervalMonth(1) as valid_till,
    last_order_date,
    orders,
    revenue,
    recency_score,
    frequency_score,
    monetary_score,
    toLowCardinality(
        {{ rfm_segment("recency_score", "frequency_score", "monetary_score") }}
    ) as rfm_segment
from scored
