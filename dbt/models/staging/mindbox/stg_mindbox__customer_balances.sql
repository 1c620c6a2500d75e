with
    customers as (
        select * from {{ ref("stg_mindbox__customers") }} where notEmpty(balances)
    )

select
    customer_key,
    customer_balance.balance as balance,
    customer_balance.total as total_points,
    customer_balance.available as available_points,
    customer_balance.blocked as blocked_points,
    received_at
from customers
array join balances as customer_balance
