{#-
    The slices of an order, as codes, that its events carry. `orders` is the alias of int_orders,
    `visits` that of int_order_visits, in which orders made elsewhere than online are not.
-#}
{% macro order_slices(orders, visits) -%}
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
    cast({{ orders }}.promotions, 'Array(LowCardinality(String))') as promotions,
    {{ visits }}.platform as platform,
    {{ visits }}.traffic_source as traffic_source,
    {{ visits }}.visit_utm_source as visit_utm_source,
    {{ visits }}.visit_utm_medium as visit_utm_medium,
    {{ visits }}.visit_utm_campaign as visit_utm_campaign
{%- endmacro %}
