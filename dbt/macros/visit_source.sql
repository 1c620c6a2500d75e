{#-
    Class of the source that a site visit came from. A visit without referrer and marks is what
    Mindbox calls direct, so one that names no class is direct too; '' for a class that the project
    file does not name, which a data test reports.
-#}
{% macro visit_source(channel) -%}
    if({{ channel }} = '', 'direct', {{ mapped(channel, setting("visit_sources")) }})
{%- endmacro %}
