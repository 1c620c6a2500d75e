{#- A ClickHouse string literal of any text. -#}
{% macro string_literal(text) -%}
    '{{ text | string | replace("\\", "\\\\") | replace("'", "\\'") }}'
{%- endmacro %}

{#- An array literal of strings; of the right type when empty, too. -#}
{% macro string_array(texts) -%}
    cast([{% for text in texts %}{{ string_literal(text) }}{% if not loop.last %}, {% endif %}{% endfor %}], 'Array(String)')
{%- endmacro %}
