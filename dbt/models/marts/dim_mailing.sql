{{ config(order_by="mailing_key") }}

with
    mailings as (select * from {{ ref("stg_mindbox__mailings") }}),

    subjects as (
        select
            mailing_id, arraySort(groupUniqArray(mailing_subject)) as mailing_subjects
        from {{ ref("int_mailing_subjects") }}
        group by mailing_id
    ),

    messages as (select * from {{ ref("int_messages") }}),

    -- A message may name a mailing that the dictionary does not hold: what its
    -- messages say is kept.
    seen as (
        select
            mailing_id,
            min(mailing_channel) as mailing_channel,
            min(brand) as brand,
            min(participation_date) as first_message_date,
            max(participation_date) as last_message_date
        from messages
        group by mailing_id
    )

select
    toLowCardinality(
        if(mailings.mailing_id = '', seen.mailing_id, mailings.mailing_id)
    ) as mailing_key,
    {{
        open_label(
            "if(mailings.mailing_name = '', mailing_key, mailings.mailing_name)"
        )
    }} as mailing,
    {{
        slice_label(
            "mailing_channel",
            "if(mailings.mailing_channel = '', seen.mailing_channel, mailings.mailing_channel)",
        )
    }}
    as mailing_channel,
    {{ slice_label("mailing_type", "mailings.mailing_type") }} as mailing_type,
    {{ open_label("mailings.mailing_folder") }} as mailing_folder,
    {{ open_label("mailings.mailing_topic") }} as mailing_topic,
    {{ open_label("if(mailings.brand= '', seen.brand, mailings.brand)") }} as brand,
    {{ open_label("mailings.utm_source") }} as mailing_utm_source,
    {{ open_label("mailings.utm_medium") }} as mailing_utm_medium,
    {{ open_label("mailings.utm_campaign") }} as mailing_utm_campaign,
    {{ open_label("mailings.utm_content") }} as mailing_utm_content,
    cast(mailings.tags, 'Array(LowCardinality(String))') as mailing_tags,
    cast(
        subjects.mailing_subjects, 'Array(LowCardinality(String))'
    ) as mailing_subjects,
    if(mailings.mailing_id = '', null, mailings.created_date) as created_date,
    if(seen.mailing_id = '', null, seen.first_message_date) as first_message_date,
    if(seen.mailing_id = '', null, seen.last_message_date) as last_message_date
from mailings
full outer join seen on mailings.mailing_id = seen.mailing_id
left join subjects on mailings.mailing_id = subjects.mailing_id
