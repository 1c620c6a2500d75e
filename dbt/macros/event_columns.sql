{#-
    The columns of `int_events` beyond those that every event has (event, event_at, send_at, event_key,
    customer_key, brand), with what stands in them where a kind of event has none of its own.
-#}
{% macro event_slices() -%}
    {{
        return(
            {
                "mailing_id": "''",
                "mailing_channel": "''",
                "mailing_variant": "toUInt8(0)",
                "mailing_source": "''",
                "customer_send_weekday": "''",
                "customer_send_hour": "''",
                "pressure_band": "''",
                "is_immature": "toUInt8(0)",
                "failure_reason": "''",
                "link": "''",
                "order_id": "''",
                "order_channel": "''",
                "order_region": "''",
                "order_seq": "toUInt32(0)",
                "attribution_model": "''",
                "channel_group": "''",
                "session_key": "''",
                "platform": "''",
                "traffic_source": "''",
                "visit_utm_source": "''",
                "visit_utm_medium": "''",
                "visit_utm_campaign": "''",
            }
        )
    }}
{%- endmacro %}

{#-
    What metrics are made of: flags and amounts that stand only on events of their own kind, so that a
    metric is a plain aggregate over all events.
-#}
{% macro event_measures() -%}
    {{
        return(
            {
                "is_message": "toUInt8(0)",
                "is_sent": "toUInt8(0)",
                "is_not_sent": "toUInt8(0)",
                "is_control_not_sent": "toUInt8(0)",
                "is_delivered": "toUInt8(0)",
                "is_not_delivered": "toUInt8(0)",
                "is_bounced": "toUInt8(0)",
                "is_soft_bounced": "toUInt8(0)",
                "is_blocked": "toUInt8(0)",
                "is_opened": "toUInt8(0)",
                "is_human_opened": "toUInt8(0)",
                "is_clicked": "toUInt8(0)",
                "is_click_event": "toUInt8(0)",
                "is_human_clicked": "toUInt8(0)",
                "is_unsubscribed": "toUInt8(0)",
                "is_open_capable_delivered": "toUInt8(0)",
                "is_open_capable_opened": "toUInt8(0)",
                "is_open_capable_clicked": "toUInt8(0)",
                "is_email_sent": "toUInt8(0)",
                "is_email_delivered": "toUInt8(0)",
                "is_email_unsubscribed": "toUInt8(0)",
                "is_marketing_delivered": "toUInt8(0)",
                "is_attributable_delivered": "toUInt8(0)",
                "is_flow_delivered": "toUInt8(0)",
                "is_spam_complaint": "toUInt32(0)",
                "minutes_to_open": "cast(null, 'Nullable(Float64)')",
                "minutes_to_click": "cast(null, 'Nullable(Float64)')",
                "is_order": "toUInt8(0)",
                "is_identified_order": "toUInt8(0)",
                "is_first_order": "toUInt8(0)",
                "is_repeat_order": "toUInt8(0)",
                "order_amount": "toDecimal64(0, 4)",
                "identified_order_amount": "toDecimal64(0, 4)",
                "attributed_orders": "toDecimal32(0, 6)",
                "attributed_amount": "toDecimal64(0, 4)",
                "is_visit": "toUInt8(0)",
                "visit_is_identified": "toUInt8(0)",
                "visit_is_first": "toUInt8(0)",
                "visit_is_first_in_brand": "toUInt8(0)",
                "visit_is_mailing": "toUInt8(0)",
                "visit_with_category": "toUInt8(0)",
                "visit_with_product": "toUInt8(0)",
                "visit_with_cart": "toUInt8(0)",
                "visit_with_checkout": "toUInt8(0)",
                "visit_with_order": "toUInt8(0)",
                "visit_with_category_and_product": "toUInt8(0)",
                "visit_with_product_and_cart": "toUInt8(0)",
                "visit_with_cart_and_checkout": "toUInt8(0)",
                "visit_with_cart_and_order": "toUInt8(0)",
                "visit_with_checkout_and_order": "toUInt8(0)",
                "visit_reached_category": "toUInt8(0)",
                "visit_reached_product": "toUInt8(0)",
                "visit_reached_cart": "toUInt8(0)",
                "visit_reached_checkout": "toUInt8(0)",
                "visit_reached_order": "toUInt8(0)",
                "visit_order_amount": "toDecimal64(0, 4)",
                "visit_cart_mature": "toUInt8(0)",
                "visit_cart_abandoned": "toUInt8(0)",
                "abandoned_cart_amount": "toDecimal64(0, 4)",
                "is_category_view": "toUInt8(0)",
                "is_product_view": "toUInt8(0)",
                "is_cart_add": "toUInt8(0)",
                "is_checkout_start": "toUInt8(0)",
            }
        )
    }}
{%- endmacro %}

{#- The views that `int_events` is put together from, and which of the columns each of them has. -#}
{% macro event_views() -%}
    {%- set of_messages = [
        "mailing_id",
        "mailing_channel",
        "mailing_variant",
        "mailing_source",
    ] -%}
    {%- set of_sends = of_messages + [
        "customer_send_weekday",
        "customer_send_hour",
        "pressure_band",
        "is_immature",
    ] -%}
    {%- set of_orders = ["order_id", "order_channel", "order_region", "order_seq"] -%}
    {{
        return(
            {
                "int_events_messages": of_sends
                + [
                    "failure_reason",
                    "link",
                    "is_message",
                    "is_sent",
                    "is_not_sent",
                    "is_control_not_sent",
                    "is_delivered",
                    "is_not_delivered",
                    "is_bounced",
                    "is_soft_bounced",
                    "is_blocked",
                    "is_opened",
                    "is_human_opened",
                    "is_clicked",
                    "is_click_event",
                    "is_human_clicked",
                    "is_unsubscribed",
                    "is_open_capable_delivered",
                    "is_open_capable_opened",
                    "is_open_capable_clicked",
                    "is_email_sent",
                    "is_email_delivered",
                    "is_email_unsubscribed",
                    "is_marketing_delivered",
                    "is_attributable_delivered",
                    "is_flow_delivered",
                    "minutes_to_open",
                    "minutes_to_click",
                ],
                "int_events_spam_reports": [
                    "mailing_id",
                    "mailing_channel",
                    "mailing_variant",
                    "is_spam_complaint",
                ],
                "int_events_orders": of_orders
                + [
                    "is_order",
                    "is_identified_order",
                    "is_first_order",
                    "is_repeat_order",
                    "order_amount",
                    "identified_order_amount",
                ],
                "int_events_attributed_orders": of_sends
                + of_orders
                + [
                    "attribution_model",
                    "channel_group",
                    "attributed_orders",
                    "attributed_amount",
                ],
                "int_events_visits": of_messages
                + [
                    "order_seq",
                    "session_key",
                    "platform",
                    "traffic_source",
                    "visit_utm_source",
                    "visit_utm_medium",
                    "visit_utm_campaign",
                    "is_visit",
                    "visit_is_identified",
                    "visit_is_first",
                    "visit_is_first_in_brand",
                    "visit_is_mailing",
                    "visit_with_category",
                    "visit_with_product",
                    "visit_with_cart",
                    "visit_with_checkout",
                    "visit_with_order",
                    "visit_with_category_and_product",
                    "visit_with_product_and_cart",
                    "visit_with_cart_and_checkout",
                    "visit_with_cart_and_order",
                    "visit_with_checkout_and_order",
                    "visit_reached_category",
                    "visit_reached_product",
                    "visit_reached_cart",
                    "visit_reached_checkout",
                    "visit_reached_order",
                    "visit_order_amount",
                    "visit_cart_mature",
                    "visit_cart_abandoned",
                    "abandoned_cart_amount",
                    "is_category_view",
                    "is_product_view",
                    "is_cart_add",
                    "is_checkout_start",
                ],
            }
        )
    }}
{%- endmacro %}

{#- Kinds of events. Numbers are kept when a kind goes: they are what is stored. -#}
{% macro event_enum() -%}
    {%- set kinds = {
        "message": 1,
        "open": 2,
        "click": 3,
        "unsubscribe": 4,
        "click_event": 5,
        "spam_report": 6,
        "order": 10,
        "attributed_order": 11,
        "visit": 20,
        "site_action": 21,
        "registered": 30,
        "contact_added": 31,
        "became_active": 32,
        "churned": 33,
        "subscribed": 34,
        "unsubscribed": 35,
        "merged": 36,
        "deleted": 37,
    } -%}
    Enum8(
        {%- for kind, number in kinds.items() -%}
            '{{ kind }}' = {{ number }}{% if not loop.last %}, {% endif %}
        {%- endfor -%}
    )
{%- endmacro %}
