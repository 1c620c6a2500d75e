with
    orders as (select * from {{ source("mindbox", "orders") }}),

    latest as (
        select *
        from orders
        order by order_id, _version_at desc, _extracted_at desc, _content_hash
        limit 1 by order_id
    )

select
    order_id,
    -- The first action of the order; a later payment or delivery never moves it.
    ordered_at,
    {{ project_date("ordered_at") }} as order_date,
    customer_key,
    brand,
    channel_id as order_channel_id,
    channel_name as order_channel,
    toLowCardinality({{ contact_point_type("channel_id") }}) as contact_point_type,
    region as order_region,
    total_price,
    delivery_cost,
    lines as order_lines,
    promotions as order_promotions,
    points as order_points,
    payments as order_payments,
    attributed_campaigns
from latest
