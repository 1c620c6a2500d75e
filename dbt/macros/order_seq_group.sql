{#- Number of an order in its customer's history, banded; '' for an order of an unknown customer. -#}
{% macro order_seq_group(order_seq) -%}
    multiIf(
        {{ order_seq }} = 0,
        '',
        {{ order_seq }} = 1,
        '1',
        {{ order_seq }} = 2,
        '2',
        {{ order_seq }} <= 5,
        '3–5',
        '6+'
    )
{%- endmacro %}
