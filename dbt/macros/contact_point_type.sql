{#- online or offline, by the id of a point of contact; '' for one that the project file does not name. -#}
{% macro contact_point_type(contact_point) -%}
    {{ mapped(contact_point, setting("contact_points")) }}
{%- endmacro %}
