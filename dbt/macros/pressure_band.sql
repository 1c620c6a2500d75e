{#-
    How many marketing messages a customer had in the week before, banded; '' for an unknown customer,
    of whom nobody knows what else was sent.
-#}
{% macro pressure_band(customer_key, messages) -%}
    multiIf(
        {{ customer_key }} = 0,
        '',
        {{ messages }} = 0,
        '0',
        {{ messages }} <= 2,
        '1–2',
        {{ messages }} <= 4,
        '3–4',
        {{ messages }} <= 7,
        '5–7',
        '8+'
    )
{%- endmacro %}
