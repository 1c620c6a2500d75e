with
    actions as (
        select *
        from {{ ref("stg_mindbox__customer_actions") }}
        where notEmpty(action_categories)
    )

select
    action_id,
    toUInt16(category_number) as category_number,
    category.category_id as category_id
from actions
array join
    action_categories as category, arrayEnumerate(action_categories) as category_number
