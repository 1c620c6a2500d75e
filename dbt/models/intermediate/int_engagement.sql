{{ config(order_by=["brand", "customer_key", "valid_from"]) }}

-- Days on which a customer's engagement passes from one band into another, over all
-- brands and in each: by doing something after a month of nothing, or by the passing of
-- time.
with
    engaging_days as (
        select * from {{ ref("int_engagement_days") }} where is_engaging = 1
    ),

    horizon as (select * from {{ ref("int_horizon") }}),

    spaced as (
        select
            customer_key,
            brand,
            deed_date,
            lagInFrame(deed_date) over whole_history as previous_deed_date,
            leadInFrame(
                deed_date, 1, assumeNotNull((select last_day + 1 from horizon))
            ) over whole_history as next_deed_date
        from engaging_days
        window
            whole_history as (
                partition by customer_key, brand
                order by deed_date
                rows between unbounded preceding and unbounded following
            )
    )

select
    customer_key,
    brand,
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
