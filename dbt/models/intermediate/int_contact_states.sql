{%- set channels = channels_of_contact() -%}
{{ config(order_by=["brand", "customer_key", "channel", "valid_from"]) }}

-- Everything is gathered as changes by day, and the days between them follow from the
-- last one.
with
    customer_versions as (select * from {{ ref("stg_mindbox__customer_versions") }}),

    actions as (
        select *
        from {{ ref("stg_mindbox__customer_actions") }}
        where customer_key != 0 and action_kind in ('contact_invalid', 'contact_valid')
    ),

    subscriptions as (select * from {{ ref("int_subscriptions") }}),

    registrations as (
        select * from {{ ref("int_customer_registrations") }} where is_registered = 1
    ),

    identity as (select * from {{ ref("int_customer_identity") }}),

    horizon as (select * from {{ ref("int_horizon") }}),

    versions as (
        select
            customer_key,
            told .1 as contact,
            if(
                valid_from = toDateTime64(0, 3, 'UTC'),
                toDate(0),
                {{ project_date("valid_from") }}
            ) as change_date,
            toNullable(argMax(told .2, valid_from)) as has_contact,
            toNullable(argMax(told .3, valid_from)) as is_marked
        from customer_versions
        array join
            [
                ('email', has_email, is_email_invalid),
                ('phone', has_phone, is_phone_invalid)
            ] as told
        where customer_key not in (select customer_key from identity)
        group by customer_key, contact, change_date
    ),

    -- Nothing is taken from accounts that were merged away: the contact that was found
    -- dead may be gone with them.
    verdicts as (
        select
            customer_key,
            if(lower(contact_channel) = 'email', 'email', 'phone') as contact,
            action_date as change_date,
            toUInt8(
                argMax(action_kind, (happened_at, action_id)) = 'contact_invalid'
            ) as is_found_invalid
        from actions
        where customer_key not in (select customer_key from identity)
        group by customer_key, contact, change_date
    ),

    contact_days as (
        select
            customer_key,
            contact,
            change_date,
            has_contact,
            is_marked,
            cast(null, 'Nullable(UInt8)') as is_found_invalid
        from versions
        union all
        select
            customer_key,
            contact,
            change_date,
            cast(null, 'Nullable(UInt8)') as has_contact,
            cast(null, 'Nullable(UInt8)') as is_marked,
            toNullable(is_found_invalid) as is_found_invalid
        from verdicts
    ),

    contacts as (
        select
            customer_key,
            contact,
            change_date,
            coalesce(last_value(has_contact) over up_to_the_day, 0) as has_contact,
            -- Where no action ever speaks of the contact, Mindbox's mark does.
            if(
                max(isNotNull(is_found_invalid)) over whole_history,
                coalesce(last_value(is_found_invalid) over up_to_the_day, 0),
                coalesce(last_value(is_marked) over up_to_the_day, 0)
            ) as is_invalid
        from contact_days
        window
            whole_history as (partition by customer_key, contact),
            up_to_the_day as (
                partition by customer_key, contact
                order by change_date
                rows between unbounded preceding and current row
            )
    ),

    subscription_changes as (
        select
            customer_key,
            brand,
            channel,
            change_date,
            is_subscribed - lagInFrame(is_subscribed) over (
                partition by customer_key, brand, channel order by change_date
            ) as subscribed
        from subscriptions
    ),

    changes as (
        select
            contacts.customer_key as customer_key,
            registrations.brand as brand,
            arrayJoin(
                if(
                    contacts.contact = 'email',
                    {{ string_array(channels["email"]) }},
                    {{ string_array(channels["phone"]) }}
                )
            ) as channel,
            contacts.change_date as change_date,
            toNullable(contacts.has_contact) as has_contact,
            toNullable(contacts.is_invalid) as is_invalid,
            0 as subscribed,
            0 as said
        from contacts
        inner join registrations on contacts.customer_key = registrations.customer_key
        union all
        select
            customer_key,
            arrayJoin([toString(brand), '{{ all_brands() }}']) as counted_brand,
            channel,
            change_date,
            null as has_contact,
            null as is_invalid,
            subscribed,
            1 as said
        from subscription_changes
    ),

    days as (
        select
            customer_key,
            toLowCardinality(brand) as brand,
            toLowCardinality(channel) as channel,
            change_date,
            max(has_contact) as has_contact,
            max(is_invalid) as is_invalid,
            sum(subscribed) as subscribed,
            sum(said) as said
        from changes
        where change_date <= (select last_day from horizon)
        group by customer_key, brand, channel, change_date
    ),

    -- Subscribed is who is in any of the brands.
    followed as (
        select
            customer_key,
            brand,
            channel,
            change_date,
            sum(subscribed) over up_to_the_day > 0 as is_subscribed,
            not is_subscribed and sum(said) over up_to_the_day > 0 as is_unsubscribed,
            has(
                {{ string_array(channels["email"] + channels["phone"]) }}, channel
            ) as needs_contact,
            if(
                needs_contact,
                coalesce(last_value(has_contact) over up_to_the_day, 0),
                is_subscribed
            ) as is_contact,
            is_contact
            and coalesce(last_value(is_invalid) over up_to_the_day, 0) as is_invalid
        from days
        window
            up_to_the_day as (
                partition by customer_key, brand, channel
                order by change_date
                rows between unbounded preceding and current row
            )
    ),

    changed as (
        select
            *,
            (is_contact, is_invalid, is_subscribed, is_unsubscribed) as state,
            lagInFrame(state) over (
                partition by customer_key, brand, channel
                order by change_date
                rows between 1 preceding and current row
            ) as previous_state
        from followed
    ),

    intervals as (
        select
            *,
            leadInFrame(change_date, 1, {{ end_of_time() }}) over (
                partition by customer_key, brand, channel
                order by change_date
                rows between current row and 1 following
            ) as next_change_date
        from changed
        where state != previous_state
    )

select
    intervals.customer_key as customer_key,
    intervals.brand as brand,
    intervals.channel as channel,
    greatest(intervals.change_date, registrations.registered_on) as valid_from,
    intervals.next_change_date as valid_till,
    toUInt8(intervals.is_contact) as is_contact,
    toUInt8(intervals.is_invalid) as is_invalid,
    toUInt8(intervals.is_subscribed) as is_subscribed,
    toUInt8(intervals.is_unsubscribed) as is_unsubscribed,
    toUInt8(
        intervals.is_contact and intervals.is_subscribed and not intervals.is_invalid
    ) as is_reachable
from intervals
inner join
    registrations
    on intervals.customer_key = registrations.customer_key
    and intervals.brand = registrations.brand
where
    intervals.next_change_date > registrations.registered_on
    and (intervals.is_contact or intervals.is_subscribed or intervals.is_unsubscribed)
