with
    customers as (select * from {{ source("mindbox", "customers") }}),

    -- The same change time received twice: what was extracted last is what Mindbox
    -- says now.
    versions as (
        select *
        from customers
        order by customer_key, _version_at, _extracted_at desc, _content_hash
        limit 1 by customer_key, _version_at
    ),

    numbered as (
        select
            *,
            row_number() over (
                partition by customer_key order by _version_at
            ) as version_number,
            count() over (partition by customer_key) as versions
        from versions
    )

select
    customer_key,
    -- Nothing is known from before the first version, so it also speaks for the time
    -- before it.
    if(
        version_number = 1, toDateTime64('1970-01-01 00:00:00', 3, 'UTC'), _version_at
    ) as valid_from,
    toUInt8(version_number = versions) as is_latest,
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
    _extracted_at as received_at
from numbered
