{{ config(order_by="order_id") }}

-- The visit in which an online order was made, whatever became of it: one that began
-- before the order and was not yet over, the timeout included. Visits on one platform
-- never
-- overlap, so the latest that began is the only one there; the order's own platform is
-- asked first.
with
    actions as (select * from {{ ref("int_site_actions") }}),

    orders as (select * from {{ ref("int_orders") }}),

    points as (
        select order_id, order_channel_id
        from {{ ref("stg_mindbox__orders") }}
        where contact_point_type = 'online'
    ),

    application_points as (
        select distinct contact_point_id
        from {{ ref("stg_mindbox__customer_actions") }}
        where action_kind = 'app_launch' and contact_point_id != ''
    ),

    visits as (
        select
            session_key,
            customer_key,
            brand,
            platform,
            min(happened_at) as started_at,
            max(happened_at) as ended_at
        from actions
        where customer_key != 0
        group by session_key, customer_key, brand, platform
    ),

    site_visits as (select * from visits where platform = 'site'),

    app_visits as (select * from visits where platform = 'app'),

    online_orders as (
        select
            orders.order_id as order_id,
            orders.ordered_at as ordered_at,
            orders.customer_key as customer_key,
            orders.brand as brand,
            orders.order_seq as order_seq,
            orders.order_seq_in_brand as order_seq_in_brand,
            orders.amount as amount,
            orders.is_goal as is_goal,
            if(
                points.order_channel_id
                in (select contact_point_id from application_points),
                'app',
                'site'
            ) as platform
        from orders
        inner join points on orders.order_id = points.order_id
    ),

    on_site as (
        select
            online_orders.*,
            site_visits.session_key as site_session,
            site_visits.ended_at as site_ended_at
        from online_orders
        asof left join
            site_visits
            on online_orders.customer_key = site_visits.customer_key
            and online_orders.brand = site_visits.brand
            and online_orders.ordered_at >= site_visits.started_at
    ),

    matched as (
        select
            on_site.order_id as order_id,
            on_site.ordered_at as ordered_at,
            on_site.customer_key as customer_key,
            on_site.brand as brand,
            on_site.order_seq as order_seq,
            on_site.order_seq_in_brand as order_seq_in_brand,
            on_site.amount as amount,
            on_site.is_goal as is_goal,
            on_site.platform as platform,
            if(
                dateDiff('millisecond', on_site.site_ended_at, on_site.ordered_at)
                <= {{ setting("site_session_timeout_minutes") | int }} * 60000,
                on_site.site_session,
                ''
            ) as site_session,
            if(
                dateDiff('millisecond', app_visits.ended_at, on_site.ordered_at)
                <= {{ setting("site_session_timeout_minutes") | int }} * 60000,
                app_visits.session_key,
                ''
            ) as app_session
        from on_site
        asof left join
            app_visits
            on on_site.customer_key = app_visits.customer_key
            and on_site.brand = app_visits.brand
            and on_site.ordered_at >= app_visits.started_at
    )

select
    order_id,
    ordered_at,
    customer_key,
    brand,
    order_seq,
    order_seq_in_brand,
    amount,
    is_goal,
    platform,
    multiIf(
        platform = 'app' and app_session != '',
        app_session,
        site_session != '',
        site_session,
        app_session
    ) as session_key
from matched
