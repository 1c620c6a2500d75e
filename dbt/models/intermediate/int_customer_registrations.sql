{{ config(order_by=["brand", "customer_key"]) }}

-- Since when everybody is in the base, over all brands and in each brand of theirs. Who
-- was there before the history that is loaded is there since the epoch: at the
-- beginning of any period such a customer is no news.
with
    actions as (
        select *
        from {{ ref("stg_mindbox__customer_actions") }}
        where customer_key != 0 and action_kind = 'registration'
    ),

    customers as (select * from {{ ref("stg_mindbox__customers") }}),

    subscriptions as (select * from {{ ref("int_subscriptions") }}),

    orders as (
        select * from {{ ref("int_orders") }} where is_goal = 1 and is_identified = 1
    ),

    identity as (select * from {{ ref("int_customer_identity") }}),

    registrations as (
        select
            {{ merged_customer("actions.customer_key", "identity") }} as customer_key,
            {{ open_label("actions.brand") }} as brand,
            actions.action_date as acted_on,
            actions.happened_at as acted_at,
            actions.action_id as action_id,
            actions.contact_point as contact_point,
            actions.contact_point_type as contact_point_type
        from actions
        left join identity on actions.customer_key = identity.customer_key
    ),

    in_base as (
        select customer_key
        from customers
        where customer_key not in (select customer_key from identity)
        union distinct
        select customer_key
        from registrations
    ),

    -- Of several accounts that became one customer the earliest registration counts.
    first_registrations as (
        select
            customer_key,
            min(acted_on) as registered_on,
            min(acted_at) as registered_at,
            argMin(
                (brand, contact_point, contact_point_type), (acted_at, action_id)
            ) as place
        from registrations
        group by customer_key
    ),

    people as (
        select
            in_base.customer_key as customer_key,
            first_registrations.registered_on as registered_on,
            first_registrations.registered_at as registered_at,
            first_registrations.place .1 as registration_brand,
            first_registrations.place .2 as contact_point,
            first_registrations.place .3 as contact_point_type
        from in_base
        left join
            first_registrations
            on in_base.customer_key = first_registrations.customer_key
    ),

    -- What shows that a customer is of a brand.
    signs as (
        select
            customer_key,
            '{{ all_brands() }}' as brand,
            registered_on as sign_date,
            toUInt8(0) as is_order
        from people
        union all
        select customer_key, brand, acted_on as sign_date, toUInt8(0) as is_order
        from registrations
        union all
        select customer_key, brand, change_date as sign_date, toUInt8(0) as is_order
        from subscriptions
        union all
        select
            customer_key,
            arrayJoin([{{ open_label("brand") }}, '{{ all_brands() }}']) as brand,
            order_date as sign_date,
            toUInt8(1) as is_order
        from orders
    ),

    first_signs as (
        select
            customer_key,
            toLowCardinality(brand) as brand,
            min(sign_date) as first_sign_date,
            minIf(sign_date, is_order = 1) as first_order_date,
            max(is_order) as is_buyer
        from signs
        group by customer_key, brand
    ),

    placed as (
        select
            first_signs.customer_key as customer_key,
            first_signs.brand as brand,
            toUInt8(people.customer_key != 0) as is_registered,
            if(
                is_registered = 1,
                greatest(first_signs.first_sign_date, people.registered_on),
                toDate(0)
            ) as registered_on,
            first_signs.is_buyer as is_buyer,
            first_signs.first_order_date as first_order_date,
            people.registered_at as registered_at,
            people.registration_brand as registration_brand,
            first_signs.brand in ('{{ all_brands() }}', people.registration_brand)
            and registered_on = people.registered_on as is_registration_here,
            people.contact_point as contact_point,
            people.contact_point_type as contact_point_type
        from first_signs
        left join people on first_signs.customer_key = people.customer_key
    )

select
    customer_key,
    brand,
    is_registered,
    registered_on,
    toUInt8(registered_on > toDate(0)) as is_registration_known,
    if(
        is_registration_here, registered_at, {{ project_day_start("registered_on") }}
    ) as registered_at,
    if(
        is_registered = 1,
        if(is_buyer = 1, least(registered_on, first_order_date), registered_on),
        first_order_date
    ) as history_from,
    first_order_date,
    registration_brand,
    contact_point,
    contact_point_type
from placed
