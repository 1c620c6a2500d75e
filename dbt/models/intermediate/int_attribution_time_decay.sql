{{ config(materialized="view") }}

-- The part of a click within the window halves with every half-life back from the
-- order; the parts of an order add up to 1.
with
    touches as (
        select *
        from {{ ref("int_attribution_touches") }}
        where
            touch_kind = 'touch'
            and {{ touched_within(setting("attribution_window_days") | int) }}
    ),

    -- Counted from the latest touch: ages of many half-lives would all come to nothing.
    halved as (
        select
            order_id,
            message_id,
            touch_at,
            exp2(
                - (age_ms - min(age_ms) over (partition by order_id))
                / (
                    {{ setting("attribution_decay_half_life_days") | float }}
                    * 24
                    * 3600
                    * 1000
                )
            ) as part
        from touches
    ),

    shares as (
        select
            order_id,
            message_id,
            touch_at,
            part / sum(part) over (partition by order_id) as share
        from halved
    )

    {{ credits_of_shares("time_decay", "shares") }}
