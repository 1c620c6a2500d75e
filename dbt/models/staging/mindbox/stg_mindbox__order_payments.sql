with orders as (select order_id, order_payments from {{ ref("stg_mindbox__orders") }})

select
    order_id,
    toUInt16(number) as payment_number,
    payment.type as payment_type,
    payment.amount as amount
from orders
array join order_payments as payment, arrayEnumerate(order_payments) as number
