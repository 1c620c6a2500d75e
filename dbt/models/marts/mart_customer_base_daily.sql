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
-- every day, so that the last day of any period is there to be read. Each buyer
-- stands in exactly
-- one row per day, that of the brand of the latest order, hence the rows of a day add
-- up.
with
    orders as (
        select * from {{ ref("int_orders") }} where is_goal = 1 and is_identified = 1
    ),

    customers as (select * from {{ ref("dim_customer") }}),

    days as (select * from {{ ref("dim_date") }}),

    horizon as (select max(date_day) + 1 as day_after_last from days),

    -- Between two orders nothing but the passing of time changes a buyer's state.
    stretches as (
        select
            orders.order_date as stretch_from,
            if(
                isNull(orders.next_order_at),
                (select day_after_last from horizon),
                {{ project_date("assumeNotNull(orders.next_order_at)") }}
            ) as stretch_till,
            least(
                stretch_till, stretch_from + {{ var("churn_days") | int }} + 1
            ) as active_till,
            {{ open_label("orders.brand") }} as brand,
            customers.gender as gender,
            customers.age_band as age_band,
            customers.region as region,
            customers.email_domain_group as email_domain_group
        from orders
        inner join customers on orders.customer_key = customers.customer_key
    ),

    changes as (
        select
            brand,
            gender,
            age_band,
            region,
            email_domain_group,
            change .1 as change_date,
            change .2 as active_change,
            change .3 as buyer_change
        from stretches
        array join
            [
                (stretch_from, 1, 1), (active_till, -1, 0), (stretch_till, 0, -1)
            ] as change
        where stretch_from < stretch_till
    ),

    daily_changes as (
        select
            brand,
            gender,
            age_band,
            region,
            email_domain_group,
            change_date,
            sum(active_change) as active_change,
            sum(buyer_change) as buyer_change
        from changes
        group by brand, gender, age_band, region, email_domain_group, change_date
    ),

    slices as (
        select
            brand,
            gender,
            age_band,
            region,
            email_domain_group,
            min(change_date) as first_day
        from daily_changes
        group by brand, gender, age_band, region, email_domain_group
    ),

    grid as (
        select slices.*, days.date_day as event_date
        from slices
        cross join days
        where days.date_day >= slices.first_day
    ),

    states as (
        select
            grid.event_date as event_date,
            grid.brand as brand,
            grid.gender as gender,
            grid.age_band as age_band,
            grid.region as region,
            grid.email_domain_group as email_domain_group,
            sum(daily_changes.active_change) over up_to_the_day
            as active_customers_count,
            sum(daily_changes.buyer_change) over up_to_the_day as buyers_count
        from grid
        left join
            daily_changes
            on grid.brand = daily_changes.brand
            and grid.gender = daily_changes.gender
            and grid.age_band = daily_changes.age_band
            and grid.region = daily_changes.region
            and grid.email_domain_group = daily_changes.email_domain_group
            and grid.event_date = daily_changes.change_date
        window
            up_to_the_day as (
                partition by
                    grid.brand,
                    grid.gender,
                    grid.age_band,
                    grid.region,
                    grid.email_domain_group
                order by grid.event_date
                rows between unbounded preceding and current row
            )
    )

select
    event_date,
    event_date as send_date,
    brand,
    gender,
    age_band,
    region,
    email_domain_group,
    toUInt32(active_customers_count) as active_customers_count,
    toUInt32(buyers_count) as buyers_count
from states
