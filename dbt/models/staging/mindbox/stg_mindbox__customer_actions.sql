{{
    config(
        materialized="table", order_by=["action_kind", "customer_key", "happened_at"]
    )
}}

-- A table, unlike its neighbours: a dozen models and tests read it, and each of them
-- would collapse repeats and look up templates again.
with
    customer_actions as (select * from {{ ref("base_mindbox__customer_actions") }}),

    meant as (
        select *, {{ action_template("template", "kind") }} as kind
        from customer_actions
    )

select
    action_id,
    template as action_template,
    toLowCardinality(kind) as action_kind,
    toLowCardinality({{ action_template("template", "channel") }}) as contact_channel,
    toLowCardinality({{ action_template("template", "survey") }}) as survey,
    happened_at,
    {{ project_date("happened_at") }} as action_date,
    created_at,
    customer_key,
    brand,
    -- Where another action has its point of contact, a site visit has the source it
    -- came from.
    toLowCardinality(
        if(kind = 'site_visit', {{ visit_source("channel") }}, '')
    ) as visit_source,
    toLowCardinality(
        if(kind = 'site_visit', '', toString(channel))
    ) as contact_point_id,
    toLowCardinality(
        if(kind = 'site_visit', '', toString(channel_name))
    ) as contact_point,
    toLowCardinality(
        if(kind = 'site_visit', 'online', {{ contact_point_type("channel") }})
    ) as contact_point_type,
    utm_source,
    utm_medium,
    utm_campaign,
    utm_content,
    utm_term,
    order_id,
    product_price,
    products as action_products,
    categories as action_categories,
    balance_changes,
    survey_score
from meant
