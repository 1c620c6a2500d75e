{{ config(order_by=["customer_key", "brand", "channel", "change_date"]) }}

-- What actions say of a subscription goes before what the export of customers says:
-- that one has no dates.
with
    actions as (
        select *
        from {{ ref("stg_mindbox__customer_actions") }}
        where customer_key != 0 and action_kind in ('subscription', 'unsubscription')
    ),

    customers as (select * from {{ ref("stg_mindbox__customers") }}),

    identity as (select * from {{ ref("int_customer_identity") }}),

    said as (
        select
            {{ merged_customer("actions.customer_key", "identity") }} as customer_key,
            {{ open_label("actions.brand") }} as brand,
            toLowCardinality(
                {{ contact_channel_code("actions.contact_channel") }}
            ) as channel,
            actions.action_date as action_date,
            (actions.happened_at, actions.action_id) as said_at,
            toUInt8(actions.action_kind = 'subscription') as is_subscribed
        from actions
        left join identity on actions.customer_key = identity.customer_key
    ),

    exported as (
        select
            customer_key,
            {{ open_label("subscription.brand") }} as brand,
            toLowCardinality(
                {{ contact_channel_code("subscription.channel") }}
            ) as channel,
            max(subscription.is_subscribed) as is_subscribed
        from customers
        array join subscriptions as subscription
        where customer_key not in (select customer_key from identity)
        group by customer_key, brand, channel
    ),

    first_said as (
        select
            customer_key,
            brand,
            channel,
            argMin(is_subscribed, said_at) as is_subscribed,
            toUInt8(1) as is_action
        from said
        group by customer_key, brand, channel
        union all
        select customer_key, brand, channel, is_subscribed, toUInt8(0) as is_action
        from exported
    ),

    -- Whoever leaves had been there before, whoever comes had not; where nobody came or
    -- left, things are as they always were.
    before_history as (
        select
            customer_key,
            brand,
            channel,
            toDate(0) as change_date,
            toUInt8(
                if(
                    max(is_action) = 1,
                    maxIf(is_subscribed, is_action = 1) = 0,
                    max(is_subscribed) = 1
                )
            ) as state
        from first_said
        group by customer_key, brand, channel
        having state = 1 or max(is_action) = 0
    ),

    day_ends as (
        select
            customer_key,
            brand,
            channel,
            action_date as change_date,
            argMax(is_subscribed, said_at) as state
        from said
        group by customer_key, brand, channel, change_date
    ),

    states as (
        select *
        from before_history
        union all
        select *
        from day_ends
    ),

    followed as (
        select
            *,
            lagInFrame(state, 1, 2) over (
                partition by customer_key, brand, channel order by change_date
            ) as previous_state
        from states
    )

select customer_key, brand, channel, change_date, state as is_subscribed
from followed
where state != previous_state
