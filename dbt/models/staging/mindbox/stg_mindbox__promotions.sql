with
    promotions as (select * from {{ source("mindbox", "promotions") }}),

    latest as (
        select *
        from promotions
        order by promotion_id, _version_at desc, _extracted_at desc, _content_hash
        limit 1 by promotion_id
    ),

    with_edges as (
        select
            *,
            {{ maybe_moment("starts_at") }} as started_at,
            {{ maybe_moment("ends_at") }} as ended_at
        from latest
    )

select
    promotion_id,
    name as promotion_name,
    state as promotion_state,
    started_at as starts_at,
    {{ project_date("started_at") }} as start_date,
    ended_at as ends_at,
    {{ project_date("ended_at") }} as end_date
from with_edges
