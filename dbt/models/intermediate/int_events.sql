{{ config(materialized="view") }}

-- All kinds of events side by side, before their slices are looked up.
{% set columns = dict(event_slices(), **event_measures()) %}
{%- for view, own_columns in event_views().items() %}
    select
        event,
        event_at,
        send_at,
        event_key,
        customer_key,
        brand,
        {%- for column, absent in columns.items() %}
            {% if column in own_columns %} {{ column }}
            {% else %} {{ absent }} as {{ column }}
            {%- endif -%}
            {% if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ ref(view) }}
    {%- if not loop.last %}
        union all
    {% endif %}
{%- endfor %}
