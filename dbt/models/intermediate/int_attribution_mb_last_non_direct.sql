{{ config(materialized="view") }}

-- Mindbox's own rule: the order goes to the latest touch before it, whatever its
-- age, and only then is the age compared with the window. A foreign visit after that
-- touch takes the credit away, and no older touch gets it.
with
    orders as (
        select order_id, customer_key, brand, ordered_at
        from {{ ref("int_orders") }}
        where is_goal = 1 and is_identified = 1
    ),

    touches as (
        select *
        from {{ ref("int_message_touches") }}
        where
            touch_kind = if(
                mailing_channel = 'sms',
                {{ string_literal(setting("attribution_sms_touch")) }},
                'click'
            )
            and (
                is_bot = 0
                or not {{ setting("attribution_human_touches_only") | lower }}
            )
            and not has(
                {{ string_array(setting("attribution_excluded_mailing_types")) }},
                mailing_type
            )
            and not has(
                {{ string_array(setting("attribution_excluded_mailings")) }}, mailing_id
            )
    ),

    -- Touches of one instant: the larger message id, compared as the number it is.
    distinct_touches as (
        select
            customer_key,
            brand,
            touch_at,
            argMax(message_id, (toUInt128OrZero(message_id), message_id)) as message_id
        from touches
        group by customer_key, brand, touch_at
    ),

    foreign_visits as (
        select customer_key, brand, visited_at
        from {{ ref("int_site_visits") }}
        where
            is_foreign = 1
            and {{ setting("attribution_break_on_non_direct_visit") | lower }}
    ),

    last_touches as (
        select
            orders.order_id as order_id,
            orders.customer_key as customer_key,
            orders.brand as brand,
            orders.ordered_at as ordered_at,
            distinct_touches.message_id as message_id,
            distinct_touches.touch_at as touch_at
        from orders
        asof join
            distinct_touches
            on orders.customer_key = distinct_touches.customer_key
            and orders.brand = distinct_touches.brand
            and orders.ordered_at >= distinct_touches.touch_at
    )

select
    last_touches.order_id as order_id,
    'mb_last_non_direct' as attribution_model,
    'mailings' as channel_group,
    last_touches.message_id as message_id,
    last_touches.touch_at as touch_at,
    toDecimal32(1, 6) as weight
from last_touches
asof left join
    foreign_visits
    on last_touches.customer_key = foreign_visits.customer_key
    and last_touches.brand = foreign_visits.brand
    and last_touches.ordered_at >= foreign_visits.visited_at
where
    last_touches.ordered_at
    <= last_touches.touch_at
    + toIntervalHour(24 * {{ setting("attribution_window_days") | int }})
    -- Without a foreign visit before the order, its moment is the epoch.
    and foreign_visits.visited_at <= last_touches.touch_at
