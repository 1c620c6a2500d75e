{{ config(order_by=["customer_key", "participated_at", "message_id"]) }}

{%- set day_ms = 86400000 -%}
{%- set recent_marketing -%}
    arrayCount(
        delivered_ms -> delivered_ms >= judged.participated_ms - 7 * {{ day_ms }},
        judged.last_marketing
    )
{%- endset -%}
{%- set local_zone -%}
    if(
        customer_zones.time_zone = '',
        {{ string_literal(setting("project_time_zone")) }},
        customer_zones.time_zone
    )
{%- endset -%}

-- Outcomes of messages, and what can be said of one only beside the customer's other
-- messages. Each window keeps a bounded tail of what came before, so a customer costs
-- as much as he has messages, however many.
with
    outcomes as (select * from {{ ref("int_message_outcomes") }}),

    customer_zones as (
        select
            customer_key,
            valid_from,
            -- Not every name that a source knows is known to the warehouse.
            if(
                customer_timezone in (select time_zone from system.time_zones),
                toString(customer_timezone),
                ''
            ) as time_zone
        from {{ ref("stg_mindbox__customer_versions") }}
    ),

    habitual_opens as (select * from {{ ref("int_habitual_opens") }}),

    judged as (
        select
            *,
            toUnixTimestamp64Milli(participated_at) as participated_ms,
            toUInt8(
                is_delivered = 1 and mailing_type != 'transaction'
            ) as is_marketing_delivered,
            groupArrayLastIf(8)
            (participated_ms, is_marketing_delivered = 1) over (
                partition by customer_key
                order by participated_ms
                range between unbounded preceding and 1 preceding
            ) as last_marketing,
            -- Links pressed faster than a person can: three in five seconds.
            arrayFilter(
                first -> length(
                    arrayDistinct(
                        arrayMap(
                            click -> click.link,
                            arrayFilter(
                                click -> click.link != ''
                                and click.clicked_at
                                between first.clicked_at and first.clicked_at
                                + toIntervalSecond(5),
                                clicks
                            )
                        )
                    )
                )
                >= 3,
                clicks
            ) as burst_starts
        from outcomes
    )

select
    judged.message_id as message_id,
    judged.participated_at as participated_at,
    judged.participation_date as participation_date,
    judged.customer_key as customer_key,
    judged.mailing_id as mailing_id,
    judged.mailing_variant as mailing_variant,
    judged.mailing_channel as mailing_channel,
    judged.mailing_type as mailing_type,
    judged.brand as brand,
    judged.mailing_source as mailing_source,
    judged.sent_at as sent_at,
    judged.not_sent_at as not_sent_at,
    judged.not_sent_reason as not_sent_reason,
    judged.not_delivered_at as not_delivered_at,
    judged.not_delivered_reason as not_delivered_reason,
    judged.opened_at as opened_at,
    judged.clicked_at as clicked_at,
    judged.unsubscribed_at as unsubscribed_at,
    cast(
        arrayMap(
            click -> (
                click.clicked_at,
                click.status_id,
                click.link,
                ifNull(click.clicked_at < judged.sent_at + toIntervalSecond(3), false)
                or arrayExists(
                    first -> click.clicked_at
                    between first.clicked_at and first.clicked_at + toIntervalSecond(5),
                    judged.burst_starts
                )
            ),
            judged.clicks
        ),
        'Array(Tuple(clicked_at DateTime64(3, \'UTC\'), status_id String, link String, is_bot UInt8))'
    ) as clicks,
    judged.is_sent as is_sent,
    judged.is_not_sent as is_not_sent,
    judged.is_control_not_sent as is_control_not_sent,
    judged.is_delivered as is_delivered,
    judged.is_not_delivered as is_not_delivered,
    judged.is_bounced as is_bounced,
    judged.is_soft_bounced as is_soft_bounced,
    judged.is_blocked as is_blocked,
    judged.reports_opens as reports_opens,
    judged.is_marketing_delivered as is_marketing_delivered,
    toUInt8(
        judged.is_delivered = 1
        and not has(
            {{ string_array(setting("attribution_excluded_mailing_types")) }},
            judged.mailing_type
        )
        and not has(
            {{ string_array(setting("attribution_excluded_mailings")) }},
            judged.mailing_id
        )
    ) as is_attributable_delivered,
    toUInt8(judged.mailing_source_type = 'Workflow') as is_from_flow,
    toUInt8(
        isNotNull(judged.opened_at)
        and (
            ifNull(judged.opened_at < judged.sent_at + toIntervalSecond(10), false)
            or judged.message_id in (select message_id from habitual_opens)
        )
    ) as is_machine_open,
    dateDiff('millisecond', judged.sent_at, judged.opened_at)
    / 60000 as minutes_to_open,
    dateDiff('millisecond', judged.sent_at, judged.clicked_at)
    / 60000 as minutes_to_click,
    {{ pressure_band("judged.customer_key", recent_marketing) }} as pressure_band,
    formatDateTime(
        ifNull(judged.sent_at, judged.participated_at), '%u', {{ local_zone }}
    ) as customer_send_weekday,
    formatDateTime(
        ifNull(judged.sent_at, judged.participated_at), '%H', {{ local_zone }}
    ) as customer_send_hour
from judged
asof left join
    customer_zones
    on judged.customer_key = customer_zones.customer_key
    and judged.participated_at >= customer_zones.valid_from
