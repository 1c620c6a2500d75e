with
    actions as (
        select *
        from {{ ref("stg_mindbox__customer_actions") }}
        where action_kind = 'survey_answer'
    )

select
    action_id,
    survey,
    survey_score as score,
    happened_at as answered_at,
    action_date as answer_date,
    customer_key,
    brand,
    contact_point_id,
    contact_point,
    contact_point_type,
    order_id
from actions
