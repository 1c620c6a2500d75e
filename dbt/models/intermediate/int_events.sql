{{ config(materialized="view") }}

-- All kinds of events side by side, before their slices are looked up. Whatever
-- follows from a
-- message (its reactions, the orders credited to it) carries the facts of that
-- message, and reads
-- its customer's slices at the participation: both parts of a rate always fall into
-- one slice.
with
    messages as (select * from {{ ref("int_messages") }}),

    orders as (select * from {{ ref("int_orders") }}),

    attribution as (select * from {{ ref("int_attribution") }}),

    message_events as (
        select
            occurrence .1 as event,
            assumeNotNull(occurrence .2) as event_at,
            messages.participated_at as send_at,
            messages.message_id as event_key,
            messages.customer_key as customer_key,
            messages.brand as brand,
            messages.mailing_id as mailing_id,
            messages.mailing_channel as mailing_channel,
            messages.mailing_variant as mailing_variant,
            messages.mailing_source as mailing_source,
            if(
                messages.is_not_sent = 1,
                messages.not_sent_reason,
                messages.not_delivered_reason
            ) as failure_reason,
            messages.is_sent as is_sent,
            messages.is_not_sent as is_not_sent,
            messages.is_delivered as is_delivered,
            messages.is_not_delivered as is_not_delivered,
            messages.is_bounced as is_bounced,
            messages.reports_opens as reports_opens,
            '' as order_id,
            '' as order_channel,
            '' as order_region,
            toUInt32(0) as order_seq,
            '' as attribution_model,
            '' as channel_group,
            toDecimal32(0, 6) as weight,
            toDecimal64(0, 4) as amount
        from messages
        array join
            arrayFilter(
                moment -> isNotNull(moment .2),
                [
                    ('message', toNullable(messages.participated_at)),
                    ('open', messages.opened_at),
                    ('click', messages.clicked_at),
                    ('unsubscribe', messages.unsubscribed_at)
                ]
            ) as occurrence
    ),

    order_events as (
        select
            'order' as event,
            ordered_at as event_at,
            ordered_at as send_at,
            order_id as event_key,
            customer_key,
            brand,
            '' as mailing_id,
            '' as mailing_channel,
            toUInt8(0) as mailing_variant,
            '' as mailing_source,
            '' as failure_reason,
            toUInt8(0) as is_sent,
            toUInt8(0) as is_not_sent,
            toUInt8(0) as is_delivered,
            toUInt8(0) as is_not_delivered,
            toUInt8(0) as is_bounced,
            toUInt8(0) as reports_opens,
            order_id,
            order_channel,
            order_region,
            order_seq,
            '' as attribution_model,
            '' as channel_group,
            toDecimal32(0, 6) as weight,
            amount
        from orders
        where is_goal = 1
    ),

    attributed_order_events as (
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
            '' as failure_reason,
            toUInt8(0) as is_sent,
            toUInt8(0) as is_not_sent,
            toUInt8(0) as is_delivered,
            toUInt8(0) as is_not_delivered,
            toUInt8(0) as is_bounced,
            toUInt8(0) as reports_opens,
            orders.order_id as order_id,
            orders.order_channel as order_channel,
            orders.order_region as order_region,
            orders.order_seq as order_seq,
            attribution.attribution_model as attribution_model,
            attribution.channel_group as channel_group,
            attribution.weight as weight,
            attribution.amount as amount
        from attribution
        inner join messages on attribution.message_id = messages.message_id
        inner join orders on attribution.order_id = orders.order_id
    )

select *
from message_events
union all
select *
from order_events
union all
select *
from attributed_order_events
