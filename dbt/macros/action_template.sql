{#-
    What an action template of the project means: `kind`, and where the kind has one, the `channel` of
    the subscription or contact, and the `survey`. '' for a template that the project file does not
    name, and for an attribute that it does not have.
-#}
{% macro action_template(template, attribute) -%}
    {%- set meanings = {} -%}
    {%- for name, meaning in setting("action_templates").items() -%}
        {%- do meanings.update({name: meaning.get(attribute) or ""}) -%}
    {%- endfor -%}
    {{ mapped(template, meanings) }}
{%- endmacro %}
