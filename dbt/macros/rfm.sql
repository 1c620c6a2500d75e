{#-
    Score of a customer on one axis of RFM, 1 the worst and 5 the best: fifths of the customers of one
    brand and month in the order of the axis, ties in the order of the customer keys. Where an axis has
    fewer than five different values, each of them is a score: the lowest is 1.
-#}
{% macro rfm_score(axis) -%}
    toUInt8(
        if(
            uniqExact({{ axis }}) over (partition by brand, valid_from) >= 5,
            1 + intDiv(
                5 * (
                    row_number() over (
                        partition by brand, valid_from order by {{ axis }}, customer_key
                    )
                    - 1
                ),
                count() over (partition by brand, valid_from)
            ),
            dense_rank() over (partition by brand, valid_from order by {{ axis }})
        )
    )
{%- endmacro %}

{#-
    The thirteen cells that every triple of scores falls into, as codes; labels.sql holds their names.
    Mindbox too has thirteen, of the same scores; its page names them, and this mapping is ours.
-#}
{% macro rfm_segment(recency, frequency, monetary) -%}
    multiIf(
        {{ recency }} = 5 and {{ frequency }} >= 4 and {{ monetary }} >= 4,
        'champion',
        {{ recency }} >= 4 and {{ frequency }} >= 4,
        'loyal',
        {{ recency }} >= 4 and {{ monetary }} = 5,
        'big_spender',
        {{ recency }} >= 4 and {{ frequency }} >= 2,
        'potential_loyal',
        {{ recency }} = 5,
        'newcomer',
        {{ recency }} = 4,
        'promising',
        {{ recency }} = 3 and {{ frequency }} >= 4,
        'needs_attention',
        {{ recency }} = 3 and {{ frequency }} >= 2,
        'average',
        {{ recency }} = 3,
        'drowsy',
        {{ frequency }} >= 4 and {{ monetary }} >= 4,
        'cannot_lose',
        {{ frequency }} >= 3,
        'at_risk',
        {{ recency }} = 2,
        'sleeping',
        'lost'
    )
{%- endmacro %}
