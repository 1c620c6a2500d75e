with versions as (select * from {{ ref("stg_mindbox__segment_membership_versions") }})

select segmentation, customer_key, is_member, segment, valid_from as known_since
from versions
where is_latest = 1
