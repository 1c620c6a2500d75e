-- Mindbox tells the present state only: history is what the loads have seen, so it
-- begins with the first of them, and a move back and forth between two of them
-- leaves no trace.
with
    segment_changes as (select * from {{ source("mindbox", "segment_changes") }}),

    versions as (
        select *
        from segment_changes
        order by
            segmentation, customer_key, _version_at, _extracted_at desc, _content_hash
        limit 1 by segmentation, customer_key, _version_at
    )

select
    segmentation,
    customer_key,
    _version_at as valid_from,
    leadInFrame(toNullable(_version_at)) over whole_history as valid_till,
    toUInt8(isNull(valid_till)) as is_latest,
    is_in as is_member,
    segment
from versions
window
    whole_history as (
        partition by segmentation, customer_key
        order by _version_at
        rows between unbounded preceding and unbounded following
    )
