{{ config(order_by=["report", "period_start", "measure_group", "taken_at"]) }}

{%- set window_days = setting("attribution_window_days") | int -%}

-- A report knows everything that had happened when it was taken. It can be compared
-- only where as much was loaded, before or after the report itself: whatever the
-- order of loads, and however late one of them is.
with
    summary as (select * from {{ ref("stg_mindbox__mailing_report_summary") }}),

    dynamics as (select * from {{ ref("stg_mindbox__mailing_report_dynamics") }}),

    stretches as (select * from {{ ref("int_loaded_stretches") }}),

    snapshots as (
        select
            'summary' as report,
            taken_on,
            period_start,
            max(period_end) as period_end,
            max(taken_at) as taken_at
        from summary
        group by taken_on, period_start
        union all
        select
            'dynamics' as report,
            taken_on,
            period_start,
            max(period_end) as period_end,
            max(taken_at) as taken_at
        from dynamics
        group by taken_on, period_start
    ),

    dated as (
        select *, {{ project_day_start("period_start") }} as period_start_at
        from snapshots
    ),

    -- What each group of measures is counted from, and since when. What a message
    -- led to is never older than the message; an order may be owed to a click of the
    -- whole window before it.
    needs as (
        select
            report,
            taken_on,
            period_start,
            period_end,
            taken_at,
            need .1 as measure_group,
            need .2 as dataset,
            need .3 as needed_from
        from dated
        array join
            [
                ('reactions', 'message_statuses', period_start_at),
                {% for group, since in (
                    ("credits", "period_start_at"),
                    (
                        "order_credits",
                        "period_start_at - toIntervalDay("
                        ~ window_days
                        ~ ")",
                    ),
                ) -%}
                    ('{{ group }}', 'message_statuses', {{ since }}),
                    ('{{ group }}', 'orders', period_start_at),
                    ('{{ group }}', 'customer_merges', period_start_at)
                    {%- if setting("attribution_break_on_non_direct_visit") -%}
                        , ('{{ group }}', 'customer_actions', {{ since }})
                    {%- endif -%}
                    {% if not loop.last %},{% endif %}
                {% endfor %}
            ] as need
        where report = 'dynamics' or measure_group != 'order_credits'
    ),

    answered as (
        select
            needs.report as report,
            needs.taken_on as taken_on,
            needs.period_start as period_start,
            needs.period_end as period_end,
            needs.taken_at as taken_at,
            needs.measure_group as measure_group,
            needs.dataset as dataset,
            stretches.loaded_till
            + toIntervalMinute({{ setting("reconciliation_quiet_tail_minutes") | int }})
            >= needs.taken_at as is_loaded
        from needs
        asof left join
            stretches
            on needs.dataset = stretches.dataset
            and needs.needed_from >= stretches.loaded_from
    ),

    judged as (
        select
            report,
            taken_on,
            period_start,
            period_end,
            taken_at,
            measure_group,
            arrayStringConcat(
                arraySort(groupArrayIf(dataset, not is_loaded)), ', '
            ) as missing_datasets
        from answered
        group by report, taken_on, period_start, period_end, taken_at, measure_group
    )

select
    report,
    taken_on,
    period_start,
    period_end,
    taken_at,
    measure_group,
    missing_datasets,
    toUInt8(missing_datasets = '') as is_comparable,
    toUInt8(
        row_number() over (
            partition by report, period_start, measure_group
            order by missing_datasets = '' desc, taken_at desc
        )
        = 1
    ) as is_chosen
from judged
