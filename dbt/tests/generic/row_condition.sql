{#- A condition that holds on every row: fails with the rows where it is false or unknown. -#}
{% test row_condition(model, condition) %}
    select * from {{ model }} where not coalesce({{ condition }}, false)
{% endtest %}
