{{ config(order_by=["customer_key", "segmentation", "valid_from"]) }}

-- Where customers stood in segmentations, day by day: what was known at a day's end is
-- that day's. The first position known also speaks for the time before it, so nobody
-- was
-- seen to enter it.
with
    versions as (select * from {{ ref("stg_mindbox__segment_membership_versions") }}),

    identity as (select * from {{ ref("int_customer_identity") }}),

    named as (select * from {{ ref("stg_mindbox__customer_segmentations") }}),

    resolved as (
        select
            versions.segmentation as segmentation,
            {{ merged_customer("versions.customer_key", "identity") }} as customer_key,
            toUInt8(versions.customer_key = customer_key) as is_own,
            versions.valid_from as known_at,
            versions.segment as segment
        from versions
        left join identity on versions.customer_key = identity.customer_key
    ),

    -- An account that was merged away leaves its segments; its customer does not. It
    -- speaks
    -- only where the surviving account says nothing of the segmentation.
    heard as (
        select *, max(is_own) over (partition by segmentation, customer_key) as has_own
        from resolved
    ),

    daily as (
        select
            segmentation,
            customer_key,
            {{ project_date("known_at") }} as known_on,
            argMax(segment, known_at) as day_segment
        from heard
        where is_own = has_own
        group by segmentation, customer_key, known_on
    ),

    compared as (
        select
            *,
            row_number() over history = 1 as is_first,
            lagInFrame(day_segment) over history as segment_before
        from daily
        window
            history as (
                partition by segmentation, customer_key
                order by known_on
                rows between unbounded preceding and unbounded following
            )
    ),

    changes as (
        select
            segmentation,
            customer_key,
            day_segment as segment,
            known_on,
            is_first,
            leadInFrame(toNullable(known_on)) over (
                partition by segmentation, customer_key
                order by known_on
                rows between unbounded preceding and unbounded following
            ) as left_on
        from compared
        where is_first or day_segment != segment_before
    ),

    segmentation_names as (
        select segmentation, any(segmentation_name) as name
        from named
        group by segmentation
    ),

    segment_names as (
        select segmentation, segment, any(segment_name) as name
        from named
        group by segmentation, segment
    )

select
    changes.customer_key as customer_key,
    toLowCardinality(
        if(segmentation_names.name = '', changes.segmentation, segmentation_names.name)
    ) as segmentation,
    toLowCardinality(
        concat(
            segmentation,
            ': ',
            if(segment_names.name = '', changes.segment, segment_names.name)
        )
    ) as segment,
    if(changes.is_first, toDate('1970-01-01'), changes.known_on) as valid_from,
    ifNull(changes.left_on, toDate('2149-06-06')) as valid_till,
    if(changes.is_first, null, changes.known_on) as entered_on,
    changes.left_on as left_on
from changes
left join segmentation_names on changes.segmentation = segmentation_names.segmentation
left join
    segment_names
    on changes.segmentation = segment_names.segmentation
    and changes.segment = segment_names.segment
where changes.segment != ''
