{#- Raw tables keep a moment that the source does not give as the epoch. -#}
{% macro maybe_moment(moment) -%}
    nullIf({{ moment }}, toDateTime64('1970-01-01 00:00:00', 3, 'UTC'))
{%- endmacro %}
