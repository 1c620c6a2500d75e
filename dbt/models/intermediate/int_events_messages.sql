{{ config(materialized="view") }}

-- A message and its first reactions. Whatever follows from a message carries the facts
-- of that message, and reads its customer's slices at the participation: both parts of
-- a rate always fall into one slice.
with
    messages as (select * from {{ ref("int_messages") }}),

    occurrences as (
        select
            messages.*, occurrence .1 as event, assumeNotNull(occurrence .2) as event_at
        from messages
        array join
            arrayFilter(
                moment -> isNotNull(moment .2),
                [
                    ('message', toNullable(participated_at)),
                    ('open', opened_at),
                    ('click', clicked_at),
                    ('unsubscribe', unsubscribed_at)
                ]
            ) as occurrence
    )

select
    event,
    event_at,
    participated_at as send_at,
    message_id as event_key,
    customer_key,
    brand,
    mailing_id,
    mailing_channel,
    mailing_variant,
    mailing_source,
    if(is_not_sent = 1, not_sent_reason, not_delivered_reason) as failure_reason,
    toUInt8(event = 'message') as is_message,
    toUInt8(event = 'message' and occurrences.is_sent = 1) as is_sent,
    toUInt8(event = 'message' and occurrences.is_not_sent = 1) as is_not_sent,
    toUInt8(event = 'message' and occurrences.is_delivered = 1) as is_delivered,
    toUInt8(event = 'message' and occurrences.is_not_delivered = 1) as is_not_delivered,
    toUInt8(event = 'message' and occurrences.is_bounced = 1) as is_bounced,
    toUInt8(event = 'open') as is_opened,
    toUInt8(event = 'click') as is_clicked,
    toUInt8(event = 'unsubscribe') as is_unsubscribed,
    toUInt8(
        event = 'message' and occurrences.is_delivered = 1 and reports_opens = 1
    ) as is_open_capable_delivered,
    toUInt8(event = 'open' and reports_opens = 1) as is_open_capable_opened,
    toUInt8(event = 'click' and reports_opens = 1) as is_open_capable_clicked,
    toUInt8(
        event = 'message' and occurrences.is_delivered = 1 and mailing_channel = 'email'
    ) as is_email_delivered,
    toUInt8(
        event = 'unsubscribe' and mailing_channel = 'email'
    ) as is_email_unsubscribed
from occurrences
