{#-
    Slices by what a customer does, from a row of mart_customer_states joined from the left: the state
    at the end of the day before, so that no event is cut by what it brought about itself.
-#}
{% macro customer_state_slices(states) -%}
    {%- for slice, unknown in {
        "lifecycle_stage": "Не указано",
        "rfm_segment": slice_labels()["rfm_segment"]["otherwise"],
        "subscription_state": "Не указано",
        "engagement_band": "Не указано",
    }.items() %}
        if(
            {{ states }}.customer_key = 0,
            cast('{{ unknown }}', {{ string_literal(slice_enum(slice)) }}),
            {{ states }}.{{ slice }}
        ) as {{ slice }},
    {%- endfor %}
    {{ open_label(states ~ ".reachable_set") }} as reachable_set,
    {{ states }}.customer_segments as customer_segments
{%- endmacro %}
