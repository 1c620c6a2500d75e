{#- What `by_mailing` can answer; a measure that is a count of people can not be among them. -#}
{%- set summed_columns = [
    "is_message",
    "is_sent",
    "is_not_sent",
    "is_delivered",
    "is_not_delivered",
    "is_bounced",
    "is_opened",
    "is_clicked",
    "is_unsubscribed",
    "is_open_capable_delivered",
    "is_open_capable_opened",
    "is_open_capable_clicked",
    "is_email_delivered",
    "is_email_unsubscribed",
    "is_order",
    "is_identified_order",
    "is_first_order",
    "is_repeat_order",
    "order_amount",
    "identified_order_amount",
    "attributed_orders",
    "attributed_amount",
] -%}
{%- set mailing_slices = [
    "event",
    "send_date",
    "event_date",
    "brand",
    "mailing_key",
    "mailing",
    "mailing_channel",
    "mailing_type",
    "mailing_variant",
    "mailing_folder",
    "mailing_topic",
    "mailing_utm_campaign",
    "attribution_model",
    "channel_group",
] -%}
{#- What follows from a message is of its experiment and of its month. -#}
{%- set of_messages -%}
    ('message', 'open', 'click', 'click_event', 'unsubscribe')
{%- endset -%}
{#- What is known by the day reads what holds as the day begins. -#}
{%- set of_days -%}
    ('registered', 'contact_added', 'became_active', 'churned', 'subscribed', 'unsubscribed', 'merged', 'deleted')
{%- endset -%}
{{
    config(
        order_by=["event", "send_date", "mailing_key", "customer_key"],
        projections=[
            {
                "name": "by_mailing",
                "query": aggregate_projection(mailing_slices, summed_columns),
            },
        ],
    )
}}

with
    events as (select * from {{ ref("int_events") }}),

    mailings as (select * from {{ ref("stg_mindbox__mailings") }}),

    subjects as (select * from {{ ref("int_mailing_subjects") }}),

    customer_versions as (select * from {{ ref("stg_mindbox__customer_versions") }}),

    states as (
        select *
        from {{ ref("mart_customer_states") }}
        where brand = '{{ all_brands() }}'
    ),

    failure_reasons as (select * from {{ ref("message_failure_reasons") }}),

    experiments as (select * from {{ ref("int_customer_experiments") }}),

    horizon as (select * from {{ ref("int_horizon") }})

select
    cast(events.event, {{ string_literal(event_enum()) }}) as event,
    {{ project_date("events.event_at") }} as event_date,
    {{ project_date("events.send_at") }} as send_date,
    events.event_at as event_at,
    {{ project_hour("events.event_at") }} as hour,
    {{ slice_label("weekday", project_weekday("events.event_at")) }} as weekday,
    {{ project_hour("events.send_at") }} as send_hour,
    {{ slice_label("weekday", project_weekday("events.send_at")) }} as send_weekday,
    {{
        slice_label(
            "maturity",
            "assumeNotNull((select last_day from horizon)) - send_date >= "
            ~ setting("attribution_window_days")
            | int,
        )
    }} as maturity,
    events.event_key as event_key,
    events.customer_key as customer_key,
    {{ open_label("events.brand") }} as brand,
    toLowCardinality(events.mailing_id) as mailing_key,
    {{
        open_label(
            "if(mailings.mailing_name = '', events.mailing_id, mailings.mailing_name)"
        )
    }} as mailing,
    {{ slice_label("mailing_channel", "events.mailing_channel") }} as mailing_channel,
    {{ slice_label("mailing_type", "mailings.mailing_type") }} as mailing_type,
    {{
        open_label(
            "if(events.mailing_variant = 0, '', toString(events.mailing_variant))"
        )
    }} as mailing_variant,
    {{ open_label("mailings.mailing_folder") }} as mailing_folder,
    {{ open_label("mailings.mailing_topic") }} as mailing_topic,
    {{ open_label("events.mailing_source") }} as mailing_source,
    {{ open_label("mailings.utm_campaign") }} as mailing_utm_campaign,
    cast(mailings.tags, 'Array(LowCardinality(String))') as mailing_tags,
    {{ open_label("subjects.mailing_subject") }} as mailing_subject,
    {{ slice_label("customer_send_weekday", "events.customer_send_weekday") }}
    as customer_send_weekday,
    {{ open_label("events.customer_send_hour") }} as customer_send_hour,
    {{
        open_label(
            "if(events.customer_send_hour = '', '', concat(toString(customer_send_weekday), ' ', customer_send_hour))"
        )
    }}
    as send_slot,
    {{ slice_label("pressure_band", "events.pressure_band") }} as pressure_band,
    {{ open_label("events.link") }} as link,
    {{
        open_label(
            "if(failure_reasons.label = '', events.failure_reason, failure_reasons.label)"
        )
    }}
    as failure_reason,
    {{ slice_label("email_domain_group", "customer_versions.email_domain_group") }}
    as email_domain_group,
    {{ slice_label("gender", "customer_versions.sex") }} as gender,
    {{ slice_label("age_band", "customer_versions.age_band") }} as age_band,
    {{
        open_label(
            "if(events.order_region = '', customer_versions.region, events.order_region)"
        )
    }}
    as region,
    {{ open_label("customer_versions.customer_timezone") }} as customer_timezone,
    {{ customer_state_slices("states") }},
    -- A message is of its own experiment, whatever others its customer takes part in.
    cast(
        if(
            events.event in {{ of_messages }},
            if(events.experiment_arm = '', [], [toString(mailing)]),
            experiments.experiments
        ),
        'Array(LowCardinality(String))'
    ) as experiments,
    cast(
        if(
            events.event in {{ of_messages }},
            if(
                events.experiment_arm = '',
                [],
                [
                    concat(
                        mailing,
                        ': ',
                        toString(
                            {{
                                slice_label(
                                    "experiment_arm",
                                    "if(events.experiment_arm = '', 'treated', events.experiment_arm)",
                                )
                            }}
                        )
                    )
                ]
            ),
            experiments.experiment_groups
        ),
        'Array(LowCardinality(String))'
    ) as experiment_groups,
    {{ slice_label("holdout_arm", "experiments.holdout_arm") }} as holdout_arm,
    events.order_id as order_key,
    {{ open_label("events.order_channel") }} as order_channel,
    {{ slice_label("contact_point_type", "events.contact_point_type") }}
    as contact_point_type,
    {{ open_label("events.store") }} as store,
    {{ known_or_open_label("payment_type", "events.payment_type") }} as payment_type,
    {{ slice_label("order_value_band", "events.order_value_band") }}
    as order_value_band,
    events.promotions as promotions,
    {{ slice_label("order_seq_group", order_seq_group("events.order_seq")) }}
    as order_seq_group,
    {{ slice_label("order_seq_group", order_seq_group("events.order_seq_in_brand")) }}
    as order_seq_group_in_brand,
    {{ slice_label("attribution_model", "events.attribution_model") }}
    as attribution_model,
    {{ slice_label("channel_group", "events.channel_group") }} as channel_group,
    events.session_key as session_key,
    {{ slice_label("platform", "events.platform") }} as platform,
    {{ slice_label("traffic_source", "events.traffic_source") }} as traffic_source,
    {{ open_label("events.visit_utm_source") }} as visit_utm_source,
    {{ open_label("events.visit_utm_medium") }} as visit_utm_medium,
    {{ open_label("events.visit_utm_campaign") }} as visit_utm_campaign,
    {{ slice_label("loss_reason", "events.loss_reason") }} as loss_reason,
    {%- for measure in event_measures() %}
        events.{{ measure }} as {{ measure }}{% if not loop.last %},{% endif %}
    {%- endfor %}
from events
left join mailings on events.mailing_id = mailings.mailing_id
left join
    subjects
    on events.mailing_id = subjects.mailing_id
    and events.mailing_variant = subjects.mailing_variant
asof left join
    customer_versions
    on events.customer_key = customer_versions.customer_key
    and events.send_at >= customer_versions.valid_from
asof left join
    states
    on events.customer_key = states.customer_key
    and {{ project_date("events.send_at") }} - 1 >= states.valid_from
asof left join
    experiments
    on events.customer_key = experiments.customer_key
    and multiIf(
        events.event in {{ of_messages }},
        events.send_at,
        events.event in {{ of_days }},
        {{ project_day_start(project_date("events.event_at")) }},
        events.event_at
    )
    >= experiments.valid_from
left join failure_reasons on events.failure_reason = failure_reasons.reason
