with versions as (select * from {{ ref("stg_mindbox__customer_versions") }})

select
    customer_key,
    changed_at,
    sex,
    age_band,
    region,
    customer_timezone,
    email_domain_group,
    has_email,
    has_phone,
    is_email_invalid,
    is_phone_invalid,
    subscriptions,
    balances,
    segmentations,
    received_at
from versions
where is_latest = 1
