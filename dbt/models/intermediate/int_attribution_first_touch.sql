{{ config(materialized="view") }}

-- The first click within the window: what made the customer think of the order.
with
    touches as (
        select *
        from {{ ref("int_attribution_touches") }}
        where
            touch_kind = 'touch'
            and {{ touched_within(setting("attribution_window_days") | int) }}
    ),

    picked as (
        select order_id, argMin((message_id, touch_at), {{ touch_order() }}) as touch
        from touches
        group by order_id
    )

    {{ credits_of_one_touch("first_touch", "picked") }}
