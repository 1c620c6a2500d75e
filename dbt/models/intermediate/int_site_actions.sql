{{ config(order_by=["customer_key", "brand", "happened_at"]) }}

-- What the trackers of the site and the application record, cut into visits. A visit
-- ends after the timeout without an action, or with an arrival from another source. A
-- direct arrival brings no other source; neither does the first arrival of a visit
-- whose tracker was a moment late with it.
with
    actions as (
        select *
        from {{ ref("stg_mindbox__customer_actions") }}
        where
            action_kind in ('site_visit', 'app_launch')
            or (
                customer_key != 0
                and action_kind in (
                    'category_view',
                    'product_view',
                    'cart_add',
                    'cart_remove',
                    'cart_set',
                    'cart_clear',
                    'checkout_start'
                )
            )
    ),

    arrivals as (select * from {{ ref("int_arrivals") }}),

    identity as (select * from {{ ref("int_customer_identity") }}),

    -- An application is where applications are launched.
    application_points as (
        select distinct contact_point_id
        from actions
        where action_kind = 'app_launch' and contact_point_id != ''
    ),

    resolved as (
        select
            actions.action_id as action_id,
            actions.action_kind as action_kind,
            actions.happened_at as happened_at,
            {{ merged_customer("actions.customer_key", "identity") }} as customer_key,
            actions.brand as brand,
            if(
                actions.action_kind = 'app_launch'
                or (
                    actions.action_kind != 'site_visit'
                    and actions.contact_point_id
                    in (select contact_point_id from application_points)
                ),
                'app',
                'site'
            ) as platform,
            -- Nothing joins the actions of people who are not known.
            if(customer_key = 0, actions.action_id, '') as nobody,
            toUInt8(arrivals.action_id != '') as is_arrival,
            multiIf(
                arrivals.is_mailing = 1,
                toString(tuple(arrivals.mailing_id)),
                actions.action_kind != 'site_visit' or arrivals.visit_source = 'direct',
                null,
                toString(
                    (
                        arrivals.visit_source,
                        arrivals.utm_source,
                        arrivals.utm_medium,
                        arrivals.utm_campaign,
                        arrivals.utm_content,
                        arrivals.utm_term
                    )
                )
            ) as source
        from actions
        left join arrivals on actions.action_id = arrivals.action_id
        left join identity on actions.customer_key = identity.customer_key
    ),

    followed as (
        select
            *,
            lagInFrame(toNullable(happened_at)) over by_visitor as previous_at,
            coalesce(
                dateDiff('millisecond', previous_at, happened_at)
                > {{ setting("site_session_timeout_minutes") | int }} * 60000,
                true
            ) as is_after_a_pause
        from resolved
        window
            by_visitor as (
                partition by customer_key, brand, platform, nobody
                order by happened_at, is_arrival desc, action_id
                rows between unbounded preceding and current row
            )
    ),

    stretched as (
        select
            *,
            sum(is_after_a_pause) over by_visitor as stretch,
            if(isNull(source), null, toString((stretch, source))) as stretch_source
        from followed
        window
            by_visitor as (
                partition by customer_key, brand, platform, nobody
                order by happened_at, is_arrival desc, action_id
                rows between unbounded preceding and current row
            )
    ),

    cut as (
        select
            *,
            anyLast(if(is_arrival = 1, toNullable(stretch), null)) over before
            as stretch_of_arrival,
            anyLast(stretch_source) over before as source_before,
            toUInt8(
                is_after_a_pause
                or coalesce(
                    isNotNull(stretch_source)
                    and stretch_of_arrival = stretch
                    and coalesce(stretch_source != source_before, true),
                    false
                )
            ) as begins_visit
        from stretched
        window
            before as (
                partition by customer_key, brand, platform, nobody
                order by happened_at, is_arrival desc, action_id
                rows between unbounded preceding and 1 preceding
            )
    )

select
    action_id,
    action_kind,
    happened_at,
    customer_key,
    brand,
    platform,
    is_arrival,
    begins_visit,
    assumeNotNull(
        anyLast(if(begins_visit = 1, toNullable(action_id), null)) over by_visitor
    ) as session_key
from cut
window
    by_visitor as (
        partition by customer_key, brand, platform, nobody
        order by happened_at, is_arrival desc, action_id
        rows between unbounded preceding and current row
    )
