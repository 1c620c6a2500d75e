{#- The columns together name a row: fails for every combination that occurs more than once. -#}
{% test unique_grain(model, columns) %}
    select {{ columns | join(", ") }}, count() as repeated
    from {{ model }}
    group by {{ columns | join(", ") }}
    having repeated > 1
{% endtest %}
