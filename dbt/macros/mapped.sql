{#-
    A source's own code turned into ours by a mapping of the project file; '' for a code that the
    mapping does not name.
-#}
{% macro mapped(code, mapping) -%}
    transform(
        toString({{ code }}),
        {{ string_array(mapping.keys()) }},
        {{ string_array(mapping.values()) }},
        ''
    )
{%- endmacro %}
