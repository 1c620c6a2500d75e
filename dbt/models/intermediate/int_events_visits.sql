{{ config(materialized="view") }}

-- Visits, and what was done in them. Both carry the source and the mailing of their
-- visit, and stand on their own date in either basis. So does an online order for which
-- no visit is found: nothing but its platform is known.
with
    visits as (select * from {{ ref("int_visits") }}),

    actions as (
        select *
        from {{ ref("int_visit_actions") }}
        where action in ('category_view', 'product_view', 'cart_add', 'checkout_start')
    ),

    stray_orders as (
        select *
        from {{ ref("int_visit_orders") }}
        where is_goal = 1 and session_key = ''
    )
    {%- set of_visits = [
        "is_visit",
        "visit_is_identified",
        "visit_is_first",
        "visit_is_first_in_brand",
        "visit_is_mailing",
        "visit_with_category",
        "visit_with_product",
        "visit_with_cart",
        "visit_with_checkout",
        "visit_with_order",
        "visit_with_category_and_product",
        "visit_with_product_and_cart",
        "visit_with_cart_and_checkout",
        "visit_with_cart_and_order",
        "visit_with_checkout_and_order",
        "visit_reached_category",
        "visit_reached_product",
        "visit_reached_cart",
        "visit_reached_checkout",
        "visit_reached_order",
        "visit_order_amount",
        "visit_view_mature",
        "visit_view_bought",
        "visit_cart_mature",
        "visit_cart_abandoned",
        "abandoned_cart_amount",
    ] -%}
    {%- set of_actions = [
        "is_category_view",
        "is_product_view",
        "is_cart_add",
        "is_checkout_start",
    ] %}

select
    'visit' as event,
    started_at as event_at,
    started_at as send_at,
    session_key as event_key,
    customer_key,
    brand,
    session_key,
    mailing_id,
    mailing_channel,
    mailing_variant,
    mailing_source,
    order_seq,
    order_seq_in_brand,
    platform,
    traffic_source,
    visit_utm_source,
    visit_utm_medium,
    visit_utm_campaign,
    {% for measure in of_visits %} {{ measure }},{% endfor %}
    {% for measure in of_actions %} toUInt8(0) as {{ measure }}, {% endfor %}
    toUInt8(0) as is_order_outside_visits
from visits
union all
select
    'site_action' as event,
    actions.happened_at as event_at,
    actions.happened_at as send_at,
    actions.action_key as event_key,
    visits.customer_key as customer_key,
    visits.brand as brand,
    visits.session_key as session_key,
    visits.mailing_id as mailing_id,
    visits.mailing_channel as mailing_channel,
    visits.mailing_variant as mailing_variant,
    visits.mailing_source as mailing_source,
    visits.order_seq as order_seq,
    visits.order_seq_in_brand as order_seq_in_brand,
    visits.platform as platform,
    visits.traffic_source as traffic_source,
    visits.visit_utm_source as visit_utm_source,
    visits.visit_utm_medium as visit_utm_medium,
    visits.visit_utm_campaign as visit_utm_campaign,
    {% for measure in of_visits %}
        {{ event_measures()[measure] }} as {{ measure }},
    {% endfor %}
    {% for measure in of_actions %} actions.{{ measure }} as {{ measure }}, {% endfor %}
    toUInt8(0) as is_order_outside_visits
from actions
inner join visits on actions.session_key = visits.session_key
union all
select
    'site_action' as event,
    ordered_at as event_at,
    ordered_at as send_at,
    concat('order-', order_id) as event_key,
    customer_key,
    brand,
    '' as session_key,
    {% for slice in [
        "mailing_id",
        "mailing_channel",
        "mailing_variant",
        "mailing_source",
    ] %}
        {{ event_slices()[slice] }} as {{ slice }},
    {% endfor %}
    order_seq,
    order_seq_in_brand,
    platform,
    {% for slice in [
        "traffic_source",
        "visit_utm_source",
        "visit_utm_medium",
        "visit_utm_campaign",
    ] %}
        {{ event_slices()[slice] }} as {{ slice }},
    {% endfor %}
    {% for measure in of_visits + of_actions %}
        {{ event_measures()[measure] }} as {{ measure }},
    {% endfor %}
    toUInt8(1) as is_order_outside_visits
from stray_orders
