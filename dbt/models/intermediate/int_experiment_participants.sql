{{ config(order_by=["mailing_id", "customer_key"]) }}

{%- set horizon_days = setting("attribution_window_days") | int %}

-- A mailing with a control group of its own is an experiment: whoever took part in it
-- was either written to or held back, and what the customer then bought, by whatever
-- way, is the outcome. Contacts and consents are asked before groups, so whoever could
-- not be written to is in neither; the global control group is another experiment.
with
    messages as (select * from {{ ref("int_messages") }}),

    failure_reasons as (select * from {{ ref("message_failure_reasons") }}),

    mailings as (select * from {{ ref("stg_mindbox__mailings") }}),

    orders as (
        select * from {{ ref("int_orders") }} where is_goal = 1 and is_identified = 1
    ),

    horizon as (select * from {{ ref("int_horizon") }}),

    participations as (
        select
            messages.mailing_id as mailing_id,
            messages.customer_key as customer_key,
            messages.participated_at as participated_at,
            messages.mailing_variant as mailing_variant,
            messages.brand as brand,
            messages.mailing_channel as mailing_channel,
            toUInt8(
                messages.not_sent_reason = 'CustomerInMailingControlGroup'
            ) as is_held_back
        from messages
        left join failure_reasons on messages.not_sent_reason = failure_reasons.reason
        where
            messages.customer_key != 0
            and messages.not_sent_reason != 'CustomerInGlobalControlGroup'
            and failure_reasons.is_ineligible = 0
            and messages.mailing_id in (
                select mailing_id
                from messages
                where not_sent_reason = 'CustomerInMailingControlGroup'
            )
    ),

    joined as (
        select
            mailing_id,
            customer_key,
            min(participated_at) as joined_at,
            argMin(
                (mailing_variant, brand, mailing_channel), participated_at
            ) as described,
            min(is_held_back) as always_held_back,
            max(is_held_back) as ever_held_back
        from participations
        group by mailing_id, customer_key
    ),

    participants as (
        select
            mailing_id,
            customer_key,
            joined_at,
            {{ project_date("joined_at") }} as joined_date,
            described,
            toUInt8(ever_held_back = 0) as is_treated,
            always_held_back as is_control,
            toUInt8(
                joined_date + {{ horizon_days }}
                < assumeNotNull((select last_day from horizon))
            ) as is_mature
        from joined
        where
            mailing_id in (
                select mailing_id
                from joined
                group by mailing_id
                having
                    countIf(ever_held_back = 0) > 0
                    and countIf(always_held_back = 1) > 0
            )
    ),

    outcomes as (
        select
            participants.mailing_id as mailing_id,
            participants.customer_key as customer_key,
            toUInt32(count()) as orders,
            sum(orders.amount) as amount
        from participants
        inner join orders on participants.customer_key = orders.customer_key
        where
            participants.is_mature = 1
            and orders.ordered_at >= participants.joined_at
            and orders.ordered_at
            <= participants.joined_at + toIntervalDay({{ horizon_days }})
        group by mailing_id, customer_key
    ),

    results as (
        select
            participants.*,
            outcomes.orders as orders,
            toDecimal64(outcomes.amount, 4) as amount
        from participants
        left join
            outcomes
            on participants.mailing_id = outcomes.mailing_id
            and participants.customer_key = outcomes.customer_key
    ),

    -- A few wholesale orders would otherwise decide on a mean and its variance.
    limits as (
        select mailing_id, quantileExact(0.999)(amount) as largest_amount
        from results
        where is_mature = 1 and is_treated + is_control = 1
        group by mailing_id
    ),

    planned_shares as (
        select
            mailing_id,
            arrayFirst(
                planned -> has(tags, planned .1),
                [
                    {%- for tag, share in setting("planned_control_shares").items() %}
                        ({{ string_literal(tag) }}, toFloat64({{ share }})),
                    {%- endfor %}
                    ('', toFloat64(0))
                ]
            ) .2 as planned_control_share
        from mailings
    )

select
    results.mailing_id as mailing_id,
    results.customer_key as customer_key,
    results.joined_at as joined_at,
    results.joined_date as joined_date,
    results.described .1 as mailing_variant,
    results.described .2 as brand,
    results.described .3 as mailing_channel,
    results.is_treated as is_treated,
    results.is_control as is_control,
    results.is_mature as is_mature,
    results.orders as orders,
    results.amount as amount,
    least(results.amount, limits.largest_amount) as winsorised_amount,
    planned_shares.planned_control_share as planned_control_share
from results
left join limits on results.mailing_id = limits.mailing_id
left join planned_shares on results.mailing_id = planned_shares.mailing_id
