{{ config(materialized="view") }}

-- Orders under every mailing that touched their customer within the window, credited or
-- not: the paths to orders. They know no model but the default, which decides what is
-- an assist.
with
    touches as (
        select *
        from {{ ref("int_attribution_touches") }}
        where
            touch_kind = 'touch'
            and {{ touched_within(setting("attribution_window_days") | int) }}
    ),

    messages as (select * from {{ ref("int_messages") }}),

    orders as (select * from {{ ref("int_orders") }}),

    order_visits as (select * from {{ ref("int_order_visits") }}),

    credits as (
        select order_id, mailing_id
        from {{ ref("int_attribution") }}
        where attribution_model = 'mb_last_non_direct'
    ),

    -- A mailing may have touched by several messages: the last one stands for it.
    touched as (
        select
            order_id,
            mailing_id,
            argMax(message_id, {{ touch_order() }}) as last_message_id,
            max(touch_at) as last_touch_at,
            count() as mailing_touches
        from touches
        group by order_id, mailing_id
    )

select
    'touched_order' as event,
    orders.ordered_at as event_at,
    messages.participated_at as send_at,
    messages.message_id as event_key,
    orders.customer_key as customer_key,
    orders.brand as brand,
    messages.mailing_id as mailing_id,
    messages.mailing_channel as mailing_channel,
    messages.mailing_variant as mailing_variant,
    messages.mailing_source as mailing_source,
    messages.customer_send_weekday as customer_send_weekday,
    messages.customer_send_hour as customer_send_hour,
    messages.pressure_band as pressure_band,
    arrayFirst(
        click -> click.clicked_at = touched.last_touch_at, messages.clicks
    ).link as link,
    {{ order_slices("orders", "order_visits") }},
    orders.order_seq as order_seq,
    orders.order_seq_in_brand as order_seq_in_brand,
    toUInt8(1) as is_touched_order,
    toUInt8(credits.order_id = '') as is_assist,
    toUInt16(
        sum(touched.mailing_touches) over (partition by touched.order_id)
    ) as touches_in_window
from touched
inner join orders on touched.order_id = orders.order_id
inner join messages on touched.last_message_id = messages.message_id
left join order_visits on touched.order_id = order_visits.order_id
left join
    credits
    on touched.order_id = credits.order_id
    and touched.mailing_id = credits.mailing_id
