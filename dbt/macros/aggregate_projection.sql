{#-
    A projection that holds the sums of the additive columns by one family of slices. ClickHouse takes
    it by itself when a query filters and groups by columns of `slices` alone and asks for nothing but
    these sums; one foreign column or aggregate sends the whole query to the base table.
-#}
{% macro aggregate_projection(slices, summed_columns) -%}
    select
        {{ slices | join(", ") }},
        {% for column in summed_columns %}
            sum({{ column }}){% if not loop.last %}, {% endif %}
        {% endfor %}
    group by {{ slices | join(", ") }}
{%- endmacro %}
