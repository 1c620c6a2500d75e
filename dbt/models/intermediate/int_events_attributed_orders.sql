{{ config(materialized="view") }}

-- Orders credited to messages: with the slices of the message and of the order, on the
-- dates of both.
with
    messages as (select * from {{ ref("int_messages") }}),

    mailings as (select * from {{ ref("stg_mindbox__mailings") }}),

    orders as (select * from {{ ref("int_orders") }}),

    order_visits as (select * from {{ ref("int_order_visits") }}),

    attribution as (select * from {{ ref("int_attribution") }})

select
    'attributed_order' as event,
    attribution.ordered_at as event_at,
    attribution.participated_at as send_at,
    -- Mindbox may credit a mailing of which no message is loaded.
    if(
        attribution.message_id = '', attribution.mailing_id, attribution.message_id
    ) as event_key,
    attribution.customer_key as customer_key,
    orders.brand as brand,
    attribution.mailing_id as mailing_id,
    if(
        attribution.message_id = '', mailings.mailing_channel, messages.mailing_channel
    ) as mailing_channel,
    messages.mailing_variant as mailing_variant,
    messages.mailing_source as mailing_source,
    messages.customer_send_weekday as customer_send_weekday,
    messages.customer_send_hour as customer_send_hour,
    messages.pressure_band as pressure_band,
    arrayFirst(
        click -> click.clicked_at = attribution.touch_at, messages.clicks
    ).link as link,
    {{ order_slices("orders", "order_visits") }},
    orders.order_seq as order_seq,
    orders.order_seq_in_brand as order_seq_in_brand,
    orders.product_keys as product_keys,
    attribution.attribution_model as attribution_model,
    attribution.channel_group as channel_group,
    attribution.weight as attributed_orders,
    attribution.amount as attributed_amount,
    attribution.units as attributed_quantity,
    if(
        messages.is_from_flow = 1, attribution.weight, toDecimal32(0, 6)
    ) as flow_attributed_orders,
    attribution.hours_since_touch as hours_since_touch
from attribution
inner join orders on attribution.order_id = orders.order_id
left join messages on attribution.message_id = messages.message_id
left join mailings on attribution.mailing_id = mailings.mailing_id
left join order_visits on attribution.order_id = order_visits.order_id
