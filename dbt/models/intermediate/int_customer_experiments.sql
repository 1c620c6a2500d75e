{{ config(order_by=["customer_key", "valid_from"]) }}

{%- set window_ms = (setting("attribution_window_days") | int) * 86400000 %}

-- What a customer takes part in at a moment: the experiments joined within the window
-- of their outcome, and the group of the global experiment that the month has drawn.
with
    participants as (select * from {{ ref("int_experiment_participants") }}),

    months as (select * from {{ ref("int_holdout_months") }}),

    mailings as (select * from {{ ref("stg_mindbox__mailings") }}),

    joined as (
        select
            participants.customer_key as customer_key,
            participants.joined_at as joined_at,
            if(
                mailings.mailing_name = '',
                participants.mailing_id,
                mailings.mailing_name
            ) as experiment,
            concat(
                experiment,
                ': ',
                toString(
                    {{
                        slice_label(
                            "experiment_arm",
                            "multiIf(participants.is_treated = 1, 'treated', participants.is_control = 1, 'control', 'both')",
                        )
                    }}
                )
            ) as experiment_group
        from participants
        left join mailings on participants.mailing_id = mailings.mailing_id
    ),

    drawn as (
        select
            customer_key,
            month,
            multiIf(
                is_main = 1, 'main', is_control = 1, 'control', 'both'
            ) as holdout_arm,
            toDate(month + toIntervalMonth(1)) as next_month,
            leadInFrame(month) over (
                partition by customer_key
                order by month
                rows between current row and 1 following
            ) as next_drawn
        from months
    ),

    -- Moments from which on something else holds.
    edges as (
        select
            customer_key,
            joined_at as edge_at,
            experiment,
            experiment_group,
            cast(null, 'Nullable(String)') as holdout_arm
        from joined
        union all
        select
            customer_key,
            joined_at + toIntervalMillisecond({{ window_ms }} + 1) as edge_at,
            '' as experiment,
            '' as experiment_group,
            cast(null, 'Nullable(String)') as holdout_arm
        from joined
        union all
        select
            customer_key,
            {{ project_day_start("month") }} as edge_at,
            '' as experiment,
            '' as experiment_group,
            toNullable(holdout_arm) as holdout_arm
        from drawn
        union all
        select
            customer_key,
            {{ project_day_start("next_month") }} as edge_at,
            '' as experiment,
            '' as experiment_group,
            toNullable('') as holdout_arm
        from drawn
        where next_drawn != next_month
    ),

    standing as (
        select distinct
            customer_key,
            edge_at,
            arraySort(
                arrayDistinct(
                    groupArrayIf(experiment, experiment != '') over (
                        partition by customer_key
                        order by
                            toUnixTimestamp64Milli(edge_at)
                            range between {{ window_ms }} preceding and current row
                    )
                )
            ) as experiments,
            arraySort(
                arrayDistinct(
                    groupArrayIf(experiment_group, experiment_group != '') over (
                        partition by customer_key
                        order by
                            toUnixTimestamp64Milli(edge_at)
                            range between {{ window_ms }} preceding and current row
                    )
                )
            ) as experiment_groups,
            coalesce(
                anyLast(holdout_arm) over (
                    partition by customer_key
                    order by toUnixTimestamp64Milli(edge_at)
                    range between unbounded preceding and current row
                ),
                ''
            ) as holdout_arm
        from edges
    ),

    compared as (
        select
            *,
            lagInFrame((experiments, experiment_groups, holdout_arm)) over (
                partition by customer_key
                order by edge_at
                rows between 1 preceding and current row
            ) as held_before
        from standing
    )

select
    customer_key,
    edge_at as valid_from,
    cast(experiments, 'Array(LowCardinality(String))') as experiments,
    cast(experiment_groups, 'Array(LowCardinality(String))') as experiment_groups,
    holdout_arm
from compared
where held_before != (experiments, experiment_groups, holdout_arm)
