{{ config(materialized="view") }}

-- Complaints are in no export of messages: a message keeps but a request to
-- unsubscribe. What there is are the reports' counts by mailing and day of
-- participation, whoever complained and whenever.
with
    reports as (select * from {{ ref("stg_mindbox__mailing_report_dynamics") }}),

    newest as (
        select period_start, max(taken_on) as taken_on
        from reports
        group by period_start
    ),

    mailings as (select * from {{ ref("stg_mindbox__mailings") }})

select
    'spam_report' as event,
    {{ project_day_start("reports.report_date") }} as event_at,
    event_at as send_at,
    concat(
        toString(reports.report_date),
        '/',
        reports.mailing_id,
        '/',
        toString(reports.mailing_variant)
    ) as event_key,
    toUInt64(0) as customer_key,
    mailings.brand as brand,
    reports.mailing_id as mailing_id,
    reports.mailing_channel as mailing_channel,
    reports.mailing_variant as mailing_variant,
    toUInt32(assumeNotNull(reports.spam)) as is_spam_complaint
from reports
inner join
    newest
    on reports.period_start = newest.period_start
    and reports.taken_on = newest.taken_on
left join mailings on reports.mailing_id = mailings.mailing_id
where reports.spam > 0
