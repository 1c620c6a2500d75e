{{ config(order_by=["mailing_id", "mailing_variant"]) }}

-- The dictionary of mailings has no subjects, the summary report has: the template's
-- text, as the newest report of the newest month tells it.
with
    reports as (
        select *
        from {{ ref("stg_mindbox__mailing_report_summary") }}
        where message_subject != ''
    )

select
    mailing_id,
    mailing_variant,
    argMax(message_subject, (period_start, taken_at)) as mailing_subject
from reports
group by mailing_id, mailing_variant
