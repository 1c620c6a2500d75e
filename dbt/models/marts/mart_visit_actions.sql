{{ config(order_by="session_key") }}

with
    actions as (select * from {{ ref("int_visit_actions") }}),

    products as (select * from {{ ref("dim_product") }}),

    -- What is viewed may be a category; its products know where it stands.
    categories as (
        select
            category_id,
            argMax(category_name, (changed_at, product_id)) as category,
            splitByChar(
                '/', toString(argMax(category_path, (changed_at, product_id)))
            ) as levels
        from {{ ref("stg_mindbox__products") }}
        where category_id != ''
        group by category_id
    )

select
    actions.session_key as session_key,
    actions.action_key as action_key,
    toLowCardinality(actions.action) as action,
    actions.product_key as product_key,
    {{
        open_label(
            "multiIf(actions.is_delivery = 1, 'Доставка', "
            "products.product_key = '', actions.product_key, toString(products.product))"
        )
    }}
    as product,
    {{
        open_label(
            "multiIf(actions.is_delivery = 1, 'Доставка', products.product_key != '', "
            "toString(products.category), categories.category_id = '', "
            "actions.category_id, toString(categories.category))"
        )
    }} as category,
    {% for level in [1, 2, 3] %}
        {{
            open_label(
                "multiIf(actions.is_delivery = 1, 'Доставка', products.product_key != '', "
                ~ "toString(products.category_level_"
                ~ level
                ~ "), categories.levels["
                ~ level
                ~ "])"
            )
        }}
        as category_level_{{ level }},
    {% endfor %}
    {{ open_label("toString(products.product_brand)") }} as product_brand,
    if(
        products.product_key = '',
        {{ slice_label("price_band", "''") }},
        products.price_band
    ) as price_band,
    if(
        products.product_key = '',
        {{ slice_label("abc_class", "''") }},
        products.abc_class
    ) as abc_class,
    actions.is_category_view as is_category_view,
    actions.is_product_view as is_product_view,
    actions.is_cart_add as is_cart_add,
    actions.is_checkout_start as is_checkout_start,
    actions.visit_with_order as visit_with_order,
    actions.visit_order_amount as visit_order_amount,
    actions.visit_view_mature as visit_view_mature,
    actions.visit_view_bought as visit_view_bought,
    actions.visit_cart_mature as visit_cart_mature,
    actions.visit_cart_abandoned as visit_cart_abandoned,
    actions.abandoned_cart_amount as abandoned_cart_amount
from actions
left join products on actions.product_key = products.product_key
left join categories on actions.category_id = categories.category_id
