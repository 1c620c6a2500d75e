{{ config(order_by=["segmentation", "customer_key", "segment_valid_from"]) }}

with memberships as (select * from {{ ref("int_segment_memberships") }})

select
    customer_key,
    segmentation,
    [segment] as customer_segments,
    valid_from as segment_valid_from,
    valid_till as segment_valid_till,
    entered_on as segment_entered_on,
    left_on as segment_left_on
from memberships
