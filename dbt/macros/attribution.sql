{#- Which of two touches is the later: by time, then by message number, compared as the number it is. -#}
{% macro touch_order() -%}
    (touch_at, toUInt128OrZero(message_id), message_id)
{%- endmacro %}

{#- Whether a touch is no older than so many days of 24 hours at the order; the edge itself is inside. -#}
{% macro touched_within(days) -%}
    age_ms <= {{ days }} * 24 * 3600 * 1000
{%- endmacro %}

{#-
    The end of a model that gives each order to one touch: `picked` has a row per order with the touch
    as a pair of message and moment.
-#}
{% macro credits_of_one_touch(model, picked) -%}
    select
        order_id,
        '{{ model }}' as attribution_model,
        'mailings' as channel_group,
        touch .1 as message_id,
        touch .2 as touch_at,
        toDecimal32(1, 6) as weight
    from {{ picked }}
{%- endmacro %}

{#-
    The end of a model that divides each order between its touches: `shares` has a row per order and
    touch with its share of the order, all shares of an order adding up to 1. Weights have six decimals;
    the last touch takes what rounding leaves. A message has the weight of all its touches.
-#}
{% macro credits_of_shares(model, shares) -%}
    select
        order_id,
        '{{ model }}' as attribution_model,
        'mailings' as channel_group,
        message_id,
        max(touch_at) as touch_at,
        toDecimal32(toDecimal64(sum(millionths), 6) / 1000000, 6) as weight
    from
        (
            select
                order_id,
                message_id,
                touch_at,
                toInt64(round(share * 1000000)) as rounded,
                if(
                    row_number() over (
                        partition by order_id
                        order by
                            touch_at desc,
                            toUInt128OrZero(message_id) desc,
                            message_id desc
                    )
                    = 1,
                    1000000 - sum(rounded) over (partition by order_id) + rounded,
                    rounded
                ) as millionths
            from {{ shares }}
        )
    group by order_id, message_id
{%- endmacro %}
