with
    orders as (
        select order_id, order_lines, order_promotions
        from {{ ref("stg_mindbox__orders") }}
    ),

    of_orders as (
        select
            order_id,
            'order' as promotion_level,
            toUInt16(0) as line_position,
            '' as line_id,
            '' as product_id,
            order_promotions as promotions
        from orders
    ),

    of_lines as (
        select
            order_id,
            'line' as promotion_level,
            toUInt16(position) as line_position,
            line.line_id as line_id,
            line.product_id as product_id,
            line.promotions as promotions
        from orders
        array join order_lines as line, arrayEnumerate(order_lines) as position
    ),

    applied as (
        select *
        from of_orders
        union all
        select *
        from of_lines
    )

select
    order_id,
    promotion_level,
    line_position,
    toUInt16(number) as promotion_number,
    line_id,
    product_id,
    promotion.type as promotion_type,
    promotion.promotion_id as promotion_id,
    promotion.promotion_name as promotion_name,
    promotion.amount as amount,
    promotion.coupon_code as coupon_code,
    promotion.coupon_pool as coupon_pool
from applied
array join promotions as promotion, arrayEnumerate(promotions) as number
