with orders as (select order_id, order_points from {{ ref("stg_mindbox__orders") }})

select
    order_id,
    points.balance as balance,
    points.spent as spent_points,
    points.earned as earned_points
from orders
array join order_points as points
