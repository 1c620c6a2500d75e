{{
    config(
        materialized="view",
        sql_security="definer",
        definer="CURRENT_USER",
    )
}}

with
    expected_orders as (
        select * from {{ source("purchase_model", "expected_orders") }}
    ),

    purchase_models as (select * from {{ ref("mart_purchase_models") }})

select
    expected_orders.brand as brand,
    expected_orders.fitted_at as fitted_at,
    expected_orders.repeats as repeats,
    expected_orders.age_days as age_days,
    toNullable(expected_orders.orders_if_alive) as orders_if_alive
from expected_orders
where
    expected_orders.fitted_at in (select purchase_models.fitted_at from purchase_models)
