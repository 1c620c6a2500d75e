{#-
    Category (CheckedOut, Paid, Delivered, Cancelled, Returned) of a project's own order line status;
    '' for a status that the project file does not map, which a data test reports.
-#}
{% macro order_status_category(status) -%}
    {%- set categories = setting("order_status_categories") -%}
    transform(
        {{ status }},
        {{ string_array(categories.keys()) }},
        {{ string_array(categories.values()) }},
        ''
    )
{%- endmacro %}
