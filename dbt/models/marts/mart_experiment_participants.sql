{{ config(order_by=["participant_date", "mailing_key", "customer_key"]) }}

with
    participants as (select * from {{ ref("int_experiment_participants") }}),

    mailings as (select * from {{ ref("stg_mindbox__mailings") }}),

    customer_versions as (select * from {{ ref("stg_mindbox__customer_versions") }}),

    customer_states as (
        select *
        from {{ ref("mart_customer_states") }}
        where brand = '{{ all_brands() }}'
    )

select
    participants.customer_key as customer_key,
    participants.joined_date as participant_date,
    participants.joined_at as participant_joined_at,
    toLowCardinality(participants.mailing_id) as mailing_key,
    {{
        open_label(
            "if(mailings.mailing_name = '', participants.mailing_id, mailings.mailing_name)"
        )
    }}
    as mailing,
    mailing as experiment,
    {{
        slice_label(
            "experiment_arm",
            "multiIf(participants.is_treated = 1, 'treated', participants.is_control = 1, 'control', 'both')",
        )
    }}
    as experiment_arm,
    toLowCardinality(
        concat(experiment, ': ', toString(experiment_arm))
    ) as experiment_group,
    {{ open_label("participants.brand") }} as brand,
    {{ slice_label("mailing_channel", "participants.mailing_channel") }}
    as mailing_channel,
    {{ slice_label("mailing_type", "mailings.mailing_type") }} as mailing_type,
    {{ open_label("toString(participants.mailing_variant)") }} as mailing_variant,
    {{ open_label("mailings.mailing_folder") }} as mailing_folder,
    {{ open_label("mailings.mailing_topic") }} as mailing_topic,
    {{ open_label("mailings.utm_campaign") }} as mailing_utm_campaign,
    cast(mailings.tags, 'Array(LowCardinality(String))') as mailing_tags,
    {{ slice_label("gender", "customer_versions.sex") }} as gender,
    {{ slice_label("age_band", "customer_versions.age_band") }} as age_band,
    {{ open_label("customer_versions.region") }} as region,
    {{ slice_label("email_domain_group", "customer_versions.email_domain_group") }}
    as email_domain_group,
    {{ open_label("customer_versions.customer_timezone") }} as customer_timezone,
    {{ customer_state_slices("customer_states") }},
    mailing_key as participant_experiment_key,
    toUInt8(participants.is_treated * participants.is_mature) as participant_is_treated,
    toUInt8(participants.is_control * participants.is_mature) as participant_is_control,
    toUInt8(
        participants.is_treated + participants.is_control = 1
        and participants.is_mature = 0
    ) as participant_is_immature,
    toUInt8(
        participants.is_treated + participants.is_control = 0
    ) as participant_is_in_both,
    toUInt8(participants.orders > 0) as participant_has_outcome,
    participants.orders as participant_outcome_orders,
    participants.amount as participant_outcome_amount,
    participants.winsorised_amount as participant_winsorised_amount,
    participants.planned_control_share as participant_planned_control_share
from participants
left join mailings on participants.mailing_id = mailings.mailing_id
asof left join
    customer_versions
    on participants.customer_key = customer_versions.customer_key
    and participants.joined_at >= customer_versions.valid_from
asof left join
    customer_states
    on participants.customer_key = customer_states.customer_key
    and participants.joined_date > customer_states.valid_from
