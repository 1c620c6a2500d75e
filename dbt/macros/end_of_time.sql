{#- The day on which a state ends that is not known to end: the last that a Date can hold. -#}
{% macro end_of_time() -%} toDate('2149-06-06') {%- endmacro %}
