{%- set channels = channels_of_contact().values() | sum(start=[]) + ["other"] -%}
{%- set channel_bits = [] -%}
{%- for channel in channels -%}
    {%- do channel_bits.append(2**loop.index0) -%}
{%- endfor -%}
{%- set carried = {
    "contacts": "0",
    "invalid_contacts": "0",
    "subscriptions": "0",
    "unsubscriptions": "0",
    "reach": "0",
    "orders": "0",
    "amount": "toDecimal64(0, 4)",
    "order_date": "toDate(0)",
    "intervals": "0",
    "engaged": "0",
    "engagement_band": "cast(null, 'Nullable(String)')",
    "rfm_segment": "cast(null, 'Nullable(String)')",
} -%}
{%- set sources = {
    "beginnings": [],
    "contact_changes": [
        "contacts",
        "invalid_contacts",
        "subscriptions",
        "unsubscriptions",
        "reach",
    ],
    "order_days": ["orders", "amount", "order_date"],
    "crossings": [],
    "interval_starts": ["intervals"],
    "engaged_changes": ["engaged"],
    "band_changes": ["engagement_band"],
    "rfm_changes": ["rfm_segment"],
    "attribute_changes": [],
} -%}
{%- set window_days = setting("engagement_window_days") | int -%}
{{ config(order_by=["brand", "valid_from", "customer_key"]) }}

-- Whatever changes a customer's state is gathered by day, over all brands and brand by
-- brand. Between two changes nothing happens, so the state is carried forward.
with
    registrations as (select * from {{ ref("int_customer_registrations") }}),

    contact_states as (select * from {{ ref("int_contact_states") }}),

    activity_intervals as (select * from {{ ref("int_activity_intervals") }}),

    engaged_intervals as (select * from {{ ref("int_engaged_intervals") }}),

    engagement as (select * from {{ ref("int_engagement") }}),

    engagement_days as (select * from {{ ref("int_engagement_days") }}),

    rfm as (select * from {{ ref("int_rfm") }}),

    customer_segments as (select * from {{ ref("int_customer_segments") }}),

    customer_versions as (select * from {{ ref("stg_mindbox__customer_versions") }}),

    all_orders as (
        select * from {{ ref("int_orders") }} where is_goal = 1 and is_identified = 1
    ),

    horizon as (select * from {{ ref("int_horizon") }}),

    beginnings as (
        select
            customer_key, brand, arrayJoin([history_from, registered_on]) as change_date
        from registrations
    ),

    contact_changes as (
        select
            customer_key,
            brand,
            change .1 as change_date,
            -- A set of channels is the sum of a power of two for each of them.
            change .2 * transform(
                toString(channel), {{ string_array(channels) }}, {{ channel_bits }}, 0
            ) as channel_change,
            channel_change * is_contact as contacts,
            channel_change * is_invalid as invalid_contacts,
            channel_change * is_reachable as reach,
            change .2 * is_subscribed as subscriptions,
            change .2 * is_unsubscribed as unsubscriptions
        from contact_states
        array join [(valid_from, 1), (valid_till, -1)] as change
        where change_date < {{ end_of_time() }}
    ),

    order_days as (
        select
            customer_key,
            toLowCardinality(
                arrayJoin([{{ open_label("all_orders.brand") }}, '{{ all_brands() }}'])
            ) as brand,
            all_orders.order_date as change_date,
            all_orders.order_date as order_date,
            count() as orders,
            toDecimal64(sum(all_orders.amount), 4) as amount
        from all_orders
        group by customer_key, brand, order_date
    ),

    spaced as (
        select
            customer_key,
            brand,
            order_date,
            leadInFrame(
                order_date,
                1,
                assumeNotNull((select last_day + 1 from horizon))
            ) over (
                partition by customer_key, brand
                order by order_date
                rows between current row and 1 following
            ) as next_order_date
        from order_days
    ),

    crossings as (
        select customer_key, brand, change_date
        from spaced
        array join
            [
                order_date + {{ lifecycle_threshold("at_risk_days", "brand") }} + 1,
                order_date + {{ lifecycle_threshold("churn_days", "brand") }} + 1
            ] as change_date
        where change_date < next_order_date
    ),

    interval_starts as (
        select customer_key, brand, active_from as change_date, 1 as intervals
        from activity_intervals
    ),

    engaged_changes as (
        select customer_key, brand, change .1 as change_date, change .2 as engaged
        from engaged_intervals
        array join [(engaged_from, 1), (engaged_till, -1)] as change
    ),

    band_changes as (
        select
            customer_key,
            brand,
            valid_from as change_date,
            toNullable(toString(engagement_band)) as engagement_band
        from engagement
    ),

    rfm_days as (
        select
            customer_key,
            brand,
            change .1 as change_date,
            toNullable(max(change .2)) as segment
        from rfm
        array join [(valid_from, toString(rfm_segment)), (valid_till, '')] as change
        group by customer_key, brand, change_date
    ),

    followed_rfm as (
        select
            *,
            lagInFrame(segment, 1, '') over (
                partition by customer_key, brand order by change_date
            ) as previous_segment
        from rfm_days
    ),

    rfm_changes as (
        select customer_key, brand, change_date, segment as rfm_segment
        from followed_rfm
        where segment != previous_segment
    ),

    followed_versions as (
        select
            customer_key,
            valid_from,
            (
                sex, age_band, region, customer_timezone, email_domain_group
            ) as attributes,
            lagInFrame(attributes) over (
                partition by customer_key order by valid_from
            ) as previous_attributes
        from customer_versions
    ),

    attribute_days as (
        select customer_key, {{ project_date("valid_from") }} as change_date
        from followed_versions
        where
            attributes != previous_attributes and valid_from > toDateTime64(0, 3, 'UTC')
        union distinct
        select customer_key, valid_from as change_date
        from customer_segments
        where valid_from > toDate(0)
    ),

    attribute_changes as (
        select
            registrations.customer_key as customer_key,
            registrations.brand as brand,
            attribute_days.change_date as change_date
        from registrations
        inner join
            attribute_days on registrations.customer_key = attribute_days.customer_key
    ),

    changes as (
        {%- for source, own in sources.items() %}
            select
                customer_key,
                brand,
                change_date,
                {%- for column, absent in carried.items() %}
                    {% if column in own %} {{ column }}
                    {% else %} {{ absent }} as {{ column }}
                    {%- endif -%}
                    {% if not loop.last %},{% endif %}
                {%- endfor %}
            from {{ source }}
            {% if not loop.last %}
                union all
            {% endif %}
        {%- endfor %}
    ),

    days as (
        select
            changes.customer_key as customer_key,
            changes.brand as brand,
            greatest(changes.change_date, registrations.history_from) as state_from,
            max(
                registrations.is_registered = 1
                and registrations.registered_on <= state_from
            ) as is_customer,
            any(registrations.contact_point_type) as contact_origin,
            sum(changes.contacts) as contacts,
            sum(changes.invalid_contacts) as invalid_contacts,
            sum(changes.subscriptions) as subscriptions,
            sum(changes.unsubscriptions) as unsubscriptions,
            sum(changes.reach) as reach,
            sum(changes.orders) as orders,
            sum(changes.amount) as amount,
            max(changes.order_date) as order_date,
            sum(changes.intervals) as intervals,
            sum(changes.engaged) as engaged,
            argMax(changes.engagement_band, changes.change_date) as engagement_band,
            argMax(changes.rfm_segment, changes.change_date) as rfm_segment
        from changes
        inner join
            registrations
            on changes.customer_key = registrations.customer_key
            and changes.brand = registrations.brand
        where changes.change_date <= (select last_day from horizon)
        group by customer_key, brand, state_from
    ),

    followed as (
        select
            customer_key,
            brand,
            state_from,
            leadInFrame(state_from, 1, {{ end_of_time() }}) over (
                partition by customer_key, brand
                order by state_from
                rows between current row and 1 following
            ) as state_till,
            is_customer,
            contact_origin,
            sum(contacts) over up_to_the_day as contact_set,
            sum(invalid_contacts) over up_to_the_day as invalid_set,
            sum(subscriptions) over up_to_the_day > 0 as is_subscribed,
            sum(unsubscriptions) over up_to_the_day > 0 as is_unsubscribed,
            sum(reach) over up_to_the_day as reachable_set,
            sum(orders) over up_to_the_day as orders_to_date,
            sum(amount) over up_to_the_day as amount_to_date,
            sum(intervals) over up_to_the_day as interval_number,
            sum(engaged) over up_to_the_day > 0 as is_engaged,
            max(order_date) over up_to_the_day as last_order_date,
            last_value(engagement_band) over up_to_the_day as engagement_band,
            last_value(rfm_segment) over up_to_the_day as rfm_segment
        from days
        window
            up_to_the_day as (
                partition by customer_key, brand
                order by state_from
                rows between unbounded preceding and current row
            )
    ),

    states as (
        select
            *,
            contact_set > 0 as is_contact,
            invalid_set > 0 as is_invalid,
            reachable_set > 0 as is_reachable,
            arrayFilter(
                (channel, bit) -> bitAnd(reachable_set, bit) > 0,
                {{ string_array(channels) }},
                {{ channel_bits }}
            ) as reachable_channels,
            orders_to_date > 0 as is_buyer,
            state_from - last_order_date as recency,
            is_buyer
            and recency
            <= {{ lifecycle_threshold("churn_days", "brand") }} as is_active,
            is_active
            and recency
            > {{ lifecycle_threshold("at_risk_days", "brand") }} as is_at_risk
        from followed
    ),

    interval_lists as (
        select
            customer_key,
            brand,
            arraySort(groupArray(active_from)) as active_from,
            arraySort(groupArray(active_till)) as active_till
        from activity_intervals
        group by customer_key, brand
    ),

    deed_lists as (
        select customer_key, brand, arraySort(groupArray((deed_date, points))) as deeds
        from engagement_days
        where points > 0
        group by customer_key, brand
    )

select
    states.brand as brand,
    states.customer_key as customer_key,
    states.state_from as valid_from,
    states.state_till as valid_till,
    {{ slice_label("gender", "customer_versions.sex") }} as gender,
    {{ slice_label("age_band", "customer_versions.age_band") }} as age_band,
    {{ open_label("customer_versions.region") }} as region,
    {{ slice_label("email_domain_group", "customer_versions.email_domain_group") }}
    as email_domain_group,
    {{ open_label("customer_versions.customer_timezone") }} as customer_timezone,
    {{
        slice_label(
            "lifecycle_stage",
            "multiIf(not states.is_buyer, 'none', not states.is_active, 'churned', states.is_at_risk, 'at_risk', states.interval_number > 1, 'reactivated', states.orders_to_date = 1, 'new', 'active')",
        )
    }}
    as lifecycle_stage,
    {{ slice_label("rfm_segment", "coalesce(states.rfm_segment, '')") }} as rfm_segment,
    toLowCardinality(
        if(
            states.is_reachable,
            arrayStringConcat(
                arrayMap(
                    channel -> {{ slice_label("mailing_channel", "channel") }},
                    states.reachable_channels
                ),
                ' + '
            ),
            'Нет'
        )
    ) as reachable_set,
    {{
        slice_label(
            "subscription_state",
            "multiIf(states.is_subscribed, 'subscribed', states.is_unsubscribed, 'unsubscribed', states.is_contact, 'never', '')",
        )
    }}
    as subscription_state,
    {{ slice_label("engagement_band", "coalesce(states.engagement_band, '')") }}
    as engagement_band,
    customer_segments.customer_segments as customer_segments,
    toUInt8(states.is_customer) as is_customer,
    toUInt8(states.is_contact) as is_contact,
    toUInt8(states.is_reachable) as is_reachable,
    toUInt8(states.is_invalid) as is_invalid,
    toUInt8(
        states.is_contact and states.contact_origin = 'online'
    ) as is_online_contact,
    toUInt8(
        states.is_contact and states.contact_origin = 'offline'
    ) as is_offline_contact,
    toUInt8(states.is_contact and states.is_engaged) as is_engaged_contact,
    toUInt8(states.is_buyer) as is_buyer,
    toUInt8(states.is_active) as is_active,
    toUInt8(states.is_at_risk) as is_at_risk,
    toUInt8(states.is_buyer and not states.is_active) as is_churned,
    toUInt32(states.orders_to_date) as orders_to_date,
    toDecimal64(states.amount_to_date, 4) as amount_to_date,
    if(states.is_buyer, interval_lists.active_from[1], toDate(0)) as first_order_date,
    states.last_order_date as last_order_date,
    if(
        states.is_active, interval_lists.active_from[states.interval_number], toDate(0)
    ) as active_from,
    if(
        states.is_active, interval_lists.active_till[states.interval_number], toDate(0)
    ) as active_till,
    arraySlice(
        interval_lists.active_from, states.interval_number + 1
    ) as later_active_from,
    arraySlice(
        interval_lists.active_till, states.interval_number + 1
    ) as later_active_till,
    -- Those that count on any day of the interval.
    arrayFilter(
        deed -> deed .1 + {{ window_days }} > states.state_from
        and deed .1 < states.state_till,
        deed_lists.deeds
    ) as deeds,
    toUInt16({{ window_days }}) as engagement_window_days,
    toFloat64({{ setting("engagement_half_life_days") }}) as engagement_half_life_days
from states
left join
    interval_lists
    on states.customer_key = interval_lists.customer_key
    and states.brand = interval_lists.brand
left join
    deed_lists
    on states.customer_key = deed_lists.customer_key
    and states.brand = deed_lists.brand
asof left join
    customer_versions
    on states.customer_key = customer_versions.customer_key
    and {{ project_day_start("states.state_from + 1") }} > customer_versions.valid_from
asof left join
    customer_segments
    on states.customer_key = customer_segments.customer_key
    and states.state_from >= customer_segments.valid_from
