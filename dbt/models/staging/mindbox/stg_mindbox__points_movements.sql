-- Any action may move points, not only those whose template says so.
with
    actions as (
        select *
        from {{ ref("stg_mindbox__customer_actions") }}
        where notEmpty(balance_changes)
    )

select
    action_id,
    toUInt16(movement_number) as movement_number,
    change.balance as balance,
    change.kind as movement_kind,
    change.amount as points,
    happened_at as moved_at,
    action_date as movement_date,
    created_at,
    {{ maybe_moment("change.available_from") }} as available_from,
    {{ maybe_moment("change.expires_at") }} as expires_at,
    customer_key,
    brand,
    contact_point_id,
    order_id
from actions
array join balance_changes as change, arrayEnumerate(balance_changes) as movement_number
