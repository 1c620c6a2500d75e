{#- A ClickHouse string literal of any text. -#}
{% macro string_literal(text) -%}
    {{ "'" ~ (text | string | replace("\\", "\\\\") | replace("'", "\\'")) ~ "'" }}
{%- endmacro %}

{#- An array literal of strings; of the right type when empty, too. -#}
{% macro string_array(texts) -%}
    {%- set literals = [] -%}
    {%- for text in texts -%}
        {%- do literals.append(string_literal(text)) -%}
    {%- endfor -%}
    cast([{{ literals | join(", ") }}], 'Array(String)')
{%- endmacro %}
