with
    mailings as (select * from {{ source("mindbox", "mailings") }}),

    latest as (
        select *
        from mailings
        order by mailing_id, _version_at desc, _extracted_at desc, _content_hash
        limit 1 by mailing_id
    )

select
    mailing_id,
    name as mailing_name,
    system_name,
    utm_name,
    type as mailing_type,
    -- Projects spell channels in their own case: SMS and Sms are one channel.
    lower(channel) as mailing_channel,
    topic as mailing_topic,
    folder as mailing_folder,
    brand,
    utm_source,
    utm_medium,
    utm_campaign,
    utm_content,
    tags,
    created_at,
    {{ project_date("created_at") }} as created_date,
    changed_at
from latest
