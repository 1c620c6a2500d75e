{%- set absent_states = {
    "lifecycle_stage": "none",
    "rfm_segment": "",
    "subscription_state": "",
    "engagement_band": "",
} -%}
{{ config(order_by="customer_key") }}

with
    customers as (select * from {{ ref("stg_mindbox__customers") }}),

    customer_orders as (select * from {{ ref("int_customer_orders") }}),

    orders as (select * from {{ ref("int_orders") }}),

    order_lines as (select * from {{ ref("mart_order_lines") }}),

    messages as (select * from {{ ref("int_messages") }}),

    registrations as (
        select *
        from {{ ref("int_customer_registrations") }}
        where brand = '{{ all_brands() }}'
    ),

    states as (
        select *
        from {{ ref("mart_customer_states") }}
        where brand = '{{ all_brands() }}' and valid_till = {{ end_of_time() }}
    ),

    identity as (select * from {{ ref("int_customer_identity") }}),

    survey_answers as (select * from {{ ref("stg_mindbox__survey_answers") }}),

    rfm as (select * from {{ ref("int_rfm") }} where brand = '{{ all_brands() }}'),

    horizon as (select * from {{ ref("int_horizon") }}),

    -- Everybody who is spoken of anywhere, less those who were merged into somebody
    -- else.
    spoken_of as (
        select customer_key
        from customers
        union distinct
        select customer_key
        from orders
        union distinct
        select customer_key
        from messages
        union distinct
        select customer_key
        from registrations
        union distinct
        select final_customer_key as customer_key
        from identity
    ),

    known as (
        select customer_key
        from spoken_of
        where
            customer_key != 0
            and customer_key not in (select customer_key from identity)
    ),

    first_orders as (
        select customer_key, order_id, promotions from orders where order_seq = 1
    ),

    first_goods as (
        select
            first_orders.customer_key as customer_key,
            arraySort(groupUniqArray(toString(order_lines.product))) as products,
            arraySort(groupUniqArray(toString(order_lines.category))) as categories,
            arraySort(
                groupUniqArray(toString(order_lines.product_brand))
            ) as product_brands
        from first_orders
        inner join order_lines on first_orders.order_id = order_lines.order_key
        where order_lines.is_goal_line = 1 and order_lines.is_delivery = 0
        group by customer_key
    ),

    bought as (
        select
            customer_key,
            multiIf(
                countIf(contact_point_type = 'online') > 0
                and countIf(contact_point_type = 'offline') > 0,
                'both',
                countIf(contact_point_type = 'online') > 0,
                'online',
                countIf(contact_point_type = 'offline') > 0,
                'offline',
                ''
            ) as channel_type,
            argMax(order_channel, order_seq) as last_order_channel,
            argMax(
                if(contact_point_type = 'online', 'Онлайн', order_channel), order_seq
            ) as last_store
        from orders
        where order_seq > 0
        group by customer_key
    ),

    answered as (
        select
            {{ merged_customer("survey_answers.customer_key", "identity") }}
            as customer_key,
            argMax(
                survey_answers.score,
                (survey_answers.answered_at, survey_answers.action_id)
            ) as score
        from survey_answers
        left join identity on survey_answers.customer_key = identity.customer_key
        where isNotNull(survey_answers.score)
        group by customer_key
    ),

    scored as (
        select *
        from rfm
        where
            valid_from <= assumeNotNull((select last_day from horizon))
            and valid_till > assumeNotNull((select last_day from horizon))
    )

select
    known.customer_key as customer_key,
    {{ slice_label("gender", "customers.sex") }} as gender_now,
    {{ slice_label("age_band", "customers.age_band") }} as age_band_now,
    {{ open_label("customers.region") }} as region_now,
    {{ open_label("customers.customer_timezone") }} as customer_timezone_now,
    {{ slice_label("email_domain_group", "customers.email_domain_group") }}
    as email_domain_group_now,
    {%- for slice, code in absent_states.items() %}
        if(
            states.customer_key = 0,
            {{ slice_label(slice, "'" ~ code ~ "'") }},
            states.{{ slice }}
        ) as {{ slice }}_now,
    {%- endfor %}
    toLowCardinality(
        if(states.customer_key = 0, 'Нет', toString(states.reachable_set))
    ) as reachable_set_now,
    states.customer_segments as customer_segments_now,
    customers.has_email as has_email,
    customers.has_phone as has_phone,
    customers.is_email_invalid as is_email_invalid,
    customers.is_phone_invalid as is_phone_invalid,
    toLowCardinality(
        if(
            registrations.is_registration_known = 1,
            formatDateTime(registrations.registered_on, '%Y-%m'),
            'До начала истории'
        )
    ) as registration_month,
    {{ open_label("registrations.contact_point") }} as acq_channel,
    {{ slice_label("contact_origin", "registrations.contact_point_type") }}
    as contact_origin,
    toLowCardinality(
        if(
            customer_orders.customer_key = 0,
            'Без покупок',
            formatDateTime(customer_orders.first_order_date, '%Y-%m')
        )
    ) as cohort_month,
    cast(first_goods.products, 'Array(LowCardinality(String))') as first_products,
    cast(first_goods.categories, 'Array(LowCardinality(String))') as first_categories,
    cast(
        first_goods.product_brands, 'Array(LowCardinality(String))'
    ) as first_product_brands,
    cast(first_orders.promotions, 'Array(LowCardinality(String))') as first_promos,
    {{
        slice_label(
            "buyer_channel_type",
            "if(bought.customer_key = 0, 'none', bought.channel_type)",
        )
    }} as buyer_channel_type,
    {{ open_label("bought.last_order_channel") }} as last_order_channel,
    {{ open_label("bought.last_store") }} as last_store,
    {%- for axis in ["recency", "frequency", "monetary"] %}
        {{ slice_label("rfm_score", "scored." ~ axis ~ "_score") }}
        as rfm_{{ axis }}_score_now,
    {%- endfor %}
    {{
        slice_label(
            "nps_group",
            "multiIf(answered.customer_key = 0, '', answered.score >= 9, 'promoter', answered.score >= 7, 'passive', 'detractor')",
        )
    }}
    as nps_group,
    if(
        customer_orders.customer_key = 0, null, customer_orders.first_order_date
    ) as first_order_date,
    if(
        customer_orders.customer_key = 0, null, customer_orders.last_order_date
    ) as last_order_date,
    customer_orders.orders as lifetime_orders,
    customer_orders.revenue as lifetime_revenue
from known
left join customers on known.customer_key = customers.customer_key
left join customer_orders on known.customer_key = customer_orders.customer_key
left join registrations on known.customer_key = registrations.customer_key
left join states on known.customer_key = states.customer_key
left join first_orders on known.customer_key = first_orders.customer_key
left join first_goods on known.customer_key = first_goods.customer_key
left join bought on known.customer_key = bought.customer_key
left join answered on known.customer_key = answered.customer_key
left join scored on known.customer_key = scored.customer_key
