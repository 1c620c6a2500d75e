{#-
    at_risk_days or churn_days of a brand as the project file says: the brand's own number where it has
    one, else that of all brands, which `all_brands()` has too.
-#}
{% macro lifecycle_threshold(threshold, brand) -%}
    {%- set own = {} -%}
    {%- for name, thresholds in setting("lifecycle_by_brand").items() -%}
        {%- do own.update({name: thresholds[threshold]}) -%}
    {%- endfor -%}
    {%- if own -%}
        transform(
            toString({{ brand }}),
            {{ string_array(own.keys()) }},
            {{ own.values() | map("int") | list }},
            {{ setting(threshold) | int }}
        )
    {%- else -%} {{ setting(threshold) | int }}
    {%- endif -%}
{%- endmacro %}
