{{ config(order_by=["brand", "customer_key", "valid_from"]) }}

-- Days on which a customer's engagement passes from one band into another, over all
-- brands and in each: by doing something after a month of nothing, or by the passing of
-- time.
with
    touches as (
        select *
        from {{ ref("int_message_touches") }}
        where touch_kind = 'click' and customer_key != 0
    ),

    orders as (
        select * from {{ ref("int_orders") }} where is_goal = 1 and is_identified = 1
    ),

    actions as (
        select *
        from {{ ref("stg_mindbox__customer_actions") }}
        where customer_key != 0 and action_kind in ('site_visit', 'app_launch')
    ),

    identity as (select * from {{ ref("int_customer_identity") }}),

    horizon as (select * from {{ ref("int_horizon") }}),

    deeds as (
        select customer_key, brand, {{ project_date("touch_at") }} as deed_date
        from touches
        union all
        select customer_key, brand, order_date as deed_date
        from orders
        union all
        select
            {{ merged_customer("actions.customer_key", "identity") }} as customer_key,
            actions.brand as brand,
            actions.action_date as deed_date
        from actions
        left join identity on actions.customer_key = identity.customer_key
    ),

    deed_days as (
        select distinct
            customer_key,
            toLowCardinality(
                arrayJoin([{{ open_label("brand") }}, '{{ all_brands() }}'])
            ) as counted_brand,
            deed_date
        from deeds
        where deed_date <= (select last_day from horizon)
    ),

    spaced as (
        select
            customer_key,
            counted_brand,
            deed_date,
            lagInFrame(deed_date) over whole_history as previous_deed_date,
            leadInFrame(
                deed_date, 1, assumeNotNull((select last_day + 1 from horizon))
            ) over whole_history as next_deed_date
        from deed_days
        window
            whole_history as (
                partition by customer_key, counted_brand
                order by deed_date
                rows between unbounded preceding and unbounded following
            )
    )

select
    customer_key,
    counted_brand as brand,
    change .1 as valid_from,
    toLowCardinality(change .2) as engagement_band
from spaced
array join
    [
        (if(deed_date - previous_deed_date > 30, deed_date, next_deed_date), '30'),
        (deed_date + 31, '90'),
        (deed_date + 91, '180'),
        (deed_date + 181, 'more')
    ] as change
where valid_from < next_deed_date
