{{ config(order_by=["brand", "customer_key", "engaged_from"]) }}

{%- set engaged_days = 90 -%}

-- Unbroken attention: deeds and openings that follow each other within 90 days, over
-- all
-- brands and in each brand of the customer's.
with
    engagement_days as (
        select * from {{ ref("int_engagement_days") }} where is_engaging = 1
    ),

    openings as (select * from {{ ref("int_reactions") }} where reaction = 'open'),

    horizon as (select * from {{ ref("int_horizon") }}),

    days as (
        select customer_key, brand, deed_date
        from engagement_days
        union distinct
        select
            customer_key,
            toLowCardinality(
                arrayJoin([{{ open_label("openings.brand") }}, '{{ all_brands() }}'])
            ) as brand,
            {{ project_date("reacted_at") }} as deed_date
        from openings
        where deed_date <= (select last_day from horizon)
    ),

    spaced as (
        select
            *,
            lagInFrame(deed_date) over (
                partition by customer_key, brand order by deed_date
            ) as previous_deed_date
        from days
    ),

    numbered as (
        select
            *,
            sum(deed_date - previous_deed_date > {{ engaged_days }}) over (
                partition by customer_key, brand order by deed_date
            ) as interval_number
        from spaced
    )

select
    customer_key,
    brand,
    min(deed_date) as engaged_from,
    max(deed_date) + {{ engaged_days }} + 1 as engaged_till
from numbered
group by customer_key, brand, interval_number
