-- Mindbox restates its reports, so of several pulls of one period the last one counts.
with
    reports as (select * from {{ source("mindbox", "mailing_report_summary") }}),

    latest_pulls as (
        select period_start, period_end, max(taken_on) as taken_on
        from reports
        group by period_start, period_end
    ),

    latest as (
        select reports.*
        from reports
        inner join
            latest_pulls
            on reports.period_start = latest_pulls.period_start
            and reports.period_end = latest_pulls.period_end
            and reports.taken_on = latest_pulls.taken_on
        order by
            reports.period_start,
            reports.period_end,
            reports.mailing_id,
            reports.variant_num,
            reports._extracted_at desc,
            reports._content_hash
        limit
            1 by
            reports.period_start,
            reports.period_end,
            reports.mailing_id,
            reports.variant_num
    )

select
    taken_on,
    _extracted_at as taken_at,
    period_start,
    period_end,
    mailing_id,
    variant_num as mailing_variant,
    mailing_name,
    lower(channel) as mailing_channel,
    messages_total,
    sent,
    delivered,
    opened,
    clicked,
    unsubscribed,
    spam,
    bounced,
    conversions,
    conversion_revenue
from latest
