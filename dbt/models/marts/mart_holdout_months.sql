{{ config(order_by=["holdout_month", "customer_key"]) }}

with
    months as (
        select *, {{ project_day_start("month") }} as month_start_at
        from {{ ref("int_holdout_months") }}
    ),

    customer_versions as (select * from {{ ref("stg_mindbox__customer_versions") }}),

    customer_states as (
        select *
        from {{ ref("mart_customer_states") }}
        where brand = '{{ all_brands() }}'
    )

select
    months.customer_key as customer_key,
    months.month as holdout_month,
    {{
        slice_label(
            "holdout_arm",
            "multiIf(months.is_main= 1, 'main', months.is_control = 1, 'control', 'both')",
        )
    }}
    as holdout_arm,
    {{ slice_label("gender", "customer_versions.sex") }} as gender,
    {{ slice_label("age_band", "customer_versions.age_band") }} as age_band,
    {{ open_label("customer_versions.region") }} as region,
    {{ slice_label("email_domain_group", "customer_versions.email_domain_group") }}
    as email_domain_group,
    {{ open_label("customer_versions.customer_timezone") }} as customer_timezone,
    {{ customer_state_slices("customer_states") }},
    months.is_main as holdout_is_main,
    months.is_control as holdout_is_control,
    months.is_contaminated as holdout_is_contaminated,
    months.days as holdout_days,
    toUInt8(months.orders > 0) as holdout_has_order,
    months.orders as holdout_orders,
    months.revenue as holdout_revenue
from months
asof left join
    customer_versions
    on months.customer_key = customer_versions.customer_key
    and months.month_start_at >= customer_versions.valid_from
asof left join
    customer_states
    on months.customer_key = customer_states.customer_key
    and months.month > customer_states.valid_from
