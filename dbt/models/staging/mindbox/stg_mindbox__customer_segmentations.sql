with
    customers as (
        select * from {{ ref("stg_mindbox__customers") }} where notEmpty(segmentations)
    )

select
    customer_key,
    customer_segmentation.segmentation as segmentation,
    customer_segmentation.segmentation_name as segmentation_name,
    customer_segmentation.segment as segment,
    customer_segmentation.segment_name as segment_name,
    received_at
from customers
array join segmentations as customer_segmentation
