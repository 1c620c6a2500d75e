{{ config(order_by=["order_id", "touch_kind", "touch_at"]) }}

-- What an order's customer was touched by before it, of the order's own brand and of
-- mailings that may be credited: the ground of all models that look back over a window.
{% set channel_windows = setting("attribution_channel_windows_days") %}
{% set window = setting("attribution_window_days") | int %}
{% set longest_window = (
    [window] + channel_windows.values() | map("int") | list
) | max %}
with
    orders as (
        select order_id, customer_key, brand, ordered_at
        from {{ ref("int_orders") }}
        where is_goal = 1 and is_identified = 1
    ),

    message_touches as (select * from {{ ref("int_message_touches") }}),

    messages as (select * from {{ ref("int_messages") }} where customer_key != 0),

    mailings as (select * from {{ ref("stg_mindbox__mailings") }}),

    touches as (
        select distinct
            'touch' as touch_kind, message_id, touch_at, customer_key, brand, mailing_id
        from message_touches
        where
            message_touches.touch_kind = if(
                mailing_channel = 'sms',
                {{ string_literal(setting("attribution_sms_touch")) }},
                'click'
            )
            and (
                is_bot = 0
                or not {{ setting("attribution_human_touches_only") | lower }}
            )
        union all
        select
            'open' as touch_kind,
            message_id,
            assumeNotNull(opened_at) as touch_at,
            customer_key,
            brand,
            mailing_id
        from messages
        where
            isNotNull(opened_at)
            and (
                is_machine_open = 0
                or not {{ setting("attribution_human_touches_only") | lower }}
            )
        union all
        select
            'delivery' as touch_kind,
            message_id,
            assumeNotNull(sent_at) as touch_at,
            customer_key,
            brand,
            mailing_id
        from messages
        where is_delivered = 1
    ),

    -- A mailing that the dictionary does not hold has no type to be excluded by.
    mailings_of_excluded_types as (
        select mailing_id
        from mailings
        where
            has(
                {{ string_array(setting("attribution_excluded_mailing_types")) }},
                mailing_type
            )
    )

select
    orders.order_id as order_id,
    touches.touch_kind as touch_kind,
    touches.message_id as message_id,
    touches.mailing_id as mailing_id,
    touches.touch_at as touch_at,
    dateDiff('millisecond', touches.touch_at, orders.ordered_at) as age_ms
from touches
inner join
    orders
    on touches.customer_key = orders.customer_key
    and touches.brand = orders.brand
where
    touches.mailing_id not in (select mailing_id from mailings_of_excluded_types)
    and not has(
        {{ string_array(setting("attribution_excluded_mailings")) }}, touches.mailing_id
    )
    and touches.touch_at <= orders.ordered_at
    and age_ms
    <= if(touches.touch_kind = 'touch', {{ longest_window }}, {{ window }})
    * 24
    * 3600
    * 1000
