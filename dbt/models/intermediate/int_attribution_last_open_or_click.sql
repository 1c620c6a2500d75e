{{ config(materialized="view") }}

-- The last open or click within the window: an upper view, as an open need not be a
-- person's.
with
    touches as (
        select *
        from {{ ref("int_attribution_touches") }}
        where
            touch_kind in ('touch', 'open')
            and {{ touched_within(setting("attribution_window_days") | int) }}
    ),

    picked as (
        select order_id, argMax((message_id, touch_at), {{ touch_order() }}) as touch
        from touches
        group by order_id
    )

    {{ credits_of_one_touch("last_open_or_click", "picked") }}
