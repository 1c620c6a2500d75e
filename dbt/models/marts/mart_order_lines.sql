{{ config(order_by="order_key") }}

with
    lines as (select * from {{ ref("int_order_lines") }}),

    products as (select * from {{ ref("dim_product") }})

select
    lines.order_id as order_key,
    concat(lines.order_id, '/', toString(lines.line_position)) as line_key,
    lines.product_id as product_key,
    {{
        open_label(
            "if(products.product_key = '', lines.product_name, products.product)"
        )
    }} as product,
    {%- for slice in [
        "category",
        "category_level_1",
        "category_level_2",
        "category_level_3",
    ] %}
        toLowCardinality(
            multiIf(
                lines.is_delivery = 1,
                'Доставка',
                products.product_key = '',
                'Не указано',
                toString(products.{{ slice }})
            )
        ) as {{ slice }},
    {%- endfor %}
    toLowCardinality(
        if(products.product_key = '', 'Не указано', toString(products.product_brand))
    ) as product_brand,
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
    {{ slice_label("order_status", "lines.status_category") }} as order_status,
    lines.quantity as quantity,
    lines.line_amount as line_amount,
    lines.line_gross as line_gross,
    lines.line_cancelled as line_cancelled,
    lines.line_returned as line_returned,
    lines.is_goal_line as is_goal_line,
    lines.is_delivery as is_delivery
from lines
left join products on lines.product_id = products.product_key
