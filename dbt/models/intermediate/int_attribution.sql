{{ config(order_by=["attribution_model", "channel_group", "order_id", "message_id"]) }}

-- One row per order, model, channel group and credited message. A further model is
-- one more CTE in
-- `credits`, with the same columns and with weights that add up to 1 within an order.
with
    credits as (select * from {{ ref("int_attribution_mb_last_non_direct") }}),

    orders as (select * from {{ ref("int_orders") }}),

    messages as (select * from {{ ref("int_messages") }})

select
    credits.order_id as order_id,
    credits.attribution_model as attribution_model,
    credits.channel_group as channel_group,
    credits.message_id as message_id,
    messages.mailing_id as mailing_id,
    orders.customer_key as customer_key,
    messages.participated_at as participated_at,
    credits.touch_at as touch_at,
    orders.ordered_at as ordered_at,
    credits.weight as weight,
    -- Wider than a stored amount on the way, as the scales of both factors add up.
    toDecimal64(toDecimal128(orders.amount, 4) * credits.weight, 4) as amount
from credits
inner join orders on credits.order_id = orders.order_id
inner join messages on credits.message_id = messages.message_id
