{{ config(order_by=["customer_key", "brand", "arrived_at"]) }}

-- Arrivals on the site and in the application, and what started them: a mailing when
-- the customer clicked one of the brand within the grace time before, or when the
-- arrival carries its marks.
with
    arrivals as (
        select *
        from {{ ref("stg_mindbox__customer_actions") }}
        where action_kind in ('site_visit', 'app_launch')
    ),

    identity as (select * from {{ ref("int_customer_identity") }}),

    -- Should mailings share their marks, the latest of them is meant.
    mailing_marks as (
        select
            utm_source,
            utm_campaign,
            argMax(mailing_id, (created_at, mailing_id)) as mailing_id
        from {{ ref("stg_mindbox__mailings") }}
        where utm_campaign != ''
        group by utm_source, utm_campaign
    ),

    -- Of any mailing, the transactional and the excluded too: what a click started
    -- is not foreign even where the click itself earns nothing.
    clicks as (
        select
            customer_key,
            brand,
            touch_at as clicked_at,
            argMax(
                (message_id, mailing_id), (toUInt128OrZero(message_id), message_id)
            ) as clicked
        from {{ ref("int_message_touches") }}
        where touch_kind = 'click'
        group by customer_key, brand, touch_at
    ),

    resolved as (
        select
            arrivals.action_id as action_id,
            arrivals.action_kind as action_kind,
            arrivals.happened_at as arrived_at,
            arrivals.action_date as arrival_date,
            {{ merged_customer("arrivals.customer_key", "identity") }} as customer_key,
            arrivals.brand as brand,
            arrivals.visit_source as visit_source,
            arrivals.utm_source as utm_source,
            arrivals.utm_medium as utm_medium,
            arrivals.utm_campaign as utm_campaign,
            arrivals.utm_content as utm_content,
            arrivals.utm_term as utm_term,
            mailing_marks.mailing_id as marked_mailing_id
        from arrivals
        left join identity on arrivals.customer_key = identity.customer_key
        left join
            mailing_marks
            on arrivals.utm_source = mailing_marks.utm_source
            and arrivals.utm_campaign = mailing_marks.utm_campaign
    ),

    followed as (
        select
            resolved.action_id as action_id,
            resolved.action_kind as action_kind,
            resolved.arrived_at as arrived_at,
            resolved.arrival_date as arrival_date,
            resolved.customer_key as customer_key,
            resolved.brand as brand,
            resolved.visit_source as visit_source,
            resolved.utm_source as utm_source,
            resolved.utm_medium as utm_medium,
            resolved.utm_campaign as utm_campaign,
            resolved.utm_content as utm_content,
            resolved.utm_term as utm_term,
            resolved.marked_mailing_id as marked_mailing_id,
            clicks.clicked as clicked,
            toUInt8(
                clicks.customer_key != 0
                and dateDiff('millisecond', clicks.clicked_at, resolved.arrived_at)
                <= {{ setting("attribution_click_visit_grace_seconds") | int }} * 1000
            ) as follows_click
        from resolved
        asof left join
            clicks
            on resolved.customer_key = clicks.customer_key
            and resolved.brand = clicks.brand
            and resolved.arrived_at >= clicks.clicked_at
    )

select
    action_id,
    action_kind,
    arrived_at,
    arrival_date,
    customer_key,
    brand,
    visit_source,
    utm_source,
    utm_medium,
    utm_campaign,
    utm_content,
    utm_term,
    toUInt8(marked_mailing_id != '') as has_mailing_utm,
    follows_click,
    toUInt8(follows_click = 1 or has_mailing_utm = 1) as is_mailing,
    if(follows_click = 1, clicked .1, '') as message_id,
    if(follows_click = 1, clicked .2, marked_mailing_id) as mailing_id
from followed
