-- Mindbox restates its reports. Every day's snapshot is kept here; which of them can
-- be compared is the reconciliation's business.
with
    reports as (select * from {{ source("mindbox", "mailing_report_dynamics") }}),

    latest as (
        select *
        from reports
        order by
            taken_on,
            report_date,
            mailing_id,
            variant_num,
            _extracted_at desc,
            _content_hash
        limit 1 by taken_on, report_date, mailing_id, variant_num
    )

select
    taken_on,
    _extracted_at as taken_at,
    period_start,
    period_end,
    report_date,
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
    conversion_revenue,
    orders as attributed_orders,
    revenue as attributed_amount
from latest
