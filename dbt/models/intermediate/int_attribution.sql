{{ config(order_by=["attribution_model", "channel_group", "order_id", "message_id"]) }}

-- One row per order, model, channel group and credited message. The views of the models
-- have the same columns, and weights that add up to 1 within an order; `mb_imported`
-- alone may credit a mailing without a message.
{%- set own_models = [
    "mb_last_non_direct",
    "last_click",
    "last_click_per_channel",
    "last_open_or_click",
    "last_delivery",
    "first_touch",
    "linear",
    "position_40_20_40",
    "time_decay",
    "promo_code",
] %}
with
    credits as (
        select
            order_id,
            attribution_model,
            channel_group,
            message_id,
            touch_at,
            weight,
            mailing_id
        from {{ ref("int_attribution_mb_imported") }}
        {%- for model in own_models %}
            union all
            select
                order_id,
                attribution_model,
                channel_group,
                message_id,
                touch_at,
                weight,
                '' as mailing_id
            from {{ ref("int_attribution_" ~ model) }}
        {%- endfor %}
    ),

    orders as (select * from {{ ref("int_orders") }}),

    messages as (select * from {{ ref("int_messages") }}),

    shared as (
        select
            credits.order_id as order_id,
            credits.attribution_model as attribution_model,
            credits.channel_group as channel_group,
            credits.message_id as message_id,
            if(
                credits.message_id = '', credits.mailing_id, messages.mailing_id
            ) as mailing_id,
            orders.customer_key as customer_key,
            if(
                credits.message_id = '', orders.ordered_at, messages.participated_at
            ) as participated_at,
            credits.touch_at as touch_at,
            orders.ordered_at as ordered_at,
            credits.weight as weight,
            orders.amount as order_amount,
            orders.units as order_units,
            -- Wider than a stored amount on the way, as the scales of both factors add
            -- up.
            toDecimal64(toDecimal128(orders.amount, 4) * credits.weight, 4) as share
        from credits
        inner join orders on credits.order_id = orders.order_id
        left join messages on credits.message_id = messages.message_id
        where credits.weight > 0
    )

select
    order_id,
    attribution_model,
    channel_group,
    message_id,
    mailing_id,
    customer_key,
    participated_at,
    touch_at,
    ordered_at,
    dateDiff('millisecond', touch_at, ordered_at) / 3600000 as hours_since_touch,
    weight,
    -- What rounding leaves of the order goes with its last touch.
    if(
        row_number() over (
            partition by order_id, attribution_model, channel_group
            order by
                touch_at desc,
                toUInt128OrZero(message_id) desc,
                message_id desc,
                mailing_id desc
        )
        = 1,
        toDecimal64(
            order_amount
            - sum(share) over (partition by order_id, attribution_model, channel_group)
            + share,
            4
        ),
        share
    ) as amount,
    toDecimal128(order_units, 4) * weight as units
from shared
