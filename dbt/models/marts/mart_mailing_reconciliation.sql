{{ config(order_by=["period_start", "mailing_key", "mailing_variant", "measure"]) }}

{%- set measures = {
    "messages_total": "is_message",
    "sent": "is_sent",
    "delivered": "is_delivered",
    "opened": "is_opened",
    "clicked": "is_clicked",
    "unsubscribed": "is_unsubscribed",
    "bounced": "is_bounced",
    "conversions": "attributed_orders",
    "conversion_revenue": "attributed_amount",
} %}

-- Mindbox's own summary report against our events, month by month. What happened
-- after the report
-- was taken is left out, so a report stays comparable however late it is looked at.
with
    reports as (select * from {{ ref("stg_mindbox__mailing_report_summary") }}),

    events as (select * from {{ ref("wide_events") }}),

    reported as (
        select
            period_start,
            mailing_id as mailing_key,
            mailing_variant,
            reported_measure .1 as measure,
            reported_measure .2 as amount
        from reports
        array join
            [
                {% for measure in measures -%}
                    ('{{ measure }}', toDecimal64({{ measure }}, 4))
                    {% if not loop.last %},{% endif %}
                {% endfor %}
            ] as reported_measure
        where isNotNull(reported_measure .2)
    ),

    -- A report says nothing of a measure that it leaves empty in every row.
    comparable as (select distinct period_start, measure from reported),

    periods as (
        select period_start, max(period_end) as period_end, max(taken_at) as taken_at
        from reports
        group by period_start
    ),

    summed as (
        select
            periods.period_start as period_start,
            toString(events.mailing_key) as mailing_key,
            toUInt8OrZero(toString(events.mailing_variant)) as mailing_variant,
            {% for measure, column in measures.items() -%}
                toDecimal64(sum(events.{{ column }}), 4) as {{ measure }}
                {% if not loop.last %},{% endif %}
            {% endfor %}
        from events
        inner join periods on toStartOfMonth(events.send_date) = periods.period_start
        where
            events.mailing_key != ''
            and events.send_date <= periods.period_end
            and events.event_at <= periods.taken_at
        group by period_start, mailing_key, mailing_variant
    ),

    counted as (
        select
            period_start,
            mailing_key,
            mailing_variant,
            counted_measure .1 as measure,
            counted_measure .2 as amount
        from summed
        array join
            [
                {% for measure in measures -%}
                    ('{{ measure }}', {{ measure }}){% if not loop.last %},{% endif %}
                {% endfor %}
            ] as counted_measure
    ),

    both_sides as (
        select
            period_start,
            mailing_key,
            mailing_variant,
            measure,
            assumeNotNull(amount) as reported,
            toDecimal64(0, 4) as counted
        from reported
        union all
        select
            counted.period_start as period_start,
            counted.mailing_key as mailing_key,
            counted.mailing_variant as mailing_variant,
            counted.measure as measure,
            toDecimal64(0, 4) as reported,
            counted.amount as counted
        from counted
        inner join
            comparable
            on counted.period_start = comparable.period_start
            and counted.measure = comparable.measure
    ),

    compared as (
        select
            period_start,
            mailing_key,
            mailing_variant,
            measure,
            toDecimal64(sum(reported), 4) as reported,
            toDecimal64(sum(counted), 4) as counted
        from both_sides
        group by period_start, mailing_key, mailing_variant, measure
    )

select
    period_start,
    toLowCardinality(mailing_key) as mailing_key,
    mailing_variant,
    toLowCardinality(measure) as measure,
    reported,
    counted,
    greatest(reported - counted, toDecimal64(0, 4)) as deficit,
    greatest(counted - reported, toDecimal64(0, 4)) as surplus
from compared
