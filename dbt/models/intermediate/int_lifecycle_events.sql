{%- set registration_days = 30 -%}
{%- set first_days = 90 -%}
{%- set kinds = {
    "registered": [
        "is_registration",
        "is_registration_in_brand",
        "is_mature_registration",
        "is_mature_registration_in_brand",
        "is_converted_registration",
        "is_converted_registration_in_brand",
    ],
    "contact_added": ["is_new_contact", "is_new_contact_in_brand"],
    "became_active": [
        "is_first_activation",
        "is_first_activation_in_brand",
        "is_reactivation",
        "is_reactivation_in_brand",
        "is_90_days_buyer",
        "is_90_days_buyer_in_brand",
        "first_90_days_amount",
        "first_90_days_amount_in_brand",
    ],
    "churned": ["is_churn", "is_churn_in_brand"],
    "subscribed": [
        "channel",
        "is_new_subscriber",
        "is_new_subscriber_in_brand",
        "is_new_subscriber_in_channel",
        "is_new_subscriber_in_channel_in_brand",
    ],
    "unsubscribed": [
        "channel",
        "loss_reason",
        "is_lost_subscriber",
        "is_lost_subscriber_in_brand",
        "is_lost_subscriber_in_channel",
        "is_lost_subscriber_in_channel_in_brand",
    ],
    "merged": ["event_key", "is_merged_profile"],
} -%}
{%- set texts = ["channel", "loss_reason", "event_key"] -%}
{%- set measures = kinds.values() | sum(start=[]) | reject("in", texts) | list -%}
{{ config(order_by=["event", "event_at", "customer_key"]) }}

with
    registrations as (select * from {{ ref("int_customer_registrations") }}),

    contact_states as (select * from {{ ref("int_contact_states") }}),

    activity_intervals as (select * from {{ ref("int_activity_intervals") }}),

    orders as (
        select * from {{ ref("int_orders") }} where is_goal = 1 and is_identified = 1
    ),

    merges as (select * from {{ ref("stg_mindbox__customer_merges") }}),

    identity as (select * from {{ ref("int_customer_identity") }}),

    horizon as (select * from {{ ref("int_horizon") }}),

    registered as (
        select
            'registered' as event,
            registrations.customer_key as customer_key,
            registrations.brand as event_brand,
            registrations.registered_at as event_at,
            registrations.brand = registrations.registration_brand as is_registration,
            1 as is_registration_in_brand,
            registrations.registered_on + {{ registration_days }} <= assumeNotNull(
                (select last_day from horizon)
            ) as is_mature_registration_in_brand,
            is_registration
            and is_mature_registration_in_brand as is_mature_registration,
            is_mature_registration_in_brand
            and registrations.first_order_date > toDate(0)
            and registrations.first_order_date
            <= registrations.registered_on
            + {{ registration_days }} as is_converted_registration_in_brand,
            is_mature_registration
            and overall.first_order_date > toDate(0)
            and overall.first_order_date
            <= registrations.registered_on
            + {{ registration_days }} as is_converted_registration
        from registrations
        inner join
            registrations as overall
            on registrations.customer_key = overall.customer_key
        where
            registrations.brand != '{{ all_brands() }}'
            and overall.brand = '{{ all_brands() }}'
            and registrations.is_registration_known = 1
    ),

    first_contacts as (
        select customer_key, brand, min(valid_from) as contact_from
        from contact_states
        where is_contact = 1
        group by customer_key, brand
        having contact_from > toDate(0)
    ),

    -- What happens over all brands stands on the row of one of the brands in which it
    -- happens on that day.
    contacted as (
        select
            customer_key,
            contact_from,
            arraySort(groupArrayIf(brand, brand != '{{ all_brands() }}')) as brands,
            max(brand = '{{ all_brands() }}') as is_overall
        from first_contacts
        group by customer_key, contact_from
    ),

    contact_added as (
        select
            'contact_added' as event,
            customer_key,
            event_brand,
            {{ project_day_start("contact_from") }} as event_at,
            is_overall and position = 1 as is_new_contact,
            notEmpty(brands) as is_new_contact_in_brand
        from contacted
        array join
            if(empty(brands), [{{ open_label("''") }}], brands) as event_brand,
            arrayEnumerate(if(empty(brands), [''], brands)) as position
    ),

    counted_orders as (
        select
            customer_key,
            counted_brand,
            order_date,
            amount,
            min(order_date) over (
                partition by customer_key, counted_brand
            ) as first_order_date
        from orders
        array join [{{ open_label("brand") }}, '{{ all_brands() }}'] as counted_brand
    ),

    first_days as (
        select customer_key, counted_brand, sum(amount) as amount
        from counted_orders
        where
            order_date < first_order_date + {{ first_days }}
            and first_order_date + {{ first_days }} <= (select last_day from horizon)
        group by customer_key, counted_brand
    ),

    activations as (
        select
            activity_intervals.customer_key as customer_key,
            if(
                is_overall, activity_intervals.first_brand, activity_intervals.brand
            ) as event_brand,
            activity_intervals.brand = '{{ all_brands() }}' as is_overall,
            activity_intervals.active_from as active_from,
            activity_intervals.interval_number = 1 as is_first,
            is_first and first_days.customer_key != 0 as is_aged,
            if(is_first, first_days.amount, toDecimal128(0, 4)) as early_amount
        from activity_intervals
        left join
            first_days
            on activity_intervals.customer_key = first_days.customer_key
            and activity_intervals.brand = first_days.counted_brand
    ),

    became_active as (
        select
            'became_active' as event,
            customer_key,
            event_brand,
            {{ project_day_start("active_from") }} as event_at,
            max(is_overall and is_first) as is_first_activation,
            max(not is_overall and is_first) as is_first_activation_in_brand,
            max(is_overall and not is_first) as is_reactivation,
            max(not is_overall and not is_first) as is_reactivation_in_brand,
            max(is_overall and is_aged) as is_90_days_buyer,
            max(not is_overall and is_aged) as is_90_days_buyer_in_brand,
            toDecimal64(sumIf(early_amount, is_overall), 4) as first_90_days_amount,
            toDecimal64(
                sumIf(early_amount, not is_overall), 4
            ) as first_90_days_amount_in_brand
        from activations
        group by customer_key, event_brand, active_from
    ),

    churned as (
        select
            'churned' as event,
            customer_key,
            if(brand = '{{ all_brands() }}', last_brand, brand) as event_brand,
            {{ project_day_start("active_till") }} as event_at,
            max(brand = '{{ all_brands() }}') as is_churn,
            max(brand != '{{ all_brands() }}') as is_churn_in_brand
        from activity_intervals
        where active_till <= (select last_day from horizon)
        group by customer_key, event_brand, active_till
    ),

    -- Where one interval of reach follows another, its end and beginning cancel out.
    channel_days as (
        select
            customer_key,
            brand,
            channel,
            change .1 as change_date,
            sum(change .2) as reach,
            max(change .3) as reason
        from contact_states
        array join
            if(
                is_reachable = 1,
                [(valid_from, 1, ''), (valid_till, -1, '')],
                [
                    (
                        valid_from,
                        0,
                        multiIf(
                            is_subscribed = 0,
                            'request',
                            is_contact = 0,
                            'contact',
                            'invalid'
                        )
                    )
                ]
            ) as change
        where change_date < {{ end_of_time() }}
        group by customer_key, brand, channel, change_date
        having reach != 0
    ),

    brand_days as (
        select customer_key, brand, change_date, sum(reach) as reach
        from channel_days
        group by customer_key, brand, change_date
    ),

    followed as (
        select
            customer_key,
            brand,
            change_date,
            sum(reach) over (
                partition by customer_key, brand
                order by change_date
                rows between unbounded preceding and current row
            ) as channels,
            channels - reach as previous_channels
        from brand_days
    ),

    turns as (
        select
            customer_key,
            brand,
            toString(channel) as channel,
            change_date,
            reach as turn,
            reason
        from channel_days
        union all
        select
            customer_key,
            brand,
            '' as channel,
            change_date,
            (channels > 0) - (previous_channels > 0) as turn,
            '' as reason
        from followed
        where turn != 0
    ),

    -- A customer's turn of one day and direction: in channels of brands, in channels
    -- over all brands, in brands over all channels, and altogether.
    customer_turns as (
        select
            customer_key,
            change_date,
            turn,
            arraySort(
                groupArrayIf(
                    (brand, channel, reason),
                    brand != '{{ all_brands() }}' and channel != ''
                )
            ) as parts,
            groupArrayIf(
                channel, brand = '{{ all_brands() }}' and channel != ''
            ) as channels,
            groupArrayIf(
                brand, brand != '{{ all_brands() }}' and channel = ''
            ) as brands,
            max(brand = '{{ all_brands() }}' and channel = '') as is_overall
        from turns
        where change_date > toDate(0)
        group by customer_key, change_date, turn
    ),

    turned as (
        select
            customer_key,
            part .1 as event_brand,
            part .2 as channel,
            turn,
            if(turn < 0, if(part .3 = '', 'contact', part .3), '') as loss_reason,
            {{ project_day_start("change_date") }} as event_at,
            position = 1 and is_overall as is_turn,
            has(brands, part .1)
            and arrayFirstIndex(other -> other .1 = part .1, parts)
            = position as is_turn_in_brand,
            has(channels, part .2)
            and arrayFirstIndex(other -> other .2 = part .2, parts)
            = position as is_turn_in_channel
        from customer_turns
        array join parts as part, arrayEnumerate(parts) as position
    ),

    subscribed as (
        select
            'subscribed' as event,
            *,
            is_turn as is_new_subscriber,
            is_turn_in_brand as is_new_subscriber_in_brand,
            is_turn_in_channel as is_new_subscriber_in_channel,
            1 as is_new_subscriber_in_channel_in_brand
        from turned
        where turn > 0
    ),

    unsubscribed as (
        select
            'unsubscribed' as event,
            *,
            is_turn as is_lost_subscriber,
            is_turn_in_brand as is_lost_subscriber_in_brand,
            is_turn_in_channel as is_lost_subscriber_in_channel,
            1 as is_lost_subscriber_in_channel_in_brand
        from turned
        where turn < 0
    ),

    merged as (
        select
            'merged' as event,
            toString(merges.merged_customer_key) as event_key,
            identity.final_customer_key as customer_key,
            {{ open_label("''") }} as event_brand,
            merges.merged_at as event_at,
            1 as is_merged_profile
        from merges
        inner join identity on merges.merged_customer_key = identity.customer_key
    )

{%- for kind, own in kinds.items() %}
    select
        event,
        {% if "event_key" in own %} event_key,
        {% else %}
            concat(
                toString(customer_key),
                '/',
                toString(event_at),
                '/',
                toString(event_brand)
                {%- if "channel" in own %}, '/', channel
                {% endif %}
            ) as event_key,
        {% endif %}
        event_at,
        customer_key,
        toLowCardinality(toString(event_brand)) as brand,
        {% for column in ["channel", "loss_reason"] %}
            {% if column in own %} toLowCardinality(toString({{ column }}))
            {% else %} toLowCardinality('')
            {% endif %} as {{ column }},
        {% endfor %}
        {%- for measure in measures %}
            {% if measure not in own %}
                {{ event_measures()[measure] }} {% elif "amount" in measure %} {{ measure }}
            {% else %} toUInt8({{ measure }})
            {% endif %} as {{ measure }}
            {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ kind }}
    {% if not loop.last %}
        union all
    {% endif %}
{%- endfor %}
