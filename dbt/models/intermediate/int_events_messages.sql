{{ config(materialized="view") }}

{%- set engaged_days = 90 -%}

-- A message, its first reactions and every one of its clicks. Whatever follows from a
-- message carries the facts of that message, and reads its customer's slices at the
-- participation: both parts of a rate always fall into one slice.
with
    messages as (select * from {{ ref("int_messages") }}),

    reactions as (select * from {{ ref("int_reactions") }}),

    participants as (select * from {{ ref("int_experiment_participants") }}),

    failure_reasons as (select * from {{ ref("message_failure_reasons") }}),

    -- Whether somebody still reads is asked of all that he was sent, by any brand.
    judged as (
        select
            messages.*,
            reactions.reacted_at
            >= messages.participated_at
            - toIntervalDay({{ engaged_days }}) as is_to_engaged
        from messages
        asof left join
            reactions
            on messages.customer_key = reactions.customer_key
            and messages.participated_at > reactions.reacted_at
    ),

    occurrences as (
        select
            judged.*,
            arrayFirstIndex(click -> click.is_bot = 0, clicks) as first_human_click,
            occurrence .1 as event,
            assumeNotNull(occurrence .2) as event_at,
            occurrence .3 as event_key,
            occurrence .4 as link,
            toUInt8(
                event = 'click_event' and occurrence .5 = first_human_click
            ) as is_human_clicked
        from judged
        array join
            arrayFilter(
                moment -> isNotNull(moment .2),
                arrayConcat(
                    [
                        ('message', toNullable(participated_at), message_id, '', 0),
                        ('open', opened_at, message_id, '', 0),
                        ('click', clicked_at, message_id, '', 0),
                        ('unsubscribe', unsubscribed_at, message_id, '', 0)
                    ],
                    arrayMap(
                        (click, number) -> (
                            'click_event',
                            toNullable(click.clicked_at),
                            click.status_id,
                            click.link,
                            number
                        ),
                        clicks,
                        arrayEnumerate(clicks)
                    )
                )
            ) as occurrence
    )

select
    event,
    event_at,
    participated_at as send_at,
    event_key,
    customer_key,
    brand,
    mailing_id,
    mailing_channel,
    mailing_variant,
    mailing_source,
    customer_send_weekday,
    customer_send_hour,
    pressure_band,
    if(is_not_sent = 1, not_sent_reason, not_delivered_reason) as failure_reason,
    -- Of which group a message speaks it says itself.
    multiIf(
        customer_key = 0
        or not_sent_reason = 'CustomerInGlobalControlGroup'
        or mailing_id not in (select mailing_id from participants)
        or not_sent_reason
        in (select reason from failure_reasons where is_ineligible = 1),
        '',
        not_sent_reason = 'CustomerInMailingControlGroup',
        'control',
        'treated'
    ) as experiment_arm,
    link,
    toUInt8(event = 'message') as is_message,
    toUInt8(event = 'message' and occurrences.is_sent = 1) as is_sent,
    toUInt8(event = 'message' and occurrences.is_not_sent = 1) as is_not_sent,
    toUInt8(
        event = 'message' and occurrences.is_control_not_sent = 1
    ) as is_control_not_sent,
    toUInt8(event = 'message' and occurrences.is_delivered = 1) as is_delivered,
    toUInt8(event = 'message' and occurrences.is_not_delivered = 1) as is_not_delivered,
    toUInt8(event = 'message' and occurrences.is_bounced = 1) as is_bounced,
    toUInt8(event = 'message' and occurrences.is_soft_bounced = 1) as is_soft_bounced,
    toUInt8(event = 'message' and occurrences.is_blocked = 1) as is_blocked,
    toUInt8(event = 'open') as is_opened,
    toUInt8(event = 'open' and is_machine_open = 0) as is_human_opened,
    toUInt8(event = 'click') as is_clicked,
    toUInt8(event = 'click_event') as is_click_event,
    is_human_clicked,
    toUInt8(event = 'unsubscribe') as is_unsubscribed,
    toUInt8(
        event = 'message' and occurrences.is_delivered = 1 and reports_opens = 1
    ) as is_open_capable_delivered,
    toUInt8(event = 'open' and reports_opens = 1) as is_open_capable_opened,
    toUInt8(event = 'click' and reports_opens = 1) as is_open_capable_clicked,
    toUInt8(
        event = 'message' and occurrences.is_sent = 1 and mailing_channel = 'email'
    ) as is_email_sent,
    toUInt8(
        event = 'message' and occurrences.is_delivered = 1 and mailing_channel = 'email'
    ) as is_email_delivered,
    toUInt8(
        event = 'unsubscribe' and mailing_channel = 'email'
    ) as is_email_unsubscribed,
    toUInt8(
        event = 'message' and occurrences.is_marketing_delivered = 1
    ) as is_marketing_delivered,
    toUInt8(
        event = 'message' and occurrences.is_attributable_delivered = 1
    ) as is_attributable_delivered,
    toUInt8(
        event = 'message'
        and occurrences.is_delivered = 1
        and reports_opens = 1
        and customer_key != 0
        and is_to_engaged
    ) as is_engaged_delivered,
    toUInt8(
        event = 'message' and occurrences.is_delivered = 1 and is_from_flow = 1
    ) as is_flow_delivered,
    if(event = 'open', occurrences.minutes_to_open, null) as minutes_to_open,
    if(event = 'click', occurrences.minutes_to_click, null) as minutes_to_click
from occurrences
