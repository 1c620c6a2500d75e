{{ config(order_by="customer_key") }}

with
    customers as (select * from {{ ref("stg_mindbox__customers") }}),

    customer_orders as (select * from {{ ref("int_customer_orders") }}),

    orders as (select * from {{ ref("int_orders") }}),

    messages as (select * from {{ ref("int_messages") }}),

    identity as (select * from {{ ref("int_customer_identity") }}),

    -- Everybody who is spoken of anywhere, less those who were merged into somebody
    -- else.
    spoken_of as (
        select customer_key
        from customers
        union distinct
        select customer_key
        from orders
        union distinct
        select customer_key
        from messages
        union distinct
        select final_customer_key as customer_key
        from identity
    ),

    known as (
        select customer_key
        from spoken_of
        where
            customer_key != 0
            and customer_key not in (select customer_key from identity)
    )

select
    known.customer_key as customer_key,
    {{ slice_label("gender", "customers.sex") }} as gender,
    {{ slice_label("age_band", "customers.age_band") }} as age_band,
    {{ open_label("customers.region") }} as region,
    {{ open_label("customers.customer_timezone") }} as customer_timezone,
    {{ slice_label("email_domain_group", "customers.email_domain_group") }}
    as email_domain_group,
    customers.has_email as has_email,
    customers.has_phone as has_phone,
    customers.is_email_invalid as is_email_invalid,
    customers.is_phone_invalid as is_phone_invalid,
    toLowCardinality(
        if(
            customer_orders.customer_key = 0,
            'Без покупок',
            formatDateTime(customer_orders.first_order_date, '%Y-%m')
        )
    ) as cohort_month,
    if(
        customer_orders.customer_key = 0, null, customer_orders.first_order_date
    ) as first_order_date,
    if(
        customer_orders.customer_key = 0, null, customer_orders.last_order_date
    ) as last_order_date,
    customer_orders.orders as lifetime_orders,
    customer_orders.revenue as lifetime_revenue
from known
left join customers on known.customer_key = customers.customer_key
left join customer_orders on known.customer_key = customer_orders.customer_key
