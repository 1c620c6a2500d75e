-- Whatever a product slice leaves of an order, all of it together is the order. An
-- order may have lost
-- its lines on the way: then nothing is left of it.
with
    lines as (
        select
            order_key,
            sum(line_amount) as amount,
            sum(line_gross) as gross_amount,
            sum(line_cancelled) as cancelled_amount,
            sum(line_returned) as returned_amount,
            sum(quantity * is_goal_line) as units,
            max(is_goal_line) as is_goal
        from {{ ref("mart_order_lines") }}
        group by order_key
    )

select orders.order_id
from {{ ref("int_orders") }} as orders
full outer join lines on orders.order_id = lines.order_key
where
    orders.order_id = ''
    or orders.amount != lines.amount
    or orders.gross_amount != lines.gross_amount
    or orders.cancelled_amount != lines.cancelled_amount
    or orders.returned_amount != lines.returned_amount
    or orders.units != lines.units
    or orders.is_goal != lines.is_goal
