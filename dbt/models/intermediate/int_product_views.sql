{{ config(order_by=["session_key", "action_key"]) }}

{%- set days_to_buy = 7 -%}

-- Products looked at, and whether the visitor soon bought what he had looked at.
with
    actions as (
        select *
        from {{ ref("int_site_actions") }}
        where customer_key != 0 and action_kind = 'product_view'
    ),

    orders as (
        select * from {{ ref("int_orders") }} where is_goal = 1 and is_identified = 1
    ),

    order_lines as (
        select *
        from {{ ref("int_order_lines") }}
        where is_goal_line = 1 and is_delivery = 0
    ),

    -- Of the last day only a part may be loaded; up to its beginning it is known what
    -- became of a view.
    horizon as (
        select {{ project_day_start("last_day") }} as known_till
        from {{ ref("int_horizon") }}
    ),

    -- A product that one action names twice was looked at once.
    seen as (
        select action_id, product_key, number
        from
            (
                select
                    action_id, arrayDistinct(action_products.product_id) as product_keys
                from {{ ref("stg_mindbox__customer_actions") }}
                where action_kind = 'product_view'
            )
        array join product_keys as product_key, arrayEnumerate(product_keys) as number
        where product_key != ''
    ),

    views as (
        select
            actions.session_key as session_key,
            concat(actions.action_id, '-', toString(seen.number)) as action_key,
            seen.product_key as product_key,
            actions.customer_key as customer_key,
            actions.brand as brand,
            actions.happened_at as happened_at
        from actions
        inner join seen on actions.action_id = seen.action_id
    ),

    purchases as (
        select
            orders.customer_key as customer_key,
            orders.brand as brand,
            order_lines.product_id as product_key,
            orders.order_id as order_id,
            orders.ordered_at as ordered_at
        from order_lines
        inner join orders on order_lines.order_id = orders.order_id
        where orders.customer_key in (select customer_key from views)
    ),

    followed as (
        select
            views.session_key as session_key,
            views.action_key as action_key,
            views.product_key as product_key,
            views.happened_at as happened_at,
            views.happened_at + toIntervalDay({{ days_to_buy }}) as judged_at,
            toUInt8(
                judged_at <= coalesce((select known_till from horizon), happened_at)
            ) as is_mature,
            toUInt8(
                is_mature = 1
                and purchases.order_id != ''
                and purchases.ordered_at <= judged_at
            ) as is_bought
        from views
        asof left join
            purchases
            on views.customer_key = purchases.customer_key
            and views.brand = purchases.brand
            and views.product_key = purchases.product_key
            and views.happened_at <= purchases.ordered_at
    )

select session_key, action_key, product_key, happened_at, is_mature, is_bought
from followed
