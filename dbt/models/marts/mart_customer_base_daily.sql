{{
    config(
        order_by=[
            "event_date",
            "brand",
            "gender",
            "age_band",
            "email_domain_group",
            "region",
        ]
    )
}}

-- State of the base at the end of every day, dense: from a slice's first buyer on it
-- has a row for
-- every day, so that the last day of any period is there to be read. A buyer of two
-- brands stands
-- under each of them, and once more under all brands together: rows of one brand
-- value add up,
-- rows of different ones do not.
with
    orders as (
        select * from {{ ref("int_orders") }} where is_goal = 1 and is_identified = 1
    ),

    customers as (select * from {{ ref("dim_customer") }}),

    days as (select * from {{ ref("dim_date") }}),

    horizon as (select max(date_day) + 1 as day_after_last from days),

    order_days as (
        select distinct
            customer_key,
            order_date,
            arrayJoin(
                [{{ open_label("brand") }}, '{{ all_brands() }}']
            ) as counted_brand
        from orders
    ),

    -- Between two orders nothing but the passing of time changes a buyer's state.
    stretches as (
        select
            customer_key,
            counted_brand,
            order_date as stretch_from,
            leadInFrame(
                order_date,
                1,
                assumeNotNull((select day_after_last from horizon))
            ) over (
                partition by customer_key, counted_brand
                order by order_date
                rows between current row and 1 following
            ) as stretch_till,
            row_number() over (
                partition by customer_key, counted_brand order by order_date
            ) as stretch_number
        from order_days
    ),

    changes as (
        select
            customer_key,
            counted_brand,
            change .1 as change_date,
            change .2 as active_change,
            change .3 as buyer_change
        from stretches
        array join
            [
                (stretch_from, 1, if(stretch_number = 1, 1, 0)),
                (
                    least(
                        stretch_till, stretch_from + {{ setting("churn_days") | int }}
                    ),
                    -1,
                    0
                )
            ] as change
    ),

    daily_changes as (
        select
            changes.counted_brand as brand,
            customers.gender_now as gender,
            customers.age_band_now as age_band,
            customers.region_now as region,
            customers.email_domain_group_now as email_domain_group,
            changes.change_date as change_date,
            sum(changes.active_change) as active_change,
            sum(changes.buyer_change) as buyer_change
        from changes
        inner join customers on changes.customer_key = customers.customer_key
        group by brand, gender, age_band, region, email_domain_group, change_date
    ),

    -- The state after a change holds until the next change of the same slice.
    states as (
        select
            brand,
            gender,
            age_band,
            region,
            email_domain_group,
            change_date as state_from,
            leadInFrame(
                change_date, 1, assumeNotNull((select day_after_last from horizon))
            ) over whole_history as state_till,
            sum(active_change) over up_to_the_day as active_customers_count,
            sum(buyer_change) over up_to_the_day as buyers_count
        from daily_changes
        window
            whole_history as (
                partition by brand, gender, age_band, region, email_domain_group
                order by change_date
                rows between unbounded preceding and unbounded following
            ),
            up_to_the_day as (
                partition by brand, gender, age_band, region, email_domain_group
                order by change_date
                rows between unbounded preceding and current row
            )
    )

select
    state_from + toIntervalDay(day_number) as event_date,
    event_date as send_date,
    toLowCardinality(brand) as brand,
    gender,
    age_band,
    region,
    email_domain_group,
    toUInt32(active_customers_count) as active_customers_count,
    toUInt32(buyers_count) as buyers_count
from states
array join range(toUInt32(greatest(state_till - state_from, 0))) as day_number
