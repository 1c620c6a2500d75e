{{ config(materialized="view") }}

-- What happens to customers themselves.
{%- set own_columns = event_views()["int_events_lifecycle"] %}
with lifecycle_events as (select * from {{ ref("int_lifecycle_events") }})

select
    event,
    event_at,
    event_at as send_at,
    event_key,
    customer_key,
    brand,
    channel as mailing_channel,
    {%- for column in own_columns if column != "mailing_channel" %}
        {{ column }}{% if not loop.last %},{% endif %}
    {%- endfor %}
from lifecycle_events
