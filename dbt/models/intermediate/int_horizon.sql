-- The last day that any loaded fact speaks of. States and segments are counted up to
-- it:
-- a day later nothing is known of, though the calendar goes on.
with
    orders as (select * from {{ ref("stg_mindbox__orders") }}),

    statuses as (select * from {{ ref("stg_mindbox__message_statuses") }}),

    actions as (select * from {{ ref("stg_mindbox__customer_actions") }}),

    last_days as (
        select max(order_date) as last_day
        from orders
        union all
        select max(status_date) as last_day
        from statuses
        union all
        select max(action_date) as last_day
        from actions
    )

select max(last_day) as last_day
from last_days
