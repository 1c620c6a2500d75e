{#-
    A setting of the client's project. There are no defaults: a number built on a guess looks like any
    other number.
-#}
{% macro setting(name) -%}
    {%- if var(name, none) is none -%}
        {{
            exceptions.raise_compiler_error(
                "the setting "
                ~ name
                ~ ' is missing: run dbt with --vars "$(python -m mindbox_extract dbt-vars)"'
            )
        }}
    {%- endif -%}
    {{ return(var(name)) }}
{%- endmacro %}
