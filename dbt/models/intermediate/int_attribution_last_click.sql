{{ config(materialized="view") }}

-- The last click within the window, whatever came after it: what senders count that do
-- not see other traffic.
with
    touches as (
        select *
        from {{ ref("int_attribution_touches") }}
        where
            touch_kind = 'touch'
            and {{ touched_within(setting("attribution_window_days") | int) }}
    ),

    picked as (
        select order_id, argMax((message_id, touch_at), {{ touch_order() }}) as touch
        from touches
        group by order_id
    )

    {{ credits_of_one_touch("last_click", "picked") }}
