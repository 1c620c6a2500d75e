{{
    config(
        order_by=[
            "report",
            "period_start",
            "report_date",
            "mailing_key",
            "mailing_variant",
            "measure",
        ]
    )
}}

{#- By group: what a measure of the report is called, here and there. -#}
{%- set measures = {
    "reactions": [
        "messages_total",
        "sent",
        "delivered",
        "opened",
        "clicked",
        "unsubscribed",
        "bounced",
    ],
    "credits": ["conversions", "conversion_revenue"],
    "order_credits": ["attributed_orders", "attributed_amount"],
} -%}
{%- set cell = [
    "report",
    "period_start",
    "report_date",
    "mailing_id",
    "mailing_variant",
] -%}

-- Mindbox's own reports against our facts: the summary by month, the dynamics by
-- day. Both sides speak of the moment the report was taken: what happened later is
-- left out, so a report stays comparable however late it is looked at.
with
    summary as (select * from {{ ref("stg_mindbox__mailing_report_summary") }}),

    dynamics as (select * from {{ ref("stg_mindbox__mailing_report_dynamics") }}),

    snapshots as (select * from {{ ref("int_report_snapshots") }} where is_chosen = 1),

    messages as (select * from {{ ref("int_messages") }}),

    attribution as (
        select *
        from {{ ref("int_attribution") }}
        where attribution_model = 'mb_last_non_direct' and channel_group = 'mailings'
    ),

    said as (
        {% for report, groups in (
            ("summary", ("reactions", "credits")),
            ("dynamics", ("reactions", "credits", "order_credits")),
        ) -%}
            select
                '{{ report }}' as report,
                taken_on,
                period_start,
                {{ "report_date" if report == "dynamics" else "period_start" }}
                as report_date,
                mailing_id,
                mailing_variant,
                said_measure .1 as measure_group,
                said_measure .2 as measure,
                said_measure .3 as amount
            from {{ report }}
            array join
                [
                    {% for group in groups -%}
                        {% set last_group = loop.last %}
                        {%- for measure in measures[group] -%}
                            (
                                '{{ group }}',
                                '{{ measure }}',
                                toDecimal64({{ measure }}, 4)
                            )
                            {% if not (loop.last and last_group) %},{% endif %}
                        {% endfor %}
                    {% endfor %}
                ] as said_measure
            where isNotNull(said_measure .3)
            {% if not loop.last -%}
                union all
            {% endif %}
        {%- endfor %}
    ),

    reported as (
        select
            said.report as report,
            said.period_start as period_start,
            said.report_date as report_date,
            said.mailing_id as mailing_id,
            said.mailing_variant as mailing_variant,
            said.measure_group as measure_group,
            said.measure as measure,
            assumeNotNull(said.amount) as amount
        from said
        inner join
            snapshots
            on said.report = snapshots.report
            and said.period_start = snapshots.period_start
            and said.taken_on = snapshots.taken_on
            and said.measure_group = snapshots.measure_group
    ),

    -- A report says nothing of a measure that it leaves empty in every row.
    said_measures as (select distinct report, period_start, measure from reported),

    reactions as (
        select
            snapshots.report as report,
            snapshots.period_start as period_start,
            if(
                snapshots.report = 'summary',
                snapshots.period_start,
                messages.participation_date
            ) as report_date,
            messages.mailing_id as mailing_id,
            messages.mailing_variant as mailing_variant,
            count() as messages_total,
            countIf(messages.sent_at <= snapshots.taken_at) as sent,
            countIf(
                messages.sent_at <= snapshots.taken_at
                and not coalesce(messages.not_delivered_at <= snapshots.taken_at, false)
            ) as delivered,
            countIf(messages.opened_at <= snapshots.taken_at) as opened,
            countIf(messages.clicked_at <= snapshots.taken_at) as clicked,
            countIf(messages.unsubscribed_at <= snapshots.taken_at) as unsubscribed,
            countIf(
                messages.is_bounced = 1
                and messages.not_delivered_at <= snapshots.taken_at
            ) as bounced
        from messages
        inner join
            snapshots
            on toStartOfMonth(messages.participation_date) = snapshots.period_start
        where
            snapshots.measure_group = 'reactions'
            and messages.participation_date <= snapshots.period_end
            and messages.participated_at <= snapshots.taken_at
        group by {{ cell | join(", ") }}
    ),

    credited as (
        select
            attribution.mailing_id as mailing_id,
            messages.mailing_variant as mailing_variant,
            messages.participation_date as participation_date,
            {{ project_date("attribution.ordered_at") }} as order_date,
            attribution.ordered_at as ordered_at,
            attribution.weight as weight,
            attribution.amount as amount
        from attribution
        inner join messages on attribution.message_id = messages.message_id
    ),

    credits as (
        select
            snapshots.report as report,
            snapshots.period_start as period_start,
            if(
                snapshots.report = 'summary',
                snapshots.period_start,
                credited.participation_date
            ) as report_date,
            credited.mailing_id as mailing_id,
            credited.mailing_variant as mailing_variant,
            sum(credited.weight) as conversions,
            sum(credited.amount) as conversion_revenue
        from credited
        inner join
            snapshots
            on toStartOfMonth(credited.participation_date) = snapshots.period_start
        where
            snapshots.measure_group = 'credits'
            and credited.participation_date <= snapshots.period_end
            and credited.ordered_at <= snapshots.taken_at
        group by {{ cell | join(", ") }}
    ),

    order_credits as (
        select
            snapshots.report as report,
            snapshots.period_start as period_start,
            credited.order_date as report_date,
            credited.mailing_id as mailing_id,
            credited.mailing_variant as mailing_variant,
            sum(credited.weight) as attributed_orders,
            sum(credited.amount) as attributed_amount
        from credited
        inner join
            snapshots on toStartOfMonth(credited.order_date) = snapshots.period_start
        where
            snapshots.measure_group = 'order_credits'
            and credited.order_date <= snapshots.period_end
            and credited.ordered_at <= snapshots.taken_at
        group by {{ cell | join(", ") }}
    ),

    counted as (
        {% for group, names in measures.items() -%}
            select
                {{ cell | join(", ") }},
                '{{ group }}' as measure_group,
                counted_measure .1 as measure,
                counted_measure .2 as amount
            from {{ group }}
            array join
                [
                    {% for measure in names -%}
                        ('{{ measure }}', toDecimal64({{ measure }}, 4))
                        {% if not loop.last %},{% endif %}
                    {% endfor %}
                ] as counted_measure
            {% if not loop.last -%}
                union all
            {% endif %}
        {%- endfor %}
    ),

    both_sides as (
        select
            {{ cell | join(", ") }},
            measure_group,
            measure,
            amount as reported,
            toDecimal64(0, 4) as counted
        from reported
        union all
        select
            {{ cell | join(", ") }},
            measure_group,
            measure,
            toDecimal64(0, 4) as reported,
            amount as counted
        from counted
        where
            (report, period_start, measure)
            in (select report, period_start, measure from said_measures)
    ),

    compared as (
        select
            {{ cell | join(", ") }},
            measure_group,
            measure,
            toDecimal64(sum(reported), 4) as reported,
            toDecimal64(sum(counted), 4) as counted
        from both_sides
        group by {{ cell | join(", ") }}, measure_group, measure
    )

select
    toLowCardinality(compared.report) as report,
    compared.period_start as period_start,
    compared.report_date as report_date,
    toLowCardinality(compared.mailing_id) as mailing_key,
    compared.mailing_variant as mailing_variant,
    toLowCardinality(compared.measure) as measure,
    snapshots.taken_at as taken_at,
    snapshots.is_comparable as is_comparable,
    toLowCardinality(
        if(
            snapshots.is_comparable = 1,
            '',
            concat('Не загружено до снимка: ', snapshots.missing_datasets)
        )
    ) as why_not_comparable,
    compared.reported as reported,
    compared.counted as counted,
    greatest(reported - counted, toDecimal64(0, 4)) as deficit,
    greatest(counted - reported, toDecimal64(0, 4)) as surplus
from compared
inner join
    snapshots
    on compared.report = snapshots.report
    and compared.period_start = snapshots.period_start
    and compared.measure_group = snapshots.measure_group
