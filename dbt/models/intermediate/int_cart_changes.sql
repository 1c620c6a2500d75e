{{ config(order_by=["customer_key", "brand", "changed_at"]) }}

-- The cart of a customer in a brand, product by product. The site may send it as
-- additions and removals or as the whole list; an order empties it.
with
    actions as (
        select *
        from {{ ref("int_site_actions") }}
        where action_kind in ('cart_add', 'cart_remove', 'cart_set', 'cart_clear')
    ),

    contents as (
        select action_id, action_products
        from {{ ref("stg_mindbox__customer_actions") }}
        where action_kind in ('cart_add', 'cart_remove', 'cart_set')
    ),

    orders as (select * from {{ ref("int_orders") }}),

    online_orders as (
        select order_id
        from {{ ref("stg_mindbox__orders") }}
        where contact_point_type = 'online'
    ),

    events as (
        select
            actions.customer_key as customer_key,
            actions.brand as brand,
            actions.happened_at as changed_at,
            actions.action_id as action_id,
            toString(actions.action_kind) as change,
            actions.session_key as session_key,
            arrayMap(
                product -> (product.product_id, product.quantity, product.price),
                contents.action_products
            ) as products
        from actions
        left join contents on actions.action_id = contents.action_id
        union all
        select
            customer_key,
            brand,
            ordered_at as changed_at,
            order_id as action_id,
            'order' as change,
            '' as session_key,
            [] as products
        from orders
        where customer_key != 0 and order_id in (select order_id from online_orders)
    ),

    -- A list begins the cart anew, an order or a clearing ends it.
    numbered as (
        select
            *,
            row_number() over by_time as change_number,
            sum(change in ('cart_set', 'cart_clear', 'order')) over by_time
            as list_number
        from events
        window
            by_time as (
                partition by customer_key, brand
                order by changed_at, change = 'order', action_id
                rows between unbounded preceding and current row
            )
    ),

    -- A change without products is a row of its own: it may still empty the cart.
    lines as (
        select
            customer_key,
            brand,
            changed_at,
            action_id,
            change,
            session_key,
            change_number,
            list_number,
            product .1 as product_key,
            -- No quantity is one piece added, or all of them removed.
            toUInt8(
                change = 'cart_remove' and sum(isNull(product .2)) > 0
            ) as removes_all,
            sum(coalesce(product .2, toDecimal64(1, 4)))
            * if(change = 'cart_remove', -1, 1) as quantity,
            max(product .3) as price
        from numbered
        array join
            if(
                empty(products),
                [
                    (
                        '',
                        toNullable(toDecimal64(0, 4)),
                        cast(null, 'Nullable(Decimal(18, 4))')
                    )
                ],
                products
            ) as product
        group by
            customer_key,
            brand,
            changed_at,
            action_id,
            change,
            session_key,
            change_number,
            list_number,
            product_key
    ),

    restarted as (
        select
            *,
            sum(removes_all) over by_product as removal_number,
            anyLast(price) over by_product as price_known,
            if(removes_all = 1, 0, quantity) as difference
        from lines
        window
            by_product as (
                partition by customer_key, brand, product_key, list_number
                order by change_number
                rows between unbounded preceding and current row
            )
    ),

    summed as (
        select
            *,
            sum(difference) over (
                partition by
                    customer_key, brand, product_key, list_number, removal_number
                order by change_number
                rows between unbounded preceding and current row
            ) as difference_to_date
        from restarted
    ),

    -- Removing more than there is leaves nothing, not less.
    counted as (
        select
            *,
            difference_to_date - least(
                0,
                min(difference_to_date) over (
                    partition by
                        customer_key, brand, product_key, list_number, removal_number
                    order by change_number
                    rows between unbounded preceding and current row
                )
            ) as quantity_after,
            round(quantity_after * coalesce(price_known, 0), 2) as amount_after
        from summed
    ),

    compared as (
        select
            *,
            lagInFrame((list_number, quantity_after, amount_after)) over (
                partition by customer_key, brand, product_key
                order by change_number
                rows between unbounded preceding and current row
            ) as previous,
            if(
                previous .1 >= list_number - (change = 'cart_set'), previous .2, 0
            ) as quantity_before,
            if(previous .1 = list_number, previous .2, 0) as quantity_in_list,
            if(previous .1 = list_number, previous .3, 0) as amount_in_list
        from counted
    ),

    filled as (
        select
            *,
            -- With its peers: a list is there as a whole or not at all.
            sum(quantity_after - quantity_in_list) over of_list as cart_quantity,
            sum(amount_after - amount_in_list) over of_list as cart_amount
        from compared
        window
            of_list as (
                partition by customer_key, brand, list_number
                order by change_number
                range between unbounded preceding and current row
            )
    )

select
    customer_key,
    brand,
    changed_at,
    action_id,
    change,
    session_key,
    change_number,
    list_number,
    product_key,
    toDecimal64(quantity_before, 4) as quantity_before,
    toDecimal64(quantity_after, 4) as quantity_after,
    toDecimal64(amount_after, 4) as amount_after,
    toUInt8(
        (change = 'cart_add' and product_key = '')
        or (change in ('cart_add', 'cart_set') and quantity_after > quantity_before)
    ) as is_added,
    toDecimal64(cart_quantity, 4) as cart_quantity,
    toDecimal64(cart_amount, 4) as cart_amount,
    -- Tells the carts of a customer apart: each emptying ends one.
    sum(cart_quantity = 0) over (
        partition by customer_key, brand
        order by change_number
        range between unbounded preceding and current row
    ) as cart_number
from filled
