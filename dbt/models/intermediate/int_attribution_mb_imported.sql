{{ config(materialized="view") }}

-- What Mindbox itself wrote into its export of orders. It names mailings and no
-- messages: the message is the one last clicked before the order, else the last one
-- sent to the customer before it. Where none is loaded the mailing is credited all the
-- same.
with
    orders as (
        select order_id, customer_key, ordered_at
        from {{ ref("int_orders") }}
        where is_goal = 1
    ),

    exported as (select * from {{ ref("stg_mindbox__orders") }}),

    messages as (select * from {{ ref("int_messages") }} where customer_key != 0),

    clicks as (
        select message_id, touch_at
        from {{ ref("int_message_touches") }}
        where touch_kind = 'click'
    ),

    -- Mindbox exports campaigns of mailings only; another group of channels would be no
    -- mailing's credit.
    campaigns as (
        select distinct order_id, campaign.mailing_id as mailing_id
        from exported
        array join attributed_campaigns as campaign
        where campaign.campaign_type in ('Mailing', '')
    ),

    credited as (
        select
            orders.order_id as order_id,
            orders.customer_key as customer_key,
            orders.ordered_at as ordered_at,
            campaigns.mailing_id as mailing_id,
            row_number() over (
                partition by orders.order_id order by campaigns.mailing_id
            ) as campaign_number,
            count() over (partition by orders.order_id) as campaigns
        from orders
        inner join campaigns on orders.order_id = campaigns.order_id
    ),

    moments as (
        select
            message_id,
            customer_key,
            mailing_id,
            participated_at as touch_at,
            0 as is_click
        from messages
        union all
        select
            messages.message_id as message_id,
            messages.customer_key as customer_key,
            messages.mailing_id as mailing_id,
            clicks.touch_at as touch_at,
            1 as is_click
        from messages
        inner join clicks on messages.message_id = clicks.message_id
    ),

    found as (
        select
            credited.order_id as order_id,
            credited.mailing_id as mailing_id,
            argMax(
                (moments.message_id, moments.touch_at),
                (
                    moments.is_click,
                    moments.touch_at,
                    toUInt128OrZero(moments.message_id),
                    moments.message_id
                )
            ) as touch
        from credited
        inner join
            moments
            on credited.customer_key = moments.customer_key
            and credited.mailing_id = moments.mailing_id
        where moments.touch_at <= credited.ordered_at
        group by order_id, mailing_id
    )

select
    credited.order_id as order_id,
    'mb_imported' as attribution_model,
    'mailings' as channel_group,
    found.touch .1 as message_id,
    if(found.order_id = '', null, found.touch .2) as touch_at,
    -- Several campaigns of one order share it, the last takes what rounding leaves.
    toDecimal32(
        toDecimal64(
            if(
                credited.campaign_number = credited.campaigns,
                1000000
                - (credited.campaigns - 1) * intDiv(1000000, credited.campaigns),
                intDiv(1000000, credited.campaigns)
            ),
            6
        )
        / 1000000,
        6
    ) as weight,
    credited.mailing_id as mailing_id
from credited
left join
    found
    on credited.order_id = found.order_id
    and credited.mailing_id = found.mailing_id
