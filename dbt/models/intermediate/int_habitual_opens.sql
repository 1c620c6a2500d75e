{{ config(materialized="view") }}

{%- set half_a_year_ms = 180 * 86400000 -%}

-- Twenty opens in half a year and not one click: a machine reads this mailbox. A tail
-- of twenty opens is all that each of them needs to know of those before it.
with
    outcomes as (
        select * from {{ ref("int_message_outcomes") }} where customer_key != 0
    ),

    reactions as (
        select
            message_id,
            customer_key,
            toUnixTimestamp64Milli(assumeNotNull(opened_at)) as reacted_ms,
            1 as is_open
        from outcomes
        where isNotNull(opened_at)
        union all
        select
            message_id,
            customer_key,
            toUnixTimestamp64Milli(click.clicked_at) as reacted_ms,
            0 as is_open
        from outcomes
        array join clicks as click
    ),

    histories as (
        select
            message_id,
            reacted_ms,
            is_open,
            groupArrayLastIf(20)
            (reacted_ms, is_open = 1) over history as last_opens,
            maxIf(reacted_ms, is_open = 0) over history as last_click
        from reactions
        window
            history as (
                partition by customer_key
                order by reacted_ms
                range between unbounded preceding and current row
            )
    )

select message_id
from histories
where
    is_open = 1
    and length(last_opens) = 20
    and arrayMin(last_opens) > reacted_ms - {{ half_a_year_ms }}
    and last_click <= reacted_ms - {{ half_a_year_ms }}
