{{ config(order_by=["customer_key", "brand", "touch_at"]) }}

-- What may earn a mailing an order: clicks, and deliveries of SMS, which many
-- projects send without
-- tracked links. Which of them counts is the attribution model's business.
with
    statuses as (select * from {{ ref("stg_mindbox__message_statuses") }}),

    messages as (select * from {{ ref("int_messages") }}),

    mailings as (select * from {{ ref("stg_mindbox__mailings") }}),

    clicks as (
        select distinct message_id, status_at as touch_at, 'click' as touch_kind
        from statuses
        where status = 'Clicked'
    ),

    sms_deliveries as (
        select message_id, assumeNotNull(sent_at) as touch_at, 'delivery' as touch_kind
        from messages
        where mailing_channel = 'sms' and is_delivered = 1
    ),

    touches as (
        select *
        from clicks
        union all
        select *
        from sms_deliveries
    )

select
    touches.message_id as message_id,
    touches.touch_kind as touch_kind,
    touches.touch_at as touch_at,
    messages.customer_key as customer_key,
    messages.brand as brand,
    messages.mailing_id as mailing_id,
    messages.mailing_channel as mailing_channel,
    mailings.mailing_type as mailing_type
from touches
inner join messages on touches.message_id = messages.message_id
left join mailings on messages.mailing_id = mailings.mailing_id
where messages.customer_key != 0
