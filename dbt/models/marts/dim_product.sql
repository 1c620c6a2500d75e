{{ config(order_by="product_key") }}

with
    orders as (select * from {{ ref("stg_mindbox__orders") }}),

    lines as (select * from {{ ref("stg_mindbox__order_lines") }})

select
    lines.product_id as product_key,
    -- A product is called as in its latest order.
    argMax(
        lines.product_name, (orders.ordered_at, lines.order_id, lines.line_number)
    ) as product,
    min(orders.order_date) as first_order_date,
    max(orders.order_date) as last_order_date
from lines
inner join orders on lines.order_id = orders.order_id
where lines.product_id != ''
group by lines.product_id
