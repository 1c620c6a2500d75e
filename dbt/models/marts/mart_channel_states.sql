{{ config(order_by=["brand", "mailing_channel", "valid_from", "customer_key"]) }}

with contact_states as (select * from {{ ref("int_contact_states") }})

select
    brand,
    {{ slice_label("mailing_channel", "channel") }} as mailing_channel,
    customer_key,
    valid_from,
    valid_till,
    is_contact,
    is_subscribed,
    is_unsubscribed,
    is_invalid,
    is_reachable
from contact_states
