{#- Sources keep UTC; the project's calendar begins in staging, here and nowhere else. -#}
{% macro project_date(timestamp) -%}
    toDate({{ timestamp }}, '{{ setting("project_time_zone") }}')
{%- endmacro %}

{% macro project_hour(timestamp) -%}
    toHour({{ timestamp }}, '{{ setting("project_time_zone") }}')
{%- endmacro %}

{#- 1 = Monday … 7 = Sunday -#}
{% macro project_weekday(timestamp) -%}
    toDayOfWeek({{ timestamp }}, 0, '{{ setting("project_time_zone") }}')
{%- endmacro %}

{#- The moment, in UTC, at which a day of the project's calendar begins. -#}
{% macro project_day_start(day) -%}
    toDateTime64(
        toTimeZone(toDateTime({{ day }}, '{{ setting("project_time_zone") }}'), 'UTC'),
        3,
        'UTC'
    )
{%- endmacro %}
