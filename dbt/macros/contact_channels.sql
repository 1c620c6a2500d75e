{#-
    Channels by the contact of the customer's that they need; with '', nothing but the subscription
    itself, which is the permission to send pushes.
-#}
{% macro channels_of_contact() -%}
    {{
        return(
            {
                "email": ["email"],
                "phone": ["sms", "viber"],
                "": ["mobilepush", "webpush"],
            }
        )
    }}
{%- endmacro %}

{#- Code of a channel as above; "other" for one that is not there, which is taken for a push. -#}
{% macro contact_channel_code(channel) -%}
    {%- set codes = channels_of_contact().values() | sum(start=[]) -%}
    transform(
        lower(toString({{ channel }})),
        {{ string_array(codes) }},
        {{ string_array(codes) }},
        'other'
    )
{%- endmacro %}
