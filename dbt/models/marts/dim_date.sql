{{ config(order_by="date_day") }}

-- Every day from the first event of any kind to the last that is known of. Also the
-- time spine of the semantic layer.
with
    events as (select * from {{ ref("wide_events") }}),

    horizon as (select * from {{ ref("int_horizon") }}),

    bounds as (
        select
            min(least(event_date, send_date)) as first_day,
            greatest(
                max(greatest(event_date, send_date)),
                (select max(last_day) from horizon)
            ) as last_day,
            count() as events
        from events
    ),

    days as (
        select first_day + toIntervalDay(day_number) as date_day
        from bounds
        array join
            range(if(events = 0, 0, toUInt32(last_day - first_day + 1))) as day_number
    )

select
    toDate(date_day) as date_day,
    toYear(date_day) as year,
    toQuarter(date_day) as quarter,
    toMonth(date_day) as month,
    toISOWeek(date_day) as iso_week,
    toStartOfMonth(date_day) as month_start,
    toMonday(date_day) as week_start,
    {{ slice_label("weekday", "toDayOfWeek(date_day)") }} as weekday,
    toUInt8(toDayOfWeek(date_day) >= 6) as is_weekend
from days
