{{ config(order_by=["customer_key", "brand", "visited_at"]) }}

-- Visits of known customers, and what started them. Only a visit that neither a
-- mailing started nor the customer's own typing is foreign: it takes the credit away
-- from the mailings before it.
with
    visits as (
        select *
        from {{ ref("stg_mindbox__customer_actions") }}
        where action_kind = 'site_visit' and customer_key != 0
    ),

    identity as (select * from {{ ref("int_customer_identity") }}),

    mailing_marks as (
        select distinct utm_source, utm_campaign
        from {{ ref("stg_mindbox__mailings") }}
        where utm_campaign != ''
    ),

    -- Of any mailing, the transactional and the excluded too: what a click started
    -- is not foreign even where the click itself earns nothing.
    clicks as (
        select distinct customer_key, brand, touch_at as clicked_at
        from {{ ref("int_message_touches") }}
        where touch_kind = 'click'
    ),

    resolved as (
        select
            visits.action_id as action_id,
            visits.happened_at as visited_at,
            visits.action_date as visit_date,
            {{ merged_customer("visits.customer_key", "identity") }} as customer_key,
            visits.brand as brand,
            visits.visit_source as visit_source,
            visits.utm_source as utm_source,
            visits.utm_medium as utm_medium,
            visits.utm_campaign as utm_campaign,
            visits.utm_content as utm_content,
            visits.utm_term as utm_term,
            toUInt8(
                (visits.utm_source, visits.utm_campaign)
                in (select utm_source, utm_campaign from mailing_marks)
            ) as has_mailing_utm
        from visits
        left join identity on visits.customer_key = identity.customer_key
    ),

    followed as (
        select
            resolved.action_id as action_id,
            resolved.visited_at as visited_at,
            resolved.visit_date as visit_date,
            resolved.customer_key as customer_key,
            resolved.brand as brand,
            resolved.visit_source as visit_source,
            resolved.utm_source as utm_source,
            resolved.utm_medium as utm_medium,
            resolved.utm_campaign as utm_campaign,
            resolved.utm_content as utm_content,
            resolved.utm_term as utm_term,
            resolved.has_mailing_utm as has_mailing_utm,
            toUInt8(
                clicks.customer_key != 0
                and dateDiff('millisecond', clicks.clicked_at, resolved.visited_at)
                <= {{ setting("attribution_click_visit_grace_seconds") | int }} * 1000
            ) as follows_click
        from resolved
        asof left join
            clicks
            on resolved.customer_key = clicks.customer_key
            and resolved.brand = clicks.brand
            and resolved.visited_at >= clicks.clicked_at
    )

select
    action_id,
    visited_at,
    visit_date,
    customer_key,
    brand,
    visit_source,
    utm_source,
    utm_medium,
    utm_campaign,
    utm_content,
    utm_term,
    has_mailing_utm,
    follows_click,
    toUInt8(
        visit_source != 'direct' and has_mailing_utm = 0 and follows_click = 0
    ) as is_foreign
from followed
