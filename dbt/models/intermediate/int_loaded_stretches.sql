{{ config(order_by=["dataset", "loaded_from"]) }}

-- Windows of loads overlap and touch; a gap between them ends a stretch.
with
    loads as (select * from {{ ref("stg_mindbox__loads") }}),

    reached as (
        select
            dataset,
            window_start,
            window_end,
            max(window_end) over (
                partition by dataset
                order by window_start, window_end
                rows between unbounded preceding and 1 preceding
            ) as reached_before
        from loads
    ),

    numbered as (
        select
            dataset,
            window_start,
            window_end,
            sum(toUInt32(window_start > reached_before)) over (
                partition by dataset
                order by window_start, window_end
                rows between unbounded preceding and current row
            ) as stretch_number
        from reached
    )

select dataset, min(window_start) as loaded_from, max(window_end) as loaded_till
from numbered
group by dataset, stretch_number
