{{ config(materialized="view") }}

-- The last message delivered within the window, seen or not: the upper bound of what
-- mailings may have moved.
with
    touches as (
        select *
        from {{ ref("int_attribution_touches") }}
        where
            touch_kind = 'delivery'
            and {{ touched_within(setting("attribution_window_days") | int) }}
    ),

    picked as (
        select order_id, argMax((message_id, touch_at), {{ touch_order() }}) as touch
        from touches
        group by order_id
    )

    {{ credits_of_one_touch("last_delivery", "picked") }}
