{{ config(materialized="view") }}

-- Every click within the window has the same part in the order.
with
    touches as (
        select *
        from {{ ref("int_attribution_touches") }}
        where
            touch_kind = 'touch'
            and {{ touched_within(setting("attribution_window_days") | int) }}
    ),

    shares as (
        select
            order_id,
            message_id,
            touch_at,
            1 / count() over (partition by order_id) as share
        from touches
    )

    {{ credits_of_shares("linear", "shares") }}
