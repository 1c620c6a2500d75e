with
    actions as (
        select *
        from {{ ref("stg_mindbox__customer_actions") }}
        where notEmpty(action_products)
    )

select
    action_id,
    toUInt16(product_number) as product_number,
    product.product_id as product_id,
    product.quantity as quantity,
    -- A view says the price of its product beside the product, a cart action within
    -- it.
    coalesce(product.price, product_price) as price
from actions
array join action_products as product, arrayEnumerate(action_products) as product_number
