{{ config(materialized="view") }}

-- Visits of known customers to the site, and whether they break a mailing's credit.
-- Only a visit that neither a mailing started nor the customer's own typing is
-- foreign: it takes the credit away from the mailings before it.
with arrivals as (select * from {{ ref("int_arrivals") }})

select
    action_id,
    arrived_at as visited_at,
    arrival_date as visit_date,
    customer_key,
    brand,
    visit_source,
    utm_source,
    utm_medium,
    utm_campaign,
    utm_content,
    utm_term,
    has_mailing_utm,
    follows_click,
    toUInt8(visit_source != 'direct' and is_mailing = 0) as is_foreign
from arrivals
where action_kind = 'site_visit' and customer_key != 0
