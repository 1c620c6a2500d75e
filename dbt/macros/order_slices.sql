{#-
    The slices of an order, as codes, that its events carry. `orders` is the alias of int_orders.
-#}
{% macro order_slices(orders) -%}
    {{ orders }}.order_id as order_id,
    {{ orders }}.order_channel as order_channel,
    {{ orders }}.contact_point_type as contact_point_type,
    -- A shop is a place; orders made elsewhere say how they were made.
    if(
        {{ orders }}.contact_point_type = 'online', 'Онлайн', {{ orders }}.order_channel
    ) as store,
    {{ orders }}.order_region as order_region,
    {{ orders }}.payment_type as payment_type,
    if(
        {{ orders }}.is_goal = 1,
        {{ amount_band("order_value_band", orders ~ ".amount") }},
        'none'
    ) as order_value_band,
    cast({{ orders }}.promotions, 'Array(LowCardinality(String))') as promotions
{%- endmacro %}
