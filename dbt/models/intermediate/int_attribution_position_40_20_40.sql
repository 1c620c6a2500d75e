{{ config(materialized="view") }}

-- The first and the last click within the window have 40 % each, those between them
-- the rest in equal parts; two clicks have halves, a single one has all.
with
    touches as (
        select *
        from {{ ref("int_attribution_touches") }}
        where
            touch_kind = 'touch'
            and {{ touched_within(setting("attribution_window_days") | int) }}
    ),

    numbered as (
        select
            order_id,
            message_id,
            touch_at,
            row_number() over (
                partition by order_id
                order by touch_at, toUInt128OrZero(message_id), message_id
            ) as touch_number,
            count() over (partition by order_id) as touches
        from touches
    ),

    shares as (
        select
            order_id,
            message_id,
            touch_at,
            multiIf(
                touches <= 2,
                1 / touches,
                touch_number in (1, touches),
                0.4,
                0.2 / (touches - 2)
            ) as share
        from numbered
    )

    {{ credits_of_shares("position_40_20_40", "shares") }}
