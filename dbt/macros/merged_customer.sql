{#-
    The customer as known after all merges. `identity` is the alias of int_customer_identity joined
    from the left: a customer who was never merged has no row there, and the join gives key 0.
-#}
{% macro merged_customer(customer_key, identity) -%}
    if(
        {{ identity }}.final_customer_key = 0,
        {{ customer_key }},
        {{ identity }}.final_customer_key
    )
{%- endmacro %}
