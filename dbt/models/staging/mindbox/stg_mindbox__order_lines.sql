with
    orders as (select order_id, order_lines from {{ ref("stg_mindbox__orders") }}),

    lines as (
        select order_id, line, position
        from orders
        array join order_lines as line, arrayEnumerate(order_lines) as position
    )

select
    order_id,
    toUInt16(position) as line_position,
    line.line_id as line_id,
    line.line_number as line_number,
    line.product_id as product_id,
    line.product_name as product_name,
    line.quantity as quantity,
    line.base_price as base_price,
    line.line_amount as line_amount,
    line.status as line_status,
    {{ order_status_category("line.status") }} as status_category
from lines
