{{ config(materialized="view") }}

-- Where an online order was made, and where the visit that it was made in came from.
with
    orders as (select * from {{ ref("int_visit_orders") }}),

    visits as (select * from {{ ref("int_visits") }})

select
    orders.order_id as order_id,
    orders.platform as platform,
    visits.traffic_source as traffic_source,
    visits.visit_utm_source as visit_utm_source,
    visits.visit_utm_medium as visit_utm_medium,
    visits.visit_utm_campaign as visit_utm_campaign
from orders
left join visits on orders.session_key = visits.session_key
