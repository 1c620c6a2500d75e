{{ config(materialized="view") }}

-- Orders credited to messages: with the slices of the message and of the order, on the
-- dates of both.
with
    messages as (select * from {{ ref("int_messages") }}),

    orders as (select * from {{ ref("int_orders") }}),

    attribution as (select * from {{ ref("int_attribution") }})

select
    'attributed_order' as event,
    attribution.ordered_at as event_at,
    attribution.participated_at as send_at,
    attribution.message_id as event_key,
    messages.customer_key as customer_key,
    messages.brand as brand,
    messages.mailing_id as mailing_id,
    messages.mailing_channel as mailing_channel,
    messages.mailing_variant as mailing_variant,
    messages.mailing_source as mailing_source,
    messages.customer_send_weekday as customer_send_weekday,
    messages.customer_send_hour as customer_send_hour,
    messages.pressure_band as pressure_band,
    messages.is_immature as is_immature,
    orders.order_id as order_id,
    orders.order_channel as order_channel,
    orders.order_region as order_region,
    orders.order_seq as order_seq,
    attribution.attribution_model as attribution_model,
    attribution.channel_group as channel_group,
    attribution.weight as attributed_orders,
    attribution.amount as attributed_amount
from attribution
inner join messages on attribution.message_id = messages.message_id
inner join orders on attribution.order_id = orders.order_id
