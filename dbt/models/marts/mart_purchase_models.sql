{{
    config(
        materialized="view",
        sql_security="definer",
        definer="CURRENT_USER",
    )
}}

-- A view, so that a fit speaks at once and no build has to follow it; with its maker's
-- rights, since readers of the marts have none in `raw`. A fit writes its models last
-- and all at once: the newest that is here is complete.
with
    fits as (select * from {{ source("purchase_model", "purchase_models") }}),

    calendar as (select * from {{ ref("dim_date") }})

select
    fits.brand as brand,
    fits.fitted_at as fitted_at,
    fits.fitted_till as fitted_till,
    fits.valid_till as valid_till,
    fits.buyers as fitted_buyers,
    fits.why_no_model as why_no_model,
    fits.bg_nbd_r as bg_nbd_r,
    fits.bg_nbd_alpha as bg_nbd_alpha,
    fits.bg_nbd_a as bg_nbd_a,
    fits.bg_nbd_b as bg_nbd_b,
    fits.gamma_gamma_p as gamma_gamma_p,
    fits.gamma_gamma_q as gamma_gamma_q,
    fits.gamma_gamma_gamma as gamma_gamma_gamma,
    fits.most_repeats as most_repeats,
    fits.longest_age as longest_age,
    fits.test_error as test_error
from fits
where
    fits.fitted_at = (select max(fits.fitted_at) from fits)
    and fits.valid_till >= (select max(calendar.date_day) from calendar)
