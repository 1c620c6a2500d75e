{{ config(order_by=["customer_key", "participated_at", "message_id"]) }}

with
    statuses as (select * from {{ ref("stg_mindbox__message_statuses") }}),

    mailings as (select * from {{ ref("stg_mindbox__mailings") }}),

    identity as (select * from {{ ref("int_customer_identity") }}),

    failure_reasons as (select * from {{ ref("message_failure_reasons") }}),

    -- Every status of a message repeats the message itself; the earliest one speaks
    -- for it.
    messages as (
        select
            message_id,
            min(participated_at) as participated_at,
            max(customer_key) as any_customer_key,
            argMin(
                (
                    mailing_id,
                    mailing_variant,
                    mailing_channel,
                    brand,
                    mailing_source_type,
                    mailing_source
                ),
                (status_at, status_id)
            ) as described,
            minOrNullIf(status_at, status = 'Sent') as sent_status_at,
            minOrNullIf(status_at, status = 'NotSent') as not_sent_status_at,
            minOrNullIf(status_at, status = 'NotDelivered') as not_delivered_at,
            minOrNullIf(status_at, status = 'Opened') as opened_at,
            arraySort(
                groupArrayIf(
                    (status_at, status_id, {{ normalized_link("link") }}),
                    status = 'Clicked' and not {{ is_unsubscribe_link("link") }}
                )
            ) as clicks,
            minOrNullIf(status_at, status = 'Unsubscribe') as unsubscribed_at,
            argMinIf(
                not_sent_reason, (status_at, status_id), status = 'NotSent'
            ) as not_sent_reason,
            argMinIf(
                not_delivered_reason, (status_at, status_id), status = 'NotDelivered'
            ) as not_delivered_reason
        from statuses
        group by message_id
    ),

    resolved as (
        select
            messages.message_id as message_id,
            messages.participated_at as participated_at,
            {{ project_date("messages.participated_at") }} as participation_date,
            {{ merged_customer("messages.any_customer_key", "identity") }}
            as customer_key,
            messages.any_customer_key as account_key,
            messages.described .1 as mailing_id,
            messages.described .2 as mailing_variant,
            if(
                messages.described .3 != '',
                messages.described .3,
                mailings.mailing_channel
            ) as mailing_channel,
            if(
                messages.described .4 != '', messages.described .4, mailings.brand
            ) as brand,
            mailings.mailing_type as mailing_type,
            messages.described .5 as mailing_source_type,
            messages.described .6 as mailing_source,
            -- What was not delivered had been sent, even where the source lost the
            -- sending itself.
            coalesce(messages.sent_status_at, messages.not_delivered_at) as sent_at,
            if(isNull(sent_at), messages.not_sent_status_at, null) as not_sent_at,
            messages.not_delivered_at as not_delivered_at,
            messages.opened_at as opened_at,
            messages.clicks as clicks,
            messages.unsubscribed_at as unsubscribed_at,
            if(isNotNull(not_sent_at), messages.not_sent_reason, '') as not_sent_reason,
            messages.not_delivered_reason as not_delivered_reason
        from messages
        left join mailings on messages.described .1 = mailings.mailing_id
        left join identity on messages.any_customer_key = identity.customer_key
    )

select
    resolved.message_id as message_id,
    resolved.participated_at as participated_at,
    resolved.participation_date as participation_date,
    resolved.customer_key as customer_key,
    resolved.account_key as account_key,
    resolved.mailing_id as mailing_id,
    resolved.mailing_variant as mailing_variant,
    resolved.mailing_channel as mailing_channel,
    resolved.brand as brand,
    resolved.mailing_type as mailing_type,
    resolved.mailing_source_type as mailing_source_type,
    resolved.mailing_source as mailing_source,
    resolved.sent_at as sent_at,
    resolved.not_sent_at as not_sent_at,
    resolved.not_sent_reason as not_sent_reason,
    resolved.not_delivered_at as not_delivered_at,
    resolved.not_delivered_reason as not_delivered_reason,
    resolved.opened_at as opened_at,
    if(empty(resolved.clicks), null, resolved.clicks[1] .1) as clicked_at,
    resolved.unsubscribed_at as unsubscribed_at,
    cast(
        resolved.clicks,
        'Array(Tuple(clicked_at DateTime64(3, \'UTC\'), status_id String, link String))'
    ) as clicks,
    toUInt8(isNotNull(resolved.sent_at)) as is_sent,
    toUInt8(isNotNull(resolved.not_sent_at)) as is_not_sent,
    toUInt8(
        isNotNull(resolved.not_sent_at) and failure_reasons.is_control_group = 1
    ) as is_control_not_sent,
    toUInt8(
        isNotNull(resolved.sent_at) and isNull(resolved.not_delivered_at)
    ) as is_delivered,
    toUInt8(isNotNull(resolved.not_delivered_at)) as is_not_delivered,
    -- Mindbox calls only these two e-mail reasons a bounce.
    toUInt8(
        resolved.mailing_channel = 'email'
        and isNotNull(resolved.not_delivered_at)
        and failure_reasons.is_bounce = 1
    ) as is_bounced,
    toUInt8(
        isNotNull(resolved.not_delivered_at) and failure_reasons.is_soft = 1
    ) as is_soft_bounced,
    toUInt8(
        isNotNull(resolved.not_delivered_at) and failure_reasons.is_block = 1
    ) as is_blocked,
    toUInt8({{ reports_opens("resolved.mailing_channel") }}) as reports_opens
from resolved
left join
    failure_reasons
    on if(
        isNull(resolved.sent_at),
        resolved.not_sent_reason,
        resolved.not_delivered_reason
    )
    = failure_reasons.reason
