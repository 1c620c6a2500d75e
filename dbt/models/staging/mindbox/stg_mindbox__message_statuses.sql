-- A window of statuses replaces its whole day, so a status can only repeat inside its
-- own day.
with
    message_statuses as (
        select * from {{ source("mindbox", "message_statuses") }} final
    )

select
    status_id,
    status,
    status_at,
    {{ project_date("status_at") }} as status_date,
    message_id,
    message_at as participated_at,
    {{ project_date("message_at") }} as participation_date,
    customer_key,
    mailing_id,
    variant_num as mailing_variant,
    lower(channel) as mailing_channel,
    brand,
    link,
    utm_source,
    utm_medium,
    utm_campaign,
    utm_content,
    utm_term,
    not_sent_reason,
    not_delivered_reason,
    source_type as mailing_source_type,
    source_id as mailing_source_id,
    source_name as mailing_source
from message_statuses settings do_not_merge_across_partitions_select_final = 1
