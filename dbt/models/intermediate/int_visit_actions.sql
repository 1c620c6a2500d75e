{{ config(order_by=["session_key", "action_key"]) }}

-- What visits are made of, product by product: what was looked at, put into the cart,
-- ordered, left in the cart. A flag of the visit is the largest of its rows, an amount
-- their sum, whichever products are asked for.
with
    actions as (select * from {{ ref("int_site_actions") }} where customer_key != 0),

    visits as (select * from {{ ref("int_visits") }}),

    cart_changes as (select * from {{ ref("int_cart_changes") }}),

    product_views as (select * from {{ ref("int_product_views") }}),

    orders as (
        select *
        from {{ ref("int_visit_orders") }}
        where is_goal = 1 and session_key != ''
    ),

    order_lines as (select * from {{ ref("int_order_lines") }} where is_goal_line = 1),

    -- A product that one action names twice was looked at once.
    seen as (
        select
            action_id,
            arrayDistinct(
                if(
                    action_kind = 'category_view',
                    action_categories.category_id,
                    action_products.product_id
                )
            ) as things
        from {{ ref("stg_mindbox__customer_actions") }}
        where action_kind in ('category_view', 'product_view')
    ),

    -- An action without a product or category is a row of its own; views of products
    -- are told apart where it is judged what became of them.
    looks as (
        select
            session_key,
            toString(action_kind) as action,
            concat(action_id, '-', toString(number)) as action_key,
            happened_at,
            if(action_kind = 'product_view', thing, '') as product_key,
            if(action_kind = 'category_view', thing, '') as category_id
        from
            (
                select actions.*, if(empty(seen.things), [''], seen.things) as named
                from actions
                left join seen on actions.action_id = seen.action_id
                where
                    actions.action_kind
                    in ('category_view', 'product_view', 'checkout_start')
            )
        array join named as thing, arrayEnumerate(named) as number
        where action_kind != 'product_view' or thing = ''
    ),

    viewed as (
        select
            session_key,
            'product_view' as action,
            action_key,
            happened_at,
            product_key,
            '' as category_id,
            is_mature,
            is_bought
        from product_views
    ),

    additions as (
        select
            session_key,
            'cart_add' as action,
            concat(action_id, '-', product_key) as action_key,
            changed_at as happened_at,
            product_key,
            '' as category_id
        from cart_changes
        where is_added = 1
    ),

    -- What is left of an order, its delivery under no product.
    bought as (
        select
            orders.session_key as session_key,
            'order' as action,
            concat(
                order_lines.order_id, '/', toString(order_lines.line_position)
            ) as action_key,
            orders.ordered_at as happened_at,
            order_lines.product_id as product_key,
            '' as category_id,
            order_lines.is_delivery as is_delivery,
            order_lines.line_amount as order_amount
        from order_lines
        inner join orders on order_lines.order_id = orders.order_id
    ),

    -- The cart as the last change of its visit left it: the latest line of each product
    -- of that list.
    left_carts as (
        select
            visits.session_key as session_key,
            visits.ended_at as ended_at,
            changes.customer_key as customer_key,
            changes.brand as brand,
            changes.list_number as list_number,
            changes.change_number as change_number
        from visits
        inner join
            (
                select
                    session_key,
                    any(customer_key) as customer_key,
                    any(brand) as brand,
                    max(list_number) as list_number,
                    max(change_number) as change_number
                from cart_changes
                where session_key != ''
                group by session_key
            ) as changes
            on visits.session_key = changes.session_key
        where visits.abandoned_cart_amount > 0
    ),

    abandoned as (
        select
            left_carts.session_key as session_key,
            'cart_left' as action,
            concat(left_carts.session_key, '-', cart_changes.product_key) as action_key,
            left_carts.ended_at as happened_at,
            cart_changes.product_key as product_key,
            '' as category_id,
            argMax(cart_changes.amount_after, cart_changes.change_number) as cart_amount
        from left_carts
        inner join
            cart_changes
            on left_carts.customer_key = cart_changes.customer_key
            and left_carts.brand = cart_changes.brand
            and left_carts.list_number = cart_changes.list_number
        where cart_changes.change_number <= left_carts.change_number
        group by left_carts.session_key, left_carts.ended_at, cart_changes.product_key
        having cart_amount > 0
    ),

    all_actions as (
        select
            *,
            toUInt8(0) as is_mature,
            toUInt8(0) as is_bought,
            toUInt8(0) as is_delivery,
            toDecimal64(0, 4) as order_amount,
            toDecimal64(0, 4) as cart_amount
        from looks
        union all
        select
            *,
            toUInt8(0) as is_delivery,
            toDecimal64(0, 4) as order_amount,
            toDecimal64(0, 4) as cart_amount
        from viewed
        union all
        select
            *,
            toUInt8(0) as is_mature,
            toUInt8(0) as is_bought,
            toUInt8(0) as is_delivery,
            toDecimal64(0, 4) as order_amount,
            toDecimal64(0, 4) as cart_amount
        from additions
        union all
        select
            * except (is_delivery, order_amount),
            toUInt8(0) as is_mature,
            toUInt8(0) as is_bought,
            is_delivery,
            order_amount,
            toDecimal64(0, 4) as cart_amount
        from bought
        union all
        select
            * except (cart_amount),
            toUInt8(0) as is_mature,
            toUInt8(0) as is_bought,
            toUInt8(0) as is_delivery,
            toDecimal64(0, 4) as order_amount,
            cart_amount
        from abandoned
    )

select
    all_actions.session_key as session_key,
    all_actions.action as action,
    all_actions.action_key as action_key,
    all_actions.happened_at as happened_at,
    all_actions.product_key as product_key,
    all_actions.category_id as category_id,
    all_actions.is_delivery as is_delivery,
    toUInt8(all_actions.action = 'category_view') as is_category_view,
    toUInt8(all_actions.action = 'product_view') as is_product_view,
    toUInt8(all_actions.action = 'cart_add') as is_cart_add,
    toUInt8(all_actions.action = 'checkout_start') as is_checkout_start,
    toUInt8(all_actions.action = 'order') as visit_with_order,
    all_actions.order_amount as visit_order_amount,
    all_actions.is_mature as visit_view_mature,
    all_actions.is_bought as visit_view_bought,
    toUInt8(
        all_actions.action = 'cart_add' and visits.visit_cart_mature = 1
    ) as visit_cart_mature,
    toUInt8(
        all_actions.action = 'cart_add' and visits.visit_cart_abandoned = 1
    ) as visit_cart_abandoned,
    all_actions.cart_amount as abandoned_cart_amount
from all_actions
inner join visits on all_actions.session_key = visits.session_key
