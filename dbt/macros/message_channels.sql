{#- Channels that report opens; a mobile push "open" is its click, SMS and Viber report none. -#}
{% macro reports_opens(channel) -%}
    ({{ channel }} in ('email', 'webpush'))
{%- endmacro %}
