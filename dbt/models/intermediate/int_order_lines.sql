{{ config(order_by=["order_id", "line_position"]) }}

-- Lines of all orders and what is left of each, the delivery fee as a line of its own:
-- any part of an order adds up to the whole.
with
    orders as (select * from {{ ref("stg_mindbox__orders") }}),

    lines as (
        select
            *,
            toUInt8(
                has(
                    {{ string_array(setting("order_goal_categories")) }},
                    status_category
                )
            ) as is_goal_line
        from {{ ref("stg_mindbox__order_lines") }}
    ),

    -- Delivery shares the fate of the line that got furthest, lines of the goal before
    -- the rest: it is owed while any line is left.
    fates as (
        select
            order_id,
            argMax(
                (status_category, is_goal_line),
                (
                    is_goal_line,
                    indexOf(
                        ['Cancelled', 'Returned', 'CheckedOut', 'Paid', 'Delivered'],
                        status_category
                    )
                )
            ) as fate
        from lines
        group by order_id
    ),

    deliveries as (
        select
            orders.order_id as order_id,
            toUInt16(0) as line_position,
            '' as product_id,
            'Доставка' as product_name,
            toDecimal64(0, 4) as quantity,
            toDecimal64(0, 4) as base_price,
            assumeNotNull(orders.delivery_cost) as price,
            fates.fate .1 as status_category,
            fates.fate .2 as is_goal_line
        from orders
        inner join fates on orders.order_id = fates.order_id
        where coalesce(orders.delivery_cost, 0) != 0
    ),

    all_lines as (
        select
            order_id,
            line_position,
            product_id,
            product_name,
            quantity,
            base_price,
            line_amount as price,
            status_category,
            is_goal_line
        from lines
        union all
        select *
        from deliveries
    )

select
    order_id,
    line_position,
    toUInt8(line_position = 0) as is_delivery,
    product_id,
    product_name,
    quantity,
    base_price,
    status_category,
    is_goal_line,
    if(is_goal_line = 1, price, toDecimal64(0, 4)) as line_amount,
    price as line_gross,
    if(status_category = 'Cancelled', price, toDecimal64(0, 4)) as line_cancelled,
    if(status_category = 'Returned', price, toDecimal64(0, 4)) as line_returned
from all_lines
